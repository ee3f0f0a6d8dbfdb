/** The program under test: the miner as `asicd run` puts it together, with real UARTs and a real socket, told what to do over IPC. */
import type { ChainSpec } from "../../boards/chain-spec.ts";
import { createMiner, threadedHandshaker, warmUp } from "../../firmware/miner-process.ts";
import { linuxPlatform } from "../../firmware/platform/linux-platform.ts";
import { keepHeapSmall } from "../../firmware/process-memory.ts";
import type { MinerMessage } from "../../src/control/guard-link.ts";
import type { Miner } from "../../src/hashing/miner.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { LatencyRecorder } from "../../src/telemetry/latency.ts";
import type { MinerSnapshot } from "../../src/telemetry/snapshot.ts";
import { type BenchPool, benchSetup } from "./bench-chain.ts";
import { serve } from "./child.ts";
import { handshake } from "./device-handshake.ts";
import { type MemoryUse, memoryOf } from "./machine.ts";
import { pause } from "./pause.ts";
import { setThreadPool } from "./thread-pool.ts";

export interface StartDevice {
  readonly uarts: readonly string[];
  readonly pools: readonly BenchPool[];
  readonly warmUp: boolean;
  readonly chain: ChainSpec;
}

let miner: Miner | undefined;
let insideMs: number[] = [];

const tasks = {
  /** Resolves when every chain is up; returns what the warm-up took, ms. */
  async start({ uarts, pools, warmUp: isWarm, chain }: StartDevice): Promise<number> {
    const platform = linuxPlatform();
    const startedMs = platform.clock.nowMs();
    if (isWarm) await warmUp(platform, chain.chip, silentLog);
    const warmUpMs = platform.clock.nowMs() - startedMs;
    const handshaker = threadedHandshaker(platform, silentLog);
    miner = createMiner(platform, benchSetup(uarts, pools, chain), silentLog, "always-on", {
      handshaker,
    });
    await miner.start();
    listenIn(miner.newBlockLatency);
    return warmUpMs;
  },
  /** Latencies as the program itself sees them, since the last call; ms. */
  takeInsideMs(_: undefined): number[] {
    const taken = insideMs;
    insideMs = [];
    return taken;
  },
  setThreadPool,
  handshake,
  snapshot(_: undefined): MinerSnapshot | undefined {
    return miner?.snapshot();
  },
  /** What a guarded miner does all the time beside mining, and what each time takes, ms. */
  async tellGuard(rounds: number): Promise<{ beatMs: number[]; snapshotMs: number[] }> {
    const told = { beatMs: [] as number[], snapshotMs: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      await pause(TELL_PAUSE_MS);
      told.beatMs.push(timeOf(() => send({ tell: "beat", chains: running().chainReports() })));
      await pause(TELL_PAUSE_MS);
      told.snapshotMs.push(
        timeOf(() => send({ tell: "snapshot", snapshot: running().snapshot("chains") })),
      );
    }
    return told;
  },
  memory(_: undefined): MemoryUse {
    return memoryOf();
  },
};

/** Long enough to find the caches as cold as between two real messages, nearly. */
const TELL_PAUSE_MS = 20;

function running(): Miner {
  if (miner === undefined) throw new Error("the device has not started");
  return miner;
}

function send(message: MinerMessage): void {
  process.send?.(message);
}

function timeOf(run: () => void): number {
  const startedMs = performance.now();
  run();
  return performance.now() - startedMs;
}

export type DeviceTasks = typeof tasks;

export function runDevice(): void {
  keepHeapSmall();
  serve(tasks, async () => {
    // Draining a UART takes a thread.
    setThreadPool("idle");
    await miner?.stop();
  });
}

/** The recorder keeps no single values of the past. */
function listenIn(recorder: LatencyRecorder): void {
  const add = recorder.add.bind(recorder);
  recorder.add = (durationMs) => {
    insideMs.push(durationMs);
    add(durationMs);
  };
}
