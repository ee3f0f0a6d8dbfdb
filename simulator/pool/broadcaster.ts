/** Tells every device of a new template, in turns short enough that a thousand of them block nobody's share for long. */
import type { Clock } from "../../src/ports/clock.ts";
import type { DeviceConnection } from "./host.ts";

/** Told in one turn: some 5 ms on two virtual processors of 2026; a rig of a few machines is told in one go. */
const TOLD_PER_TURN = 64;

export class Broadcaster implements Disposable {
  readonly #clock: Pick<Clock, "after">;
  #next: Disposable | undefined;

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** The first turn is taken at once. Who was still to be told of an earlier template only learns of the present one. */
  tell(connections: readonly DeviceConnection[]): void {
    this.#next?.[Symbol.dispose]();
    this.#next = undefined;
    this.#tellFrom(connections, 0);
  }

  [Symbol.dispose](): void {
    this.#next?.[Symbol.dispose]();
  }

  #tellFrom(connections: readonly DeviceConnection[], start: number): void {
    const end = start + TOLD_PER_TURN;
    for (const connection of connections.slice(start, end)) connection.catchUp();
    if (end < connections.length)
      this.#next = this.#clock.after(0, () => this.#tellFrom(connections, end));
  }
}
