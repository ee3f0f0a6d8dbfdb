/** The client's side of handshakes as a service: the curve arithmetic takes milliseconds, in which nothing else may wait. */
import type { Entropy } from "../ports/entropy.ts";
import type { Aead } from "./aead.ts";
import { type NoiseKeys, NxInitiator, type ServerCheck } from "./nx-handshake.ts";

/** One handshake under way. */
export interface Handshake {
  /** To be sent at once. */
  readonly act1: Uint8Array;
  /** Throws or rejects with WireError for an answer that cannot be trusted; the connection must then be closed. */
  finish(act2: Uint8Array, check: ServerCheck): NoiseKeys | Promise<NoiseKeys>;
}

export interface Handshaker {
  begin(): Handshake | Promise<Handshake>;
}

/** On the calling thread, which is blocked meanwhile: 17 to 60 ms on a PC, perhaps a second on a small ARM [?]. */
export function localHandshaker(ports: {
  readonly entropy: Pick<Entropy, "randomBytes">;
  readonly aead: Aead;
}): Handshaker {
  return { begin: () => new NxInitiator(ports) };
}
