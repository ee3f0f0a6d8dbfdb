/** Child processes of the interop run: started, read line by line, and ended by id whatever happens to us. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** After SIGTERM a child has this long before SIGKILL. */
const END_WITHIN_MS = 8_000;

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => process.exit(1));

export interface Child {
  readonly name: string;
  /** `undefined` when it could not be started. */
  readonly pid: number | undefined;
  /** Everything it wrote, both streams, newest last; bounded. */
  readonly lines: readonly string[];
  readonly isRunning: boolean;
  onLine(listener: (line: string, from: "stdout" | "stderr") => void): void;
  /** Resolves when it has ended, whoever caused it. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** SIGTERM, then SIGKILL; resolves when it has ended. */
  end(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** The same, for `await using`: no scenario leaves a child to the next one. */
  [Symbol.asyncDispose](): Promise<void>;
}

const KEPT_LINES = 4_000;

export function start(
  name: string,
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Child {
  const child = spawn(command, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  running.add(child);
  const lines: string[] = [];
  const listeners: ((line: string, from: "stdout" | "stderr") => void)[] = [];
  for (const from of ["stdout", "stderr"] as const)
    createInterface({ input: child[from] }).on("line", (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.splice(0, KEPT_LINES / 2);
      for (const listener of listeners) listener(line, from);
    });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("error", (error) => {
      lines.push(String(error));
      running.delete(child);
      resolve({ code: null, signal: null });
    });
    // "close", not "exit": everything it wrote has been read by then.
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  async function end() {
    if (!running.has(child)) return ended;
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), END_WITHIN_MS);
    const result = await ended;
    clearTimeout(late);
    return result;
  }
  return {
    name,
    pid: child.pid,
    lines,
    get isRunning() {
      return running.has(child);
    },
    onLine: (listener) => void listeners.push(listener),
    ended,
    end,
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}

/** True as soon as `condition` holds, false when the time is over or `child` has ended. */
export async function waitFor(
  condition: () => boolean,
  timeoutMs: number,
  child?: Child,
): Promise<boolean> {
  const untilMs = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > untilMs || (child !== undefined && !child.isRunning)) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}
