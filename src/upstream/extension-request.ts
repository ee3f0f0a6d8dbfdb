/** What is said about extensions right after the set-up (ext 0x0001): decisions only, the connection acts. */
import type { Frame } from "../sv2/codec.ts";
import { RequestExtensions } from "../sv2/extension-messages.ts";
import { encodeMessage, type MiningProtocolMessage } from "../sv2/protocols.ts";
import { WORKER_TRACKING } from "../sv2/tlv.ts";

/** Extensions that we speak, whether or not the operator asks for them. */
const KNOWN: readonly number[] = [WORKER_TRACKING];

/** A server without extension 0x0001 says nothing: so many times the time that the connect took is waited (ext 0x0001 §4). */
const PATIENCE = [2, 5] as const;
/** A connect over a local network takes no time, an answer takes some [?]. */
const MIN_WAIT_MS = 250;

/** How long silence is borne at the `silences`-th attempt; `undefined`: do not ask this server any more. */
export function answerWithinMs(silences: number, connectMs: number): number | undefined {
  const factor = PATIENCE[silences];
  return factor === undefined ? undefined : Math.max(MIN_WAIT_MS, factor * connectMs);
}

export type NegotiationStep =
  | { readonly step: "send"; readonly frame: Frame; readonly required: readonly number[] }
  | { readonly step: "agreed"; readonly extensions: readonly number[] }
  | { readonly step: "leave"; readonly reason: string };

export class ExtensionRequest {
  #wanted: readonly number[];
  #requestId = 1;
  #hasRetried = false;

  constructor(wanted: readonly number[]) {
    this.#wanted = wanted;
  }

  get frame(): Frame {
    return encodeMessage(RequestExtensions, {
      requestId: this.#requestId,
      requestedExtensions: this.#wanted,
    });
  }

  /** What follows from a message; `undefined`: it is no answer to the request. */
  receive(message: MiningProtocolMessage): NegotiationStep | undefined {
    if (message.name === "RequestExtensions.Success") {
      if (message.requestId !== this.#requestId) return undefined;
      const supported = new Set(message.supportedExtensions);
      return { step: "agreed", extensions: this.#wanted.filter((id) => supported.has(id)) };
    }
    if (message.name !== "RequestExtensions.Error" || message.requestId !== this.#requestId)
      return undefined;
    const missing = message.requiredExtensions.filter((id) => !this.#wanted.includes(id));
    if (message.requiredExtensions.length === 0) return { step: "agreed", extensions: [] };
    const foreign = missing.filter((id) => !KNOWN.includes(id));
    if (foreign.length > 0 || this.#hasRetried) {
      const ids = (foreign.length > 0 ? foreign : message.requiredExtensions).slice(0, 8);
      const names = ids.map((id) => `0x${id.toString(16).padStart(4, "0")}`).join(", ");
      return { step: "leave", reason: `the server requires extensions that we lack: ${names}` };
    }
    this.#hasRetried = true;
    this.#requestId++;
    const refused = new Set(message.unsupportedExtensions);
    this.#wanted = [...this.#wanted.filter((id) => !refused.has(id)), ...missing];
    return { step: "send", frame: this.frame, required: missing };
  }
}

/** What is known of one pool's way with extensions, over all connections of a run. */
export class ExtensionMemory {
  #ids: readonly number[];
  #silences = 0;

  constructor(ids: readonly number[]) {
    this.#ids = ids;
  }

  /** For the next connection. */
  get wish(): { readonly ids: readonly number[]; readonly silences: number } {
    return { ids: this.#ids, silences: this.#silences };
  }

  required(ids: readonly number[]): void {
    this.#ids = [...new Set([...this.#ids, ...ids])];
  }

  silent(): void {
    this.#silences++;
  }
}
