/**
 * `asicd simulate` with all its processes, of which the guard notes how its loop goes; everything else of them is what the
 * build made, in a folder beside it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { createRequire } from "node:module";
import { setPriority, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { machineById } from "../../boards/machines.ts";
import type { Report } from "../../firmware/cli/report.ts";
import { esbuildOptions } from "../../firmware/packaging/options.mjs";
import { childrenOf, commandLineOf } from "./machine.ts";
import type { PeriodSamples } from "./measuring-clock.ts";
import { pause } from "./pause.ts";

/** 3 × 126 BM1362. */
const BOARD = "s19j-pro";
const HASHING_WITHIN_MS = 90_000;
const ENDS_WITHIN_MS = 15_000;
const SAMPLES_WITHIN_MS = 5_000;
const WORLD_NICENESS = -10;

export const programs = ["supervisor", "guard", "miner", "world"] as const;
export type ProgramName = (typeof programs)[number];

export interface MachineTree extends AsyncDisposable {
  readonly pids: Readonly<Record<ProgramName, number>>;
  /** What the guard's clock noted since the last call, by the period's length in ms. */
  takeSamples(): Promise<ReadonlyMap<number, PeriodSamples>>;
  /** Ends it in order. Resolves with what took power from a chain until then; throws Error when it did not mine. */
  finish(): Promise<readonly string[]>;
}

/** Resolves when every chain has its work. */
export async function openMachineTree(): Promise<MachineTree> {
  const asicdFile = await buildPrograms();
  const folder = mkdtempSync(join(tmpdir(), "asicd-bench-"));
  const samplesFile = join(folder, "samples.json");
  const args = [asicdFile, "simulate", "--board", BOARD, "--json", "--page", "off"];
  const asicd = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ASICD_BENCH_SAMPLES: samplesFile },
  });
  const close = async () => {
    await end(asicd);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const report = text(asicd.stdout);
    await chainsHaveChannels(asicd);
    const pids = findPrograms(asicd.pid as number);
    hurry(pids.world);
    return {
      pids,
      takeSamples: () => takeSamples(pids.guard, samplesFile),
      async finish() {
        asicd.kill("SIGTERM");
        return interruptionsOf(await report);
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Returns the main program of a folder in which the guard is the measured one. */
async function buildPrograms(): Promise<string> {
  const dist = dirname(process.argv[1] as string);
  const folder = join(dist, "bench-tree");
  mkdirSync(folder, { recursive: true });
  for (const file of [
    "asicd.js",
    "world.js",
    "hash-worker.js",
    "simulated-miner.js",
    "handshake-thread.js",
  ])
    copyFileSync(join(dist, file), join(folder, file));
  // esbuild finds its own files by where it lies, so that it cannot be inside this bundle.
  const load = createRequire(import.meta.url);
  const { build } = load("esbuild") as typeof import("esbuild");
  await build({
    ...(esbuildOptions("bench") as object),
    absWorkingDir: join(dist, ".."),
    entryPoints: { "simulated-guard": "test/bench/measured-guard.ts" },
    outdir: "dist/bench-tree",
  });
  return join(folder, "asicd.js");
}

/** A chain that is up gets a channel: the log says so, chain by chain. */
function chainsHaveChannels({ stderr }: ChildProcess): Promise<void> {
  const chains = machineById(BOARD)?.chains.length ?? 0;
  return new Promise((resolve, reject) => {
    let log = "";
    const fail = (what: string) => reject(new Error(`${what}: ${log.slice(-2_000)}`));
    const late = setTimeout(() => fail("chains do not come up"), HASHING_WITHIN_MS);
    stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      log += chunk;
      if (log.split('"msg":"channel opened"').length <= chains) return;
      clearTimeout(late);
      resolve();
    });
    stderr?.once("end", () => {
      clearTimeout(late);
      fail("asicd ended");
    });
  });
}

function findPrograms(supervisor: number): Record<ProgramName, number> {
  const child = (parent: number, file: string): number => {
    const found = childrenOf(parent).find((pid) =>
      commandLineOf(pid).some((word) => word.endsWith(`/${file}.js`)),
    );
    if (found === undefined) throw new Error(`process ${parent} has no child ${file}`);
    return found;
  };
  const guard = child(supervisor, "simulated-guard");
  const miner = child(guard, "simulated-miner");
  return { supervisor, guard, miner, world: child(supervisor, "world") };
}

async function takeSamples(
  guard: number,
  file: string,
): Promise<ReadonlyMap<number, PeriodSamples>> {
  process.kill(guard, "SIGUSR2");
  for (let waitedMs = 0; !existsSync(file); waitedMs += 10) {
    if (waitedMs > SAMPLES_WITHIN_MS) throw new Error("the guard left no samples");
    await pause(10);
  }
  const samples = new Map<number, PeriodSamples>(JSON.parse(readFileSync(file, "utf8")));
  rmSync(file);
  return samples;
}

/** What took power from a chain. Throws Error when the machine did not work at all: then its figures say nothing. */
function interruptionsOf(report: string): readonly string[] {
  const { nonces, hardwareErrors, machine } = JSON.parse(report) as Report;
  const interruptions = (machine?.events ?? [])
    .filter(({ what }) => what === "trip" || what === "chain-restart" || what === "miner-restart")
    .map(({ where, reason }) => `${where}: ${reason}`);
  if (nonces === 0 || hardwareErrors > 0)
    throw new Error(`${nonces} nonces, ${hardwareErrors} hardware errors; ${interruptions}`);
  return interruptions;
}

/**
 * It stands for hardware, which no program slows down: all its threads alike, as the hashing ones, which want to be the last
 * of all, hold locks that the others need. Without the right to do so it takes its turn with everybody.
 */
function hurry(world: number): void {
  try {
    for (const thread of readdirSync(`/proc/${world}/task`))
      setPriority(Number(thread), WORLD_NICENESS);
  } catch {
    // The figures say what came of it: boards that lost their sensors.
  }
}

async function end(asicd: ChildProcess): Promise<void> {
  if (asicd.exitCode !== null || asicd.signalCode !== null) return;
  const ended = new Promise((resolve) => asicd.once("exit", resolve));
  asicd.kill("SIGTERM");
  const late = setTimeout(() => asicd.kill("SIGKILL"), ENDS_WITHIN_MS);
  await ended;
  clearTimeout(late);
}
