/** Looks at the memory of every process of a machine, again and again. */
import { memoryOf } from "../../bench/machine.ts";
import type { MemorySample } from "./judge.ts";
import { type ProcessTree, type ProgramName, programs } from "./process-tree.ts";

const EVERY_MS = 10_000;

export interface MemoryWatch extends Disposable {
  readonly samples: ReadonlyMap<ProgramName, readonly MemorySample[]>;
  /** Rejects when one of the processes is gone. */
  readonly lost: Promise<never>;
}

/** After each look `onLook` is told when it was, and what each process took, MB of PSS. */
export function watchMemory(
  pids: ProcessTree,
  onLook: (atS: number, pssMB: readonly (readonly [ProgramName, number])[]) => void,
): MemoryWatch {
  const samples = new Map(programs.map((program) => [program, [] as MemorySample[]]));
  const startedMs = performance.now();
  let lose: (error: Error) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    lose = reject;
  });
  // Whoever waits for it hears of it; nobody has to.
  lost.catch(() => {});
  const look = () => {
    const atS = (performance.now() - startedMs) / 1_000;
    for (const program of programs) {
      try {
        samples.get(program)?.push({ atS, ...memoryOf(pids[program]) });
      } catch {
        clearInterval(timer);
        return lose(new Error(`the ${program} process died after ${Math.round(atS)} s`));
      }
    }
    onLook(
      atS,
      programs.map((program) => [program, samples.get(program)?.at(-1)?.pssMB ?? 0]),
    );
  };
  const timer = setInterval(look, EVERY_MS);
  look();
  return {
    samples,
    lost,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
