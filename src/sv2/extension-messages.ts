/** Extension 0x0001, the negotiation of extensions. Its message types overlap those of the core. */
import { message } from "./message.ts";
import { seq0_64k, u16 } from "./wire.ts";

/** Extension id of the messages in this file. */
export const EXTENSIONS_NEGOTIATION = 0x0001;

export const RequestExtensions = message(
  "RequestExtensions",
  {
    type: 0x00,
    channel: false,
    from: "client",
    section: "ext 0x0001 §2",
    extension: EXTENSIONS_NEGOTIATION,
  },
  { requestId: u16, requestedExtensions: seq0_64k(u16) },
);

export const RequestExtensionsSuccess = message(
  "RequestExtensions.Success",
  {
    type: 0x01,
    channel: false,
    from: "server",
    section: "ext 0x0001 §2",
    extension: EXTENSIONS_NEGOTIATION,
  },
  { requestId: u16, supportedExtensions: seq0_64k(u16) },
);

export const RequestExtensionsError = message(
  "RequestExtensions.Error",
  {
    type: 0x02,
    channel: false,
    from: "server",
    section: "ext 0x0001 §2",
    extension: EXTENSIONS_NEGOTIATION,
  },
  { requestId: u16, unsupportedExtensions: seq0_64k(u16), requiredExtensions: seq0_64k(u16) },
);

export const extensionMessages = [
  RequestExtensions,
  RequestExtensionsSuccess,
  RequestExtensionsError,
] as const;
