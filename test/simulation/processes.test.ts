/** The real program, real processes, real PTYs and sockets: killed at awkward moments, it neither hangs nor miscounts. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import type { Report } from "../../firmware/cli/report.ts";
import { refusals } from "./process-rig.ts";

/** One chip at a low clock that reports often: hashing within two seconds, shares within three. */
const FAST = [
  ...["--chip", "BM1370", "--chips", "1", "--chains", "1", "--frequency", "75"],
  ...["--ticket-difficulty", "1", "--json", "--page", "off"],
];

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

interface Program {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when the text appeared on stdout or stderr; rejects when the program ends before. */
  said(text: string | RegExp): Promise<void>;
  /** Resolves with exit code or signal; kills and rejects after 20 s. */
  ended(): Promise<number | string>;
}

function start(...args: string[]): Program {
  const child = spawn(process.execPath, ["dist/asicd.js", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let stdout = "";
  let stderr = "";
  const watchers = new Set<() => void>();
  child.stdout.on("data", (text: Buffer) => {
    stdout += text.toString();
    for (const watch of watchers) watch();
  });
  child.stderr.on("data", (text: Buffer) => {
    stderr += text.toString();
    for (const watch of watchers) watch();
  });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!(stdout + stderr).match(text)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        child.once("close", () => reject(new Error(`ended without "${text}":\n${stderr}`)));
        look();
      }),
    async ended() {
      const timeout = setTimeout(() => child.kill("SIGKILL"), 20_000);
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
      clearTimeout(timeout);
      return child.exitCode ?? child.signalCode ?? "unknown";
    },
  };
}

const reportOf = (program: Program) => JSON.parse(program.stdout()) as Report;

/** Processes whose parent is the given one. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter(Boolean)
    .map(Number);
}

async function untilItHasChildren({ child }: Program): Promise<void> {
  for (let i = 0; i < 400 && childrenOf(child.pid ?? 0).length === 0; i++) await pause(5);
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function untilDead(pid: number): Promise<void> {
  for (let i = 0; i < 200 && isAlive(pid); i++) {
    await pause(25);
  }
  expect(isAlive(pid)).toBe(false);
}

/** `metNewBlock`: so many shares may do that on their way; under virtual time none does (mining.test.ts). */
function expectSoundReport(report: Report, metNewBlock = 0): void {
  const { pool } = report;
  expect(report.submitted).toBe(
    report.accepted + report.rejected + pool.unacknowledged + pool.lostUnacknowledged,
  );
  expect(refusals(report)).toEqual([]);
  expect(report.rejected).toBeLessThanOrEqual(metNewBlock);
  expect(report.hardwareErrors).toBe(0);
}

const noBug = (program: Program) =>
  expect(program.stderr()).not.toMatch(/internal error|unhandled|still open|TypeError/i);

test("a run of a few seconds ends 0 and its report fits what the pool counted", async () => {
  const program = start(
    "simulate",
    ...FAST,
    "--duration",
    "6",
    "--shares-per-minute",
    "600",
    "--block-interval",
    "2s",
  );
  expect(await program.ended()).toBe(0);
  const report = reportOf(program);
  // One for each of the new blocks.
  expectSoundReport(report, 3);
  expect(report).toMatchObject({ chipsFound: 1, simulated: true });
  expect(report.accepted).toBeGreaterThan(5);
  expect(report.newBlockLatencyMs?.count).toBeGreaterThan(0);
  const counted = /"poolAccepted":(\d+),"poolRejected":(\d+)/.exec(program.stderr());
  expect(Number(counted?.[1])).toBeGreaterThanOrEqual(report.accepted);
  expect(Number(counted?.[2])).toBeGreaterThanOrEqual(report.rejected);
  noBug(program);
});

test.each([
  ["while its world is opened", "world"],
  ["while chips are probed", /"phase":"probing"/],
  ["while the clock ramps up", /"phase":"ramping"/],
  ["when the channel opens", /channel opened/],
])("SIGTERM %s ends the run in order with a report", async (_name, moment) => {
  const program = start("simulate", ...FAST, "--verbose");
  if (moment === "world") await untilItHasChildren(program);
  else await program.said(moment);
  program.child.kill("SIGTERM");
  expect(await program.ended()).toBe(0);
  if (program.stdout() !== "") expectSoundReport(reportOf(program));
  noBug(program);
});

test("when the daemon is killed, its simulated world ends by itself", async () => {
  const program = start("simulate", ...FAST);
  await program.said("channel opened");
  const [world] = childrenOf(program.child.pid ?? 0);
  program.child.kill("SIGKILL");
  expect(await program.ended()).toBe("SIGKILL");
  await untilDead(world ?? 0);
});

test.each([
  ["during bring-up", /"phase":"ramping"/],
  ["while mining", /channel opened/],
])(
  "when the world (the PTYs' far ends and the pool) is killed %s, the run fails with the reason",
  async (_name, moment) => {
    const program = start("simulate", ...FAST, "--verbose");
    await program.said(moment);
    const [world] = childrenOf(program.child.pid ?? 0);
    process.kill(world ?? 0, "SIGKILL");
    expect(await program.ended()).toBe(1);
    expect(program.stderr()).toMatch(/simulated world ended|nothing left that could hash/);
    expectSoundReport(reportOf(program));
    noBug(program);
  },
);

test("when the pool is killed and comes back, mining goes on and no share is counted twice", async () => {
  const pool = start("simulate-pool", "--listen", "127.0.0.1:0", "--shares-per-minute", "600");
  await pool.said(/stratum2\+tcp:\/\//);
  const url = /stratum2\+tcp:\/\/\S+/.exec(pool.stdout())?.[0].replace(/["',]+$/, "") ?? "";
  const port = /:(\d+)\//.exec(url)?.[1] ?? "";
  const program = start("simulate", ...FAST, "--pool", url);
  await program.said("channel opened");
  await pause(2_000);
  pool.child.kill("SIGKILL");
  await program.said("pool lost");
  const second = start(
    "simulate-pool",
    "--listen",
    `127.0.0.1:${port}`,
    "--shares-per-minute",
    "600",
  );
  await second.said(/stratum2\+tcp:\/\//);
  const opened = () => program.stderr().split("channel opened").length - 1;
  for (let i = 0; i < 400 && opened() < 2; i++) {
    await pause(50);
  }
  expect(opened()).toBe(2);
  await pause(3_000);
  program.child.kill("SIGTERM");
  expect(await program.ended()).toBe(0);
  const report = reportOf(program);
  expectSoundReport(report);
  expect(report.pool.connects).toBeGreaterThan(1);
  second.child.kill("SIGTERM");
  expect(await second.ended()).toBe(0);
  noBug(program);
  noBug(second);
});
