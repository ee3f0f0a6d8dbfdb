/** Extensions of one connection: their negotiation (extension 0x0001), and worker names on shares (extension 0x0002). */
import { printable, viewOf } from "../../src/lib/bytes.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import {
  RequestExtensionsError,
  RequestExtensionsSuccess,
} from "../../src/sv2/extension-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import type { ExtensionChoice } from "./options.ts";

const NEGOTIATION = 0x0001;
export const WORKER_TRACKING = 0x0002;
const USER_IDENTITY_FIELD = 0x01;
/** ext 0x0002: UTF-8, at most 32 bytes. */
const MAX_WORKER_BYTES = 32;
const TLV_HEADER_BYTES = 5;

export class ExtensionDesk {
  readonly #choice: () => ExtensionChoice;
  #hasWorkerNames = false;

  constructor(choice: () => ExtensionChoice) {
    this.#choice = choice;
  }

  /** The answer to a request; `undefined`: silence. */
  answer(requestId: number, requested: readonly number[]): Frame | undefined {
    const choice = this.#choice();
    if (choice === "silent") return undefined;
    const known = choice === "none" ? [] : [NEGOTIATION, WORKER_TRACKING];
    const supportedExtensions = requested.filter((id) => known.includes(id));
    const required = choice === "required" ? [WORKER_TRACKING] : [];
    const requiredExtensions = required.filter((id) => !requested.includes(id));
    if (supportedExtensions.length > 0 && requiredExtensions.length === 0) {
      this.#hasWorkerNames = supportedExtensions.includes(WORKER_TRACKING);
      return encodeMessage(RequestExtensionsSuccess, { requestId, supportedExtensions });
    }
    const unsupportedExtensions = requested.filter((id) => !known.includes(id));
    const answer = { requestId, unsupportedExtensions, requiredExtensions };
    return encodeMessage(RequestExtensionsError, answer);
  }

  /** The worker that a share names behind its last field; `undefined`: none, or none that was agreed on. */
  workerOf(tail: Uint8Array): string | undefined {
    if (!this.#hasWorkerNames) return undefined;
    const name = findField(tail, WORKER_TRACKING, USER_IDENTITY_FIELD);
    if (name === undefined || name.length === 0 || name.length > MAX_WORKER_BYTES) return undefined;
    return printable(name);
  }
}

/**
 * The value of one field among type-length-value triples (SV2 §3.4.3), in whatever order they come. Numbers are
 * little-endian as everywhere, although the extension's own example shows them the other way round.
 */
export function findField(
  tail: Uint8Array,
  extension: number,
  field: number,
): Uint8Array | undefined {
  const view = viewOf(tail);
  for (let at = 0; at + TLV_HEADER_BYTES <= tail.length; ) {
    const length = view.getUint16(at + 3, true);
    const start = at + TLV_HEADER_BYTES;
    if (start + length > tail.length) return undefined;
    if (view.getUint16(at, true) === extension && view.getUint8(at + 2) === field)
      return tail.subarray(start, start + length);
    at = start + length;
  }
  return undefined;
}
