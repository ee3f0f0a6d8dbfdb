/** `asicd simulate` with page and API, mining on the bench's own pool, with a miner that notes every new block's latency. */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { esbuildOptions } from "../../firmware/packaging/options.mjs";
import { openSimulatedMachine, type SimulatedMachine } from "../operator/soak/simulated-machine.ts";
import { AUTHORITY } from "../support/scripted-server.ts";
import type { NotedLatency } from "./measured-miner.ts";
import { pause } from "./pause.ts";
import type { PoolEnd } from "./pool-end.ts";
import { PoolListener } from "./pool-listener.ts";

const LATENCIES_WITHIN_MS = 5_000;
const CHANNELS_WITHIN_MS = 90_000;
/** Blocks of the bench have higher numbers. */
export const FIRST_BLOCK = 1;
/** About one share a second of a simulation's million hashes; the highest byte is the last one. */
const SHARE_TARGET = new Uint8Array(32).fill(0xff, 0, 29).fill(0x0f, 29, 30);
/** What the build made and is not measured. */
const PROGRAMS = [
  "asicd.js",
  "operator.js",
  "world.js",
  "hash-worker.js",
  "simulated-guard.js",
  "handshake-thread.js",
];

export interface MeasuredTree extends AsyncDisposable {
  readonly machine: SimulatedMachine;
  readonly pool: PoolEnd;
  /** Everything that the miner noted since the last call. */
  takeLatencies(): Promise<readonly NotedLatency[]>;
}

/** Resolves when every chain hashes the pool's first block. */
export async function openMeasuredTree(
  chains: number,
  options: readonly string[],
): Promise<MeasuredTree> {
  const folder = await buildPrograms();
  const file = join(folder, "latencies.json");
  rmSync(file, { force: true });
  const listener = (await PoolListener.open("sv2-standard")) as PoolListener<PoolEnd>;
  const { host, port } = listener.address;
  // At once: boards that have no work do not hash, and the machine is not up before they do.
  const working = listener.ready(chains, CHANNELS_WITHIN_MS).then((pool) => {
    pool.setTarget(SHARE_TARGET);
    pool.announce();
    pool.activate(FIRST_BLOCK, "per-channel");
    return pool;
  });
  // Awaited below, unless the machine does not come up.
  working.catch(() => {});
  let machine: SimulatedMachine | undefined;
  const close = async () => {
    await machine?.[Symbol.asyncDispose]();
    await listener[Symbol.asyncDispose]();
  };
  try {
    machine = await openSimulatedMachine({
      program: join(folder, "asicd.js"),
      arguments: [
        ...["--chains", String(chains), "--channel", "standard"],
        ...["--pool", `stratum2+tcp://${host}:${port}/${AUTHORITY.text}`, ...options],
      ],
      env: { ASICD_BENCH_LATENCIES: file },
    });
    const { miner } = machine.pids;
    return {
      machine,
      pool: await working,
      takeLatencies: () => takeLatencies(miner, file),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Returns the folder of programs in which the miner is the measured one. */
async function buildPrograms(): Promise<string> {
  const dist = dirname(process.argv[1] as string);
  const folder = join(dist, "bench-operator");
  mkdirSync(folder, { recursive: true });
  for (const file of PROGRAMS) copyFileSync(join(dist, file), join(folder, file));
  cpSync(join(dist, "ui"), join(folder, "ui"), { recursive: true });
  // esbuild finds its own files by where it lies, so that it cannot be inside this bundle.
  const load = createRequire(import.meta.url);
  const { build } = load("esbuild") as typeof import("esbuild");
  await build({
    ...(esbuildOptions("bench") as object),
    absWorkingDir: process.cwd(),
    entryPoints: { "simulated-miner": "test/bench/measured-miner.ts" },
    outdir: folder,
  });
  return folder;
}

async function takeLatencies(miner: number, file: string): Promise<readonly NotedLatency[]> {
  process.kill(miner, "SIGUSR2");
  for (let waitedMs = 0; !existsSync(file); waitedMs += 10) {
    if (waitedMs > LATENCIES_WITHIN_MS) throw new Error("the miner left no latencies");
    await pause(10);
  }
  const latencies = JSON.parse(readFileSync(file, "utf8")) as NotedLatency[];
  rmSync(file);
  return latencies;
}
