/** A bus whose every transfer takes as long as the test says, with a record of what reached the wire and when. */

import { DeviceError } from "../../../src/lib/errors.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { I2cBus } from "../../../src/ports/i2c-bus.ts";

export interface WireTransfer {
  readonly address: number;
  readonly write: readonly number[];
  readonly readLength: number;
  readonly startMs: number;
  /** Absent while it is under way. */
  endMs?: number;
}

/** What becomes of a transfer; "never" stays under way until `release`. */
export interface Fate {
  readonly takesMs: number | "never";
  readonly fails?: "nack" | "gone";
}

export class ScriptedI2cBus implements I2cBus {
  readonly path = "/dev/i2c-9";
  readonly wire: WireTransfer[] = [];
  isClosed = false;
  /** Most transfers that were ever under way at the same time. */
  mostAtOnce = 0;
  readonly #clock: Clock;
  readonly #fateOf: (transfer: WireTransfer) => Fate;
  readonly #stuck: (() => void)[] = [];
  #underWay = 0;

  constructor(clock: Clock, fateOf: (transfer: WireTransfer) => Fate = () => ({ takesMs: 1 })) {
    this.#clock = clock;
    this.#fateOf = fateOf;
  }

  async transfer(address: number, write: Uint8Array, readLength: number): Promise<Uint8Array> {
    const startMs = this.#clock.nowMs();
    const entry: WireTransfer = { address, write: [...write], readLength, startMs };
    const { takesMs, fails } = this.#fateOf(entry);
    this.wire.push(entry);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#underWay);
    if (takesMs === "never") await new Promise<void>((resolve) => this.#stuck.push(resolve));
    else await this.#clock.sleep(takesMs);
    this.#underWay--;
    entry.endMs = this.#clock.nowMs();
    if (fails !== undefined) throw new DeviceError(this.path, "transfer", fails);
    return new Uint8Array(readLength).fill(address);
  }

  /** Stuck transfers come back. */
  release(): void {
    for (const wake of this.#stuck.splice(0)) wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
  }
}
