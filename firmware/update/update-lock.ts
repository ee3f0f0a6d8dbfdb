/**
 * One update at a time, whoever started it: a file that names the process, which a dead process leaves for others to take.
 * It lies where a restart empties the folder, and says when its process began, as the numbers of processes come again.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UpdateError } from "../../src/update/update-error.ts";

/** Throws UpdateError while another one is at work. */
export function lockUpdates(file: string): Disposable {
  mkdirSync(dirname(file), { recursive: true });
  const own = `${file}.${process.pid}`;
  // A link, as it appears with all of its text in it, and only where there is none.
  writeFileSync(own, `${process.pid} ${startedAt(process.pid)}\n`, { mode: 0o644 });
  try {
    if (!isLinked(own, file)) {
      const found = readText(file);
      if (isHeld(found)) throw busy(found);
      remove(file, found, `${own}.old`);
      if (!isLinked(own, file)) throw busy(readText(file));
    }
  } finally {
    rmSync(own, { force: true });
  }
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
}

/** Calls `change` alone; `undefined` while another one is at work: another time, then. */
export function whenUnlocked<T>(file: string, change: () => T): T | undefined {
  let lock: Disposable;
  try {
    lock = lockUpdates(file);
  } catch (error) {
    if (error instanceof UpdateError && error.code === "busy") return undefined;
    throw error;
  }
  using _lock = lock;
  return change();
}

function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

/** Of two that find the same dead one, the slower one must not remove the lock of the faster one. */
function remove(file: string, dead: string, aside: string): void {
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    const found = readText(aside);
    if (found === dead) return;
    isLinked(aside, file);
    throw busy(found);
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Whether the process that wrote this lives, and not another one that was given its number later. */
function isHeld(text: string): boolean {
  const [, digits = "", started = ""] = /^(\d{1,10}) (\d+)\n$/.exec(text) ?? [];
  const pid = Number(digits);
  return pid > 0 && startedAt(pid) === started;
}

/** Clock ticks since the system's start, empty for no process: proc(5), /proc/PID/stat, field 22. */
function startedAt(pid: number): string {
  const stat = readText(`/proc/${pid}/stat`);
  // Field 2 is the program's name in parentheses, and may hold anything.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3] ?? "";
}

function readText(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    // ESRCH: a process that ends while it is looked at.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return "";
    throw error;
  }
}

function busy(text: string): UpdateError {
  return new UpdateError("busy", {
    path: "update",
    problem: `another one is at work (process ${Number.parseInt(text, 10) || "unknown"})`,
  });
}
