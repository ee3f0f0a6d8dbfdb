/** What the policy remembers of each board, and which of them stay off until an operator has looked. */
import { clearLatch, newBoardMemory } from "../../src/control/board-policy.ts";
import type { BoardMemory } from "../../src/control/board-policy-types.ts";
import type { LatchedBoard } from "./guard-setup.ts";

export class BoardMemories {
  readonly #memories: BoardMemory[];
  readonly #onLatched: (boards: readonly LatchedBoard[]) => void;
  #keptText: string;

  /** `left`: latched by an earlier guard. `onLatched`: which they are now, if that has changed when `tellLatched` is called. */
  constructor(
    count: number,
    left: readonly LatchedBoard[],
    onLatched: (boards: readonly LatchedBoard[]) => void,
  ) {
    this.#memories = Array.from({ length: count }, (_, index) => {
      const latched = left.find((board) => board.index === index);
      const memory = newBoardMemory();
      if (latched === undefined) return memory;
      const { rule, reason } = latched;
      return { ...memory, state: { at: "latched", rule, reason } };
    });
    this.#onLatched = onLatched;
    this.#keptText = JSON.stringify(this.latched);
  }

  of(index: number): BoardMemory {
    return this.#memories[index] as BoardMemory;
  }

  set(index: number, memory: BoardMemory): void {
    this.#memories[index] = memory;
  }

  /** A disk may take its time over it: to be called when the lines of what tripped have moved. */
  tellLatched(): void {
    const { latched } = this;
    const text = JSON.stringify(latched);
    if (text === this.#keptText) return;
    this.#keptText = text;
    this.#onLatched(latched);
  }

  get latched(): readonly LatchedBoard[] {
    return this.#memories.flatMap(({ state }, index) =>
      state.at === "latched" ? [{ index, rule: state.rule, reason: state.reason }] : [],
    );
  }

  get isAnyTripped(): boolean {
    return this.#memories.some(({ state }) => state.at === "resting" || state.at === "latched");
  }

  /** Nobody knows what an earlier guard had seen: the next trip is taken for a second one. */
  tripCountsTwice(nowMs: number): void {
    for (const [index, memory] of this.#memories.entries())
      this.#memories[index] = { ...memory, lastTripMs: nowMs };
  }

  /** Returns what had been latched; null: all boards. */
  clear(chain: number | null): readonly LatchedBoard[] {
    const cleared = this.latched.filter(({ index }) => chain === null || chain === index);
    for (const { index } of cleared) this.#memories[index] = clearLatch(this.of(index));
    return cleared;
  }
}
