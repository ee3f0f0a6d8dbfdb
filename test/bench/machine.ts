/** On what the figures were measured: without it they say nothing. */
import { readFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMB: number;
  readonly arch: string;
  readonly kernel: string;
  readonly node: string;
}

export function thisMachine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryMB: Math.round(totalmem() / 2 ** 20),
    arch: arch(),
    kernel: release(),
    node: process.version,
  };
}

export interface MemoryUse {
  /** Proportional set size, MB: pages shared with other processes count in part, so it moves when those come and go. */
  readonly pssMB: number;
  /** The part of it that no file stands behind: heap, stacks, buffers. */
  readonly anonymousMB: number;
}

/** Of this process. */
export function ownMemory(): MemoryUse {
  const rollup = readFileSync("/proc/self/smaps_rollup", "utf8");
  const field = (name: string): number => {
    const kB = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1];
    if (kB === undefined) throw new Error(`/proc/self/smaps_rollup has no line ${name}`);
    return Number(kB) / 1_024;
  };
  return { pssMB: field("Pss"), anonymousMB: field("Pss_Anon") };
}
