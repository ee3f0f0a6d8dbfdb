/** A running `asicd simulate`: its processes by name, and what its world's own record says of power, chips and shares. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Report } from "../../firmware/cli/report.ts";
import type { WorldEntry } from "../../simulator/plant/world-record.ts";
import type { ShareEntry } from "../../simulator/world.ts";

export type RecordLine = WorldEntry | ShareEntry;

/** Disposed of, it is gone with everything that it started. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with exit code or signal. */
  ended(): Promise<number | string>;
}

export function startProgram(...args: readonly string[]): Program {
  const child = spawn(process.execPath, ["dist/asicd.js", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("asicd cannot be started");
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text: Buffer) => {
    stdout += text.toString();
  });
  child.stderr.on("data", (text: Buffer) => {
    stderr += text.toString();
  });
  return {
    pid,
    stdout: () => stdout,
    stderr: () => stderr,
    async ended() {
      if (isRunning(child)) await once(child, "close");
      return child.exitCode ?? child.signalCode ?? "unknown";
    },
    async [Symbol.asyncDispose]() {
      // Its own number could be another's once it has ended; what it started ends with it.
      const tree = isRunning(child) ? [pid, ...descendantsOf(pid)] : [];
      for (const one of tree) kill(one, "SIGKILL");
      await until("the programs of the test have ended", () => tree.every((one) => !isAlive(one)));
    },
  };
}

export interface Simulation extends Program {
  readonly stateDir: string;
  readonly record: () => readonly RecordLine[];
  /** Of a process by its program's name, e.g. "simulated-guard"; `undefined` while there is none. */
  pidOf(program: string): number | undefined;
  pidsOf(program: string): readonly number[];
  /** Same, and throws. */
  mustHave(program: string): number;
  /** Fails with what the program said last. */
  until(what: string, isSo: () => boolean, withinMs?: number): Promise<number>;
  /** Every chain is hashing, by the record. */
  allHash(withinMs?: number): Promise<number>;
  /** Any chip, by the record. */
  hashes(): boolean;
  /** Any board, by the record. */
  hasPower(): boolean;
  /** When it last changed for any chain, Unix ms. */
  lastMs(what: "power" | "hashing"): number;
  /** So many shares were accepted by the pool after this moment. */
  sharesSince(unixMs: number): number;
  /** Resolves with when the last board lost its power, Unix ms, and how late this process came meanwhile. */
  powerOff(withinMs: number): Promise<{ readonly offMs: number; readonly lateMs: number }>;
  /** What it wrote when it ended. */
  report(): Report;
  /** SIGTERM, exit code 0, and the report. */
  end(): Promise<Report>;
}

