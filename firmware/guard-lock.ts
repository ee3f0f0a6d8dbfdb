/** One guard for one machine: buses and lines of Linux may be opened by several, so that guards must keep each other out. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILE = "guard.pid";

export class OtherGuardError extends Error {
  constructor(pid: number) {
    super(`another guard drives this machine (process ${pid})`);
    this.name = "OtherGuardError";
  }
}

/**
 * Takes the machine for this process. Throws OtherGuardError while another guard lives, the system's error when the lock
 * cannot be written. What a guard that died has left is taken over.
 */
export function lockGuard(runtimeDir: string): Disposable {
  mkdirSync(runtimeDir, { recursive: true });
  const path = join(runtimeDir, FILE);
  for (let attempt = 1; ; attempt++) {
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: "wx" });
      return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
    } catch (error) {
      if (!isExisting(error)) throw error;
      const pid = pidIn(path);
      if (isGuard(pid)) throw new OtherGuardError(pid);
      // Two that find the same dead one: the second attempt lets only one of them through.
      if (attempt === 2) throw new OtherGuardError(pid);
      rmSync(path, { force: true });
    }
  }
}

/** Of the guard that drives this machine; `undefined` when none does. */
export function guardPid(runtimeDir: string): number | undefined {
  const pid = pidIn(join(runtimeDir, FILE));
  return isGuard(pid) ? pid : undefined;
}

function pidIn(path: string): number {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    // It has just been given back.
    return Number.NaN;
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

/** Pids come round again: a process of that number counts only if it is one of ours. */
function isGuard(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    return /guard\.js/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  } catch {
    return false;
  }
}
