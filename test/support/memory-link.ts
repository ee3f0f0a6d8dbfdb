/** Both ends of a guard's channel to its miner in one process, under virtual time. */
import type { Link } from "../../src/control/guard-link.ts";
import { Signal } from "../../src/lib/signal.ts";
import type { Clock } from "../../src/ports/clock.ts";

export interface MemoryLink<Down, Up> {
  readonly upper: Link<Down, Up>;
  readonly lower: Link<Up, Down>;
  /** The lower side is frozen: what is on its way waits, in both directions. */
  freeze(isFrozen: boolean): void;
  /** Either side is gone. */
  close(): void;
}

export function memoryLink<Down, Up>(clock: Clock): MemoryLink<Down, Up> {
  const toUpper = new Signal<Up>();
  const toLower = new Signal<Down>();
  const closed = new Signal<undefined>();
  let isClosed = false;
  let isFrozen = false;
  let held: (() => void)[] = [];
  const deliver = (run: () => void) => {
    if (isClosed) return;
    if (isFrozen) held.push(run);
    else clock.after(0, () => !isClosed && run());
  };
  return {
    upper: {
      send: (message) => deliver(() => toLower.emit(message)),
      onMessage: (listener) => toUpper.on(listener),
      onClosed: (listener) => closed.on(listener),
    },
    lower: {
      send: (message) => deliver(() => toUpper.emit(message)),
      onMessage: (listener) => toLower.on(listener),
      onClosed: (listener) => closed.on(listener),
    },
    freeze(frozen) {
      isFrozen = frozen;
      if (frozen) return;
      const waiting = held;
      held = [];
      for (const run of waiting) clock.after(0, () => !isClosed && run());
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      closed.emit(undefined);
    },
  };
}