export function simulate(board: string, chains: number, args: readonly string[]): Simulation {
  const folder = mkdtempSync(join(tmpdir(), "asicd-test-"));
  const [recordFile, stateDir] = [join(folder, "record.jsonl"), join(folder, "state")];
  const program = startProgram(
    ...["simulate", "--board", board, "--json", "--workers", "1"],
    ...["--record", recordFile, "--state-dir", stateDir],
    // Many of these run beside each other, and few are about the page.
    ...(args.includes("--page") ? [] : ["--page", "off"]),
    ...args,
  );
  const record = () => readRecord(recordFile);
  const waitFor = async (what: string, isSo: () => boolean, withinMs = 30_000) => {
    return await until(what, isSo, withinMs).catch((error: Error) => {
      const lines = program.stderr().split("\n").slice(-25).join("\n");
      throw new Error(`${board}: ${error.message}\n${lines}`);
    });
  };
  // A miner that should end with its guard and does not is nobody's child any more.
  const seen = new Map<number, string>();
  const pidsOf = (name: string) => {
    const tree = descendantsOf(program.pid);
    for (const pid of tree) seen.set(pid, commandLineOf(pid));
    return tree.filter((pid) => isAlive(pid) && programOf(pid) === name);
  };
  const pidOf = (name: string) => pidsOf(name)[0];
  const report = () => JSON.parse(program.stdout()) as Report;
  const lastMs = (kind: "power" | "hashing") =>
    record().reduce(
      (last, line) => (line.what === kind && line.chain !== null ? line.unixMs : last),
      0,
    );
  return {
    ...program,
    stateDir,
    record,
    pidOf,
    pidsOf,
    mustHave(name) {
      const pid = pidOf(name);
      if (pid === undefined) throw new Error(`${board}: no ${name} is running`);
      return pid;
    },
    until: waitFor,
    allHash: (withinMs = 90_000) =>
      waitFor("all chains hash", () => stateOf(record(), "hashing").size === chains, withinMs),
    hashes: () => stateOf(record(), "hashing").size > 0,
    hasPower: () => stateOf(record(), "power").size > 0,
    lastMs,
    sharesSince: (unixMs) =>
      record().filter((line) => line.what === "share" && line.accepted && line.unixMs > unixMs)
        .length,
    async powerOff(withinMs) {
      const isOff = () => stateOf(record(), "power").size === 0;
      const lateMs = await waitFor("no board has power", isOff, withinMs);
      return { offMs: lastMs("power"), lateMs };
    },
    report,
    async end() {
      kill(program.pid, "SIGTERM");
      const how = await program.ended();
      if (how !== 0) throw new Error(`${board} ended with ${how}:\n${program.stderr()}`);
      return report();
    },
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      for (const [pid, line] of seen)
        if (line.includes("asicd-") && commandLineOf(pid) === line) kill(pid, "SIGKILL");
      rmSync(folder, { recursive: true });
    },
  };
}

/** Chains of which it is so, by the last line about each. */
export function stateOf(
  record: readonly RecordLine[],
  what: "power" | "hashing",
): ReadonlySet<number> {
  const chains = new Set<number>();
  for (const line of record) {
    if (line.what !== what || line.chain === null) continue;
    if (line.on) chains.add(line.chain);
    else chains.delete(line.chain);
  }
  return chains;
}

/** The last line may still be in the writing. */
export function readRecord(file: string): readonly RecordLine[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as RecordLine);
}

/** Why the pool refused shares, but for those that met a new block on their way: another process found that at the same moment. */
export function refusals({ pool }: Report): readonly string[] {
  return Object.keys(pool.rejectedByReason).filter((reason) => reason !== "stale-share");
}

/** Runs so many at a time: hashing is real, and the machines that test this have two cores. */
export function turns(atATime: number): <T>(run: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = atATime;
  return async (run) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}

/** Throws nothing when it is gone. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/** Resolves to how late this process itself came in all, ms: on a busy machine so do those that are watched. */
export async function until(what: string, isSo: () => boolean, withinMs = 10_000): Promise<number> {
  const endMs = Date.now() + withinMs;
  let lateMs = 0;
  while (!isSo()) {
    const sinceMs = Date.now();
    if (sinceMs > endMs) throw new Error(`not within ${withinMs / 1_000} s: ${what}`);
    await pause(LOOK_MS);
    lateMs += Math.max(0, Date.now() - sinceMs - LOOK_MS - USUAL_LATENESS_MS);
  }
  return lateMs;
}

const LOOK_MS = 20;
const USUAL_LATENESS_MS = 5;

export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** Not of zombies. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Children, theirs, and so on. */
export function descendantsOf(pid: number): readonly number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8")
        .split(" ")
        .filter(Boolean)
        .map(Number),
    );
  } catch {
    return [];
  }
}

/** Its script without folder and ending. */
function programOf(pid: number): string {
  const script = commandLineOf(pid)
    .split("\0")
    .find((word) => word.endsWith(".js"));
  return script === undefined ? "" : basename(script, ".js");
}

/** Empty when it is gone. Those of guard and miner name a folder that no other run has. */
function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
