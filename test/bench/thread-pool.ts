/** Takes libuv's thread pool away from the rest of the process, in one of two ways. */
import { execFileSync } from "node:child_process";
import { pbkdf2 } from "node:crypto";
import { close, closeSync, constants, mkdtempSync, open, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * "blocked": every thread waits inside a system call, so that whatever needs one waits for ever, while the processors are
 * free. "computing": the threads hash without a pause, and fight for the processors as well.
 */
export type ThreadPool = "idle" | "blocked" | "computing";

/** Four threads are in the pool; twice as many tasks keep it full. */
const TASKS = 8;
const ITERATIONS_PER_TASK = 4_000;

let isComputing = false;
let unblock: (() => void) | undefined;

export function setThreadPool(mode: ThreadPool): void {
  isComputing = false;
  unblock?.();
  unblock = undefined;
  if (mode === "blocked") unblock = block();
  if (mode === "computing") {
    isComputing = true;
    for (let task = 0; task < TASKS; task++) compute();
  }
}

function compute(): void {
  pbkdf2("password", "salt", ITERATIONS_PER_TASK, 64, "sha512", () => {
    if (isComputing) compute();
  });
}

/** Opening a FIFO for reading returns when somebody opens it for writing. */
function block(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "asicd-bench-"));
  const fifo = join(folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  let waiting = TASKS;
  let writer = -1;
  for (let task = 0; task < TASKS; task++) {
    open(fifo, "r", (error, fd) => {
      if (error === null) close(fd);
      if (--waiting > 0) return;
      closeSync(writer);
      rmSync(folder, { recursive: true });
    });
  }
  return () => {
    writer = openSync(fifo, constants.O_RDWR);
  };
}
