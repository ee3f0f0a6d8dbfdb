/** Memory of a process and of all that it started, as Linux divides it among those that share it. */
import { readdirSync, readFileSync } from "node:fs";

export interface FamilyMemory {
  readonly processes: number;
  readonly pssKb: number;
}

/** Of now. Processes that end meanwhile count nothing. */
export function familyMemory(pid: number): FamilyMemory {
  const parents = new Map(
    readdirSync("/proc")
      .filter(isNumber)
      .map((id) => [Number(id), parentOf(id)]),
  );
  const family = [...parents.keys()].filter((id) => descendsFrom(id, pid, parents));
  const sizes = family.map(pssKbOf).filter((kb) => kb > 0);
  return { processes: sizes.length, pssKb: sizes.reduce((sum, kb) => sum + kb, 0) };
}

function descendsFrom(id: number, ancestor: number, parents: ReadonlyMap<number, number>): boolean {
  for (let at: number | undefined = id; at !== undefined && at > 0; at = parents.get(at))
    if (at === ancestor) return true;
  return false;
}

/** The fourth field of stat; the second, in brackets, may hold anything. */
function parentOf(id: string): number {
  const stat = read(`/proc/${id}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
}

function pssKbOf(id: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${id}/smaps_rollup`))?.[1] ?? 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function isNumber(name: string): boolean {
  return /^\d+$/.test(name);
}
