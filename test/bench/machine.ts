/** On what the figures were measured: without it they say nothing. */
import { readdirSync, readFileSync } from "node:fs";
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

/** Of this process, or of another one of the same user. */
export function memoryOf(pid: number | "self" = "self"): MemoryUse {
  const path = `/proc/${pid}/smaps_rollup`;
  const rollup = readFileSync(path, "utf8");
  const field = (name: string): number => {
    const kB = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1];
    if (kB === undefined) throw new Error(`${path} has no line ${name}`);
    return Number(kB) / 1_024;
  };
  return { pssMB: field("Pss"), anonymousMB: field("Pss_Anon") };
}

/** Linux counts processor time in hundredths of a second, whatever the kernel's own tick (USER_HZ). */
const MS_PER_CLOCK_TICK = 10;

/** What all its threads have run, in the kernel and outside, ms. Throws when it is gone. */
export function processorMsOf(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_CLOCK_TICK;
}

/** Processes that were started by this one and live. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((other) => {
      try {
        return other > 0 && Number(statOf(other)[1]) === pid;
      } catch {
        // It has ended since the folder was read.
        return false;
      }
    });
}

export function commandLineOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
}

/** From the third field on: the second is a name in brackets, with any characters inside. */
function statOf(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
