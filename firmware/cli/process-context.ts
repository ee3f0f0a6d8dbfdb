/** Joins a command to its process: streams, signals, bugs that nobody caught, and an end that always comes. */
import { type CommandContext, exitCodes } from "./command.ts";
import { errorText } from "./program.ts";

export interface ProcessContext extends CommandContext {
  /** Lets the process end with this code; a handle that is left open is named and does not keep it alive. */
  end(exitCode: number): void;
}

/** After the command is done, open handles get this long to close. */
const LINGER_MS = 3_000;
/**
 * Signals this close together are one: under npx or npm run, Ctrl-C comes from the terminal and again from npm, and
 * must not end the program before it has told the chips to stop.
 */
const SAME_SIGNAL_MS = 500;
/** After a bug, hashing gets this long to be stopped in good order. */
const FAIL_WITHIN_MS = 5_000;
/** What a write meets when its reader has gone: a closed pipe, a closed terminal. */
const READER_GONE = new Set(["EPIPE", "EIO", "ERR_STREAM_DESTROYED"]);

/** Takes over the signals and the error hooks of this process; call it once. */
export function processContext(): ProcessContext {
  const abort = new AbortController();
  let failed = false;
  let hasBug = false;
  let resultsWritten = false;
  let outputGone = false;

  let askedAtMs = Number.POSITIVE_INFINITY;
  function endInGoodOrder(signal: NodeJS.Signals): void {
    abort.abort();
    const nowMs = performance.now();
    // The second signal means now. 128 + number is what a shell reports for a process that a signal ended.
    if (nowMs - askedAtMs > SAME_SIGNAL_MS) process.exit(signal === "SIGINT" ? 130 : 143);
    askedAtMs = Math.min(askedAtMs, nowMs);
  }
  process.on("SIGINT", endInGoodOrder);
  process.on("SIGTERM", endInGoodOrder);
  process.on("SIGHUP", endInGoodOrder);

  /** Also when the command has ended before with another code. */
  function markFailed(): void {
    failed = true;
    process.exitCode = exitCodes.failed;
  }

  function fail(error: unknown): void {
    process.stderr.write(`asicd: internal error: ${errorText(error, true)}\n`);
    if (hasBug) process.exit(exitCodes.failed);
    hasBug = true;
    markFailed();
    setTimeout(() => process.exit(exitCodes.failed), FAIL_WITHIN_MS).unref();
    abort.abort();
  }
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);

  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (!outputGone && !READER_GONE.has(error.code ?? "")) {
      process.stderr.write(`asicd: cannot write the result: ${errorText(error, false)}\n`);
      markFailed();
    }
    outputGone = true;
    // Who asked for results has left. A daemon that only logs goes on: losing its log is no reason to stop mining.
    if (resultsWritten) abort.abort();
  });
  process.stderr.on("error", () => {
    // Nobody is left to tell.
  });

  return {
    stdout(text) {
      resultsWritten = true;
      if (!outputGone) process.stdout.write(text);
    },
    stderr: (text) => void process.stderr.write(text),
    isTerminal: process.stdout.isTTY === true,
    terminalSize: () => ({
      columns: process.stdout.columns || 80,
      rows: process.stdout.rows || 24,
    }),
    signal: abort.signal,
    env: process.env,
    end(exitCode) {
      process.exitCode = failed ? exitCodes.failed : exitCode;
      setTimeout(() => {
        const open = process.getActiveResourcesInfo().join(", ");
        process.stderr.write(`asicd: ended although these were still open: ${open}\n`);
        process.exit();
      }, LINGER_MS).unref();
    },
  };
}
