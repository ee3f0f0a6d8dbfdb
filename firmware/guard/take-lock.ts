/** One guard for one machine, and the one before on its way out: its fans outlast its power, and it keeps the lock as long. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { guardPid, lockGuard, OtherGuardError } from "../guard-lock.ts";

const ENDING_FILE = "guard.ending";
/** Power takes some seconds, fans 90 more (firmware/run.ts), and a hung step of it some. */
const LEAVES_WITHIN_MS = 150_000;
const LOOK_EVERY_MS = 1_000;

/** For whoever comes next: waiting for this guard is worth it. */
export function sayGuardEnds(runtimeDir: string): void {
  try {
    writeFileSync(join(runtimeDir, ENDING_FILE), `${process.pid}\n`);
  } catch {
    // Then the next one does not wait.
  }
}

/**
 * Waits for a guard that ends, as after the death of whoever started it. A lock that cannot be written (a full disk) is no
 * reason to leave a machine unguarded: `undefined`.
 */
export async function takeGuardLock(
  runtimeDir: string,
  clock: Clock,
  log: Logger,
  stopping: AbortSignal,
): Promise<Disposable | OtherGuardError | undefined> {
  const lastMs = clock.nowMs() + LEAVES_WITHIN_MS;
  for (let isFirst = true; ; isFirst = false) {
    try {
      const lock = lockGuard(runtimeDir);
      rmSync(join(runtimeDir, ENDING_FILE), { force: true });
      return lock;
    } catch (error) {
      if (!(error instanceof OtherGuardError)) {
        log.error({ err: error, runtimeDir }, "the guard's lock cannot be written");
        return undefined;
      }
      const other = guardPid(runtimeDir);
      const isLeaving = other === undefined || other === endingPid(runtimeDir);
      if (!isLeaving || stopping.aborted || clock.nowMs() >= lastMs) return error;
      if (isFirst)
        log.warn({ reason: error.message }, "it is on its way out, and its fans run on: waiting");
    }
    await clock.sleep(LOOK_EVERY_MS, stopping).catch(() => {});
  }
}

function endingPid(runtimeDir: string): number | undefined {
  try {
    return Number(readFileSync(join(runtimeDir, ENDING_FILE), "utf8"));
  } catch {
    return undefined;
  }
}
