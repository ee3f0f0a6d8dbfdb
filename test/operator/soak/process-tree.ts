/** The processes of one `asicd simulate`, by what they are. */
import { readdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { basename } from "node:path";
import { childrenOf, commandLineOf } from "../../bench/machine.ts";

export const programs = ["supervisor", "guard", "miner", "operator", "world"] as const;
export type ProgramName = (typeof programs)[number];
export type ProcessTree = Readonly<Record<ProgramName, number>>;

/** Main files, as the build calls them. */
const FILES: Readonly<Record<string, ProgramName>> = {
  "simulated-guard.js": "guard",
  "simulated-miner.js": "miner",
  "operator.js": "operator",
  "world.js": "world",
};

/** Throws Error when one of them is not there. */
export function processTreeOf(supervisor: number): ProcessTree {
  const pids: Partial<Record<ProgramName, number>> = { supervisor };
  const look = (parent: number) => {
    for (const pid of childrenOf(parent)) {
      const program = commandLineOf(pid)
        .map((word) => FILES[basename(word)])
        .find((name) => name !== undefined);
      if (program !== undefined) pids[program] = pid;
      look(pid);
    }
  };
  look(supervisor);
  const missing = programs.filter((program) => pids[program] === undefined);
  if (missing.length > 0) throw new Error(`asicd runs without ${missing.join(", ")}`);
  return pids as Record<ProgramName, number>;
}

/** All processes of the machine alike; the world's hashing behind them, and before what else this computer does. */
const MACHINE_NICENESS = -10;
const HASHING_NICENESS = -5;
/** With it the hashing threads begin. */
const LOWEST_PRIORITY = 19;

/**
 * Whatever else runs here is not on the machine that is measured. Hashing threads hold locks that the world's main thread
 * needs for its buses, so that they must not starve. Without the right to do so, everybody takes turns.
 */
export function raise(tree: ProcessTree): void {
  for (const pid of Object.values(tree))
    for (const thread of threadsOf(pid)) {
      try {
        const isHashing = getPriority(thread) === LOWEST_PRIORITY;
        setPriority(thread, isHashing ? HASHING_NICENESS : MACHINE_NICENESS);
      } catch {
        // It has ended, or we may not: the figures say what comes of it.
      }
    }
}

/** The same for the thread that asks for it. */
export function raiseOwn(): void {
  try {
    setPriority(MACHINE_NICENESS);
  } catch {
    // Then it takes turns with everybody, as the machine does.
  }
}

function threadsOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).map(Number);
}
