/** One guard for one machine: buses and lines of Linux may be opened by several, so that guards must keep each other out. */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

const FILE = "guard.pid";
/** Each fails only when a lock was given back or taken in the microseconds before; a dangling link fails all of them. */
const ATTEMPTS = 20;

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
  return take(join(runtimeDir, FILE));
}

/** Of the guard that drives this machine; `undefined` when none does. */
export function guardPid(runtimeDir: string): number | undefined {
  try {
    const holder = holderOf(join(runtimeDir, FILE));
    return holder !== undefined && isGuard(holder.pid) ? holder.pid : undefined;
  } catch {
    return undefined;
  }
}

/** The name appears together with the pid in it: nobody ever reads a lock that is being written. */
function take(path: string): Disposable {
  // Before anything is written, so that a full disk lets no second guard through.
  refuseWhileHeld(path);
  const mine = `${path}.${process.pid}`;
  try {
    writePid(mine);
    if (!linked(mine, path)) takeOver(path, mine);
  } finally {
    rmSync(mine, { force: true });
  }
  return {
    [Symbol.dispose]: () => {
      if (holderOf(path)?.pid === process.pid) rmSync(path, { force: true });
    },
  };
}

/**
 * Of several that find the same dead one, those that come late would remove the lock of the first. So only who holds the
 * turn replaces a lock, and judges it again before; who is refused the turn leaves the machine to its holder. A turn that a
 * dead one has left is taken over in the same way, under a turn of its own.
 */
function takeOver(path: string, mine: string): void {
  using _turn = take(`${path}.turn`);
  for (let attempt = 1; !linked(mine, path); attempt++) {
    if (attempt === ATTEMPTS) throw new Error(`${path}: is there and cannot be read`);
    refuseWhileHeld(path);
    const dead = holderOf(path);
    // It may have been given back and taken again while it was judged. A dead one changes nothing after this.
    if (dead === undefined || isGuard(dead.pid) || holderOf(path)?.text !== dead.text) continue;
    renameSync(mine, path);
    return;
  }
}

/** False where the name is there already. */
function linked(mine: string, path: string): boolean {
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function writePid(path: string): void {
  // Left by a dead process of our number, it may still be a second name of a lock.
  rmSync(path, { force: true });
  const file = openSync(path, "wx", 0o644);
  try {
    writeSync(file, `${process.pid}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function refuseWhileHeld(path: string): void {
  const holder = holderOf(path);
  if (holder !== undefined && isGuard(holder.pid)) throw new OtherGuardError(holder.pid);
}

interface Holder {
  readonly text: string;
  /** NaN for what is no pid. */
  readonly pid: number;
}

function holderOf(path: string): Holder | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return { text, pid: Number(text) };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
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
