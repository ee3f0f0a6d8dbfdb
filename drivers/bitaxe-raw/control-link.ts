/** Requests and replies on a bitaxe-raw control port: one at a time, each with a deadline, back in step after a loss. */
import { concatBytes } from "../../src/lib/bytes.ts";
import { DeviceError, type DeviceErrorCode } from "../../src/lib/errors.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Uart } from "../../src/ports/uart.ts";
import {
  type ControlProtocol,
  type ControlReply,
  type ControlRequest,
  encodeRequest,
  findReply,
  ID_OF_UNPARSED,
} from "./control-frames.ts";

export type LinkClock = Pick<Clock, "after" | "nowMs" | "sleep">;

/** Owns the UART from now on: disposing of the link closes it. */
export class ControlLink implements AsyncDisposable {
  readonly path: string;
  readonly #uart: Uart;
  readonly #clock: LinkClock;
  readonly #listeners: readonly Disposable[];
  #held: Uint8Array = new Uint8Array();
  /** The last byte, or the last failure: what is late may come after it. */
  #quietSinceMs: number;
  #nextId = 0;
  /** Bytes of earlier requests may come yet: those of whoever had the port before, at first. */
  #isOutOfStep = true;
  #goneBecause: DeviceError | undefined;
  #pending: Pending | undefined;
  /** Settles with the last request; it never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(uart: Uart, clock: LinkClock) {
    this.path = uart.path;
    this.#uart = uart;
    this.#clock = clock;
    this.#quietSinceMs = clock.nowMs();
    this.#listeners = [
      uart.onReceive((chunk) => this.#receive(chunk)),
      uart.onGone((reason) => this.#end(reason)),
    ];
  }

  /**
   * Sends in turn. Rejects with DeviceError: "timeout" without a reply, "crc" for nonsense, "gone"; what the device
   * itself complains about is a value.
   */
  request(
    protocol: ControlProtocol,
    operation: string,
    request: ControlRequest,
  ): Promise<ControlReply> {
    const reply = this.#last.then(() => this.#exchange(protocol, operation, request));
    this.#last = reply.catch(() => {});
    return reply;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(new DeviceError(this.path, "use", "gone", { detail: "closed" }));
    for (const listener of this.#listeners) listener[Symbol.dispose]();
    await this.#uart[Symbol.asyncDispose]();
  }

  async #exchange(
    protocol: ControlProtocol,
    operation: string,
    request: ControlRequest,
  ): Promise<ControlReply> {
    if (this.#isOutOfStep) await this.#fallIntoStep();
    if (this.#goneBecause !== undefined) throw this.#goneBecause;
    this.#held = new Uint8Array();
    const id = this.#takeId();
    const fail = (code: DeviceErrorCode, detail: string) => {
      this.#isOutOfStep = true;
      this.#quietSinceMs = this.#clock.nowMs();
      this.#settle({ failure: new DeviceError(this.path, operation, code, { detail }) });
    };
    const deadline = this.#clock.after(REPLY_WITHIN_MS, () =>
      fail("timeout", `no reply in ${REPLY_WITHIN_MS} ms`),
    );
    const outcome = new Promise<Outcome>((resolve) => {
      this.#pending = { protocol, id, request, resolve, fail };
    });
    try {
      this.#uart.send(encodeRequest(id, request));
      const settled = await outcome;
      if ("failure" in settled) throw settled.failure;
      return settled.reply;
    } finally {
      deadline[Symbol.dispose]();
    }
  }

  #receive(chunk: Uint8Array): void {
    this.#quietSinceMs = this.#clock.nowMs();
    // Nobody asked: late replies, or noise.
    if (this.#pending === undefined) return;
    this.#held = concatBytes(this.#held, chunk);
    while (this.#pending !== undefined && this.#takeReply(this.#pending));
  }

  /** Whether there may be more to find. */
  #takeReply({ protocol, id, request, fail }: Pending): boolean {
    const found = findReply(protocol, this.#held, id, request.replyLengths);
    switch (found.found) {
      case "nothing yet":
        return false;
      case "another id":
        this.#held = this.#held.subarray(found.length);
        return true;
      case "nonsense":
        fail("crc", "what came is no reply");
        return false;
      case "reply":
        this.#settle({ reply: found.reply });
        return false;
      default:
        return found satisfies never;
    }
  }

  #settle(outcome: Outcome): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.resolve(outcome);
  }

  #end(reason: DeviceError): void {
    this.#goneBecause ??= reason;
    this.#settle({ failure: this.#goneBecause });
  }

  /** Lets everything of the past arrive and drops it. The device forgets half a request after 4 ms of silence [D]. */
  async #fallIntoStep(): Promise<void> {
    const giveUpMs = this.#clock.nowMs() + BABBLE_FOR_MS;
    for (;;) {
      const nowMs = this.#clock.nowMs();
      const quietMs = nowMs - this.#quietSinceMs;
      if (quietMs >= QUIET_MS || nowMs >= giveUpMs || this.#goneBecause !== undefined) break;
      await this.#clock.sleep(Math.min(QUIET_MS - quietMs, giveUpMs - nowMs));
    }
    this.#isOutOfStep = false;
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId = (id + 1) % ID_OF_UNPARSED;
    return id;
  }
}

type Outcome = { readonly reply: ControlReply } | { readonly failure: DeviceError };

interface Pending {
  readonly protocol: ControlProtocol;
  readonly id: number;
  readonly request: ControlRequest;
  readonly resolve: (outcome: Outcome) => void;
  readonly fail: (code: DeviceErrorCode, detail: string) => void;
}

/** The longest I²C transfer takes 25 ms at 100 kHz; a shipping driver waits a second [D], which is too long for us. */
const REPLY_WITHIN_MS = 200;
/** Without a byte for this long, nothing of the past is under way any more; ours. */
const QUIET_MS = 20;
/** A device that never falls silent is asked all the same; ours. */
const BABBLE_FOR_MS = 100;
