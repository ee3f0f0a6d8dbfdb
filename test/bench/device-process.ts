/** The program under test: the miner as `asicd run` puts it together, with real UARTs and a real socket, told what to do over IPC. */
import { createMiner, warmUp } from "../../firmware/miner-process.ts";
import { linuxPlatform } from "../../firmware/platform/linux-platform.ts";
import type { Miner } from "../../src/hashing/miner.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { LatencyRecorder } from "../../src/telemetry/latency.ts";
import type { MinerSnapshot } from "../../src/telemetry/snapshot.ts";
import { BENCH_CHAIN, benchSetup } from "./bench-chain.ts";
import { serve } from "./child.ts";
import { type MemoryUse, ownMemory } from "./machine.ts";
import { setThreadPool } from "./thread-pool.ts";

export interface StartDevice {
  readonly uarts: readonly string[];
  readonly port: number;
  readonly authorityKey: Uint8Array;
  readonly warmUp: boolean;
}

let miner: Miner | undefined;
let insideMs: number[] = [];

const tasks = {
  /** Resolves when every chain is up; returns what the warm-up took, ms. */
  async start({ uarts, port, authorityKey, warmUp: isWarm }: StartDevice): Promise<number> {
    const platform = linuxPlatform();
    const startedMs = platform.clock.nowMs();
    if (isWarm) await warmUp(platform, BENCH_CHAIN.chip, silentLog);
    const warmUpMs = platform.clock.nowMs() - startedMs;
    const pool = { host: "127.0.0.1", port, authorityKey };
    miner = createMiner(platform, benchSetup(uarts, pool), silentLog, "always-on");
    listenIn(miner.newBlockLatency);
    await miner.start();
    return warmUpMs;
  },
  /** Latencies as the program itself sees them, since the last call; ms. */
  takeInsideMs(_: undefined): number[] {
    const taken = insideMs;
    insideMs = [];
    return taken;
  },
  setThreadPool,
  snapshot(_: undefined): MinerSnapshot | undefined {
    return miner?.snapshot();
  },
  memory(_: undefined): MemoryUse {
    return ownMemory();
  },
};

export type DeviceTasks = typeof tasks;

export function runDevice(): void {
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
