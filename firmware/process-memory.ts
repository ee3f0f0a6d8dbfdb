/** What keeps the processes small on a board with 256 MB: the settings of V8 and of malloc, and who gets which. */
import { setFlagsFromString } from "node:v8";

/**
 * Measured on x64 with 20 pages, 20 pollers and three boards, PSS after ten minutes without and with all of this: guard 25
 * and 17 MB, miner 43 and 26, supervisor 42 and 24, operator 53 and 37 (part of the last two are smaller sources).
 *
 * Left out: limits of the heap (they kill a healthy process), --lite-mode and --jitless (the hot path), V8 on one thread (an
 * empty Node is no smaller) and malloc's thresholds for the other programs (no gain).
 */

/** Given while the program runs: alike under node and in a single-file executable, and at its start V8 takes no growth below 2. */
const HEAP_FLAGS = [
  // Else the young generation grows from 1 MB up to 3 × 16 MB and keeps it.
  "--semi-space-growth-factor=1",
  // The old generation is collected when it has grown by a third, not by a whole 8 MB or to four times what lives.
  "--optimize-for-size",
] as const;

/** glibc gives each thread a heap of its own, and what is free in it stays: 7 of the miner's 31 MB. musl has none of this. */
const ONE_HEAP = { MALLOC_ARENA_MAX: "1" } as const;
/** Node 20.11, the newest for armv7, would use io_uring: a kernel thread that spins, with rights that the program has dropped (CVE-2024-22017). */
const NO_IO_URING = { UV_USE_IO_URING: "0" } as const;
/** Node starts four threads for compiling and collecting; a board has one or two cores. As much as one heap, where there is none. */
const ONE_WORKER = "--v8-pool-size=1";
/**
 * Each thread that ever worked on a password would keep the 16 MB that this took: glibc gives back only what it mapped.
 * Measured with 20 pages and 20 pollers: 66 MB instead of 137.
 */
const PASSWORDS = { MALLOC_MMAP_THRESHOLD_: "1048576" } as const;

/** The first act of every program, and of every thread: for a new one V8 sets the growth of them all back. */
export function keepHeapSmall(): void {
  for (const flag of HEAP_FLAGS) setFlagsFromString(flag);
}

/**
 * The environment of a program that is started; what it starts inherits it. Not for the simulated world: its sensors would
 * wait for one heap with hashing threads of low priority.
 */
export function thriftyEnvironment(
  own: NodeJS.ProcessEnv,
  program?: "operator",
): Record<string, string | undefined> {
  const options = own["NODE_OPTIONS"] ?? "";
  return {
    ...ONE_HEAP,
    ...NO_IO_URING,
    ...(program === "operator" ? PASSWORDS : {}),
    // Whoever set something else had a reason.
    ...own,
    NODE_OPTIONS: options.includes("--v8-pool-size") ? options : `${options} ${ONE_WORKER}`.trim(),
  };
}
