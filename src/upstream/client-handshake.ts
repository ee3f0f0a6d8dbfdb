/** The client's part of the handshake on one stream: act 1 out, act 2 in whatever pieces, then keys (SV2 §4.5). */
import { concatBytes } from "../lib/bytes.ts";
import { WireError } from "../lib/errors.ts";
import type { Handshake, Handshaker } from "../noise/handshaker.ts";
import { ACT2_BYTES, type NoiseKeys, type ServerCheck } from "../noise/nx-handshake.ts";

/** A server has nothing to say before it is asked; what comes too early waits for the keys, up to so much. */
const MAX_EARLY_BYTES = 65_536;

export interface HandshakeEvents {
  write(bytes: Uint8Array): void;
  /** What is known of the server, at the moment in which its certificate is looked at. */
  check(): ServerCheck;
  /** `rest`: what followed act 2. */
  onKeys(keys: NoiseKeys, rest: Uint8Array): void;
  /** WireError for what the server did; anything else is ours. */
  onFailed(error: unknown): void;
}

/** The arithmetic may be done elsewhere, so that keys come later than the last byte of act 2. */
export class ClientHandshake {
  readonly #events: HandshakeEvents;
  readonly #received: Uint8Array[] = [];
  #receivedBytes = 0;
  #handshake: Handshake | undefined;
  #isFinishing = false;

  constructor(events: HandshakeEvents) {
    this.#events = events;
  }

  /** The answer may come before it returns. */
  start(handshaker: Handshaker): void {
    this.#after(
      () => handshaker.begin(),
      (handshake) => {
        this.#handshake = handshake;
        this.#events.write(handshake.act1);
        this.#finish();
      },
    );
  }

  /** Borrowed bytes. */
  receive(chunk: Uint8Array): void {
    this.#received.push(chunk.slice());
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes > ACT2_BYTES + MAX_EARLY_BYTES)
      throw new WireError("handshake", "the server talks before it is asked", {
        section: "SV2 §4.6",
      });
    this.#finish();
  }

  #finish(): void {
    const handshake = this.#handshake;
    if (handshake === undefined || this.#isFinishing || this.#receivedBytes < ACT2_BYTES) return;
    this.#isFinishing = true;
    const act2 = concatBytes(...this.#received).subarray(0, ACT2_BYTES);
    this.#after(
      () => handshake.finish(act2, this.#events.check()),
      (keys) => {
        const all = concatBytes(...this.#received.splice(0));
        this.#events.onKeys(keys, all.subarray(ACT2_BYTES));
      },
    );
  }

  /** On this thread at once, in the tick in which the bytes came; from elsewhere when it arrives. */
  #after<T>(work: () => T | Promise<T>, then: (result: T) => void): void {
    try {
      const result = work();
      if (result instanceof Promise) result.then(then, (error) => this.#events.onFailed(error));
      else then(result);
    } catch (error) {
      this.#events.onFailed(error);
    }
  }
}
