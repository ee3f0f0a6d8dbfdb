/** Ten minutes of mining under a virtual clock, in a process that counts its memory minute by minute. */
import { createMiner } from "../../firmware/miner-process.ts";
import { openSimUart } from "../../simulator/sim-uart.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { Platform } from "../../src/ports/platform.ts";
import type { Uart } from "../../src/ports/uart.ts";
import { AUTHORITY, fixedEntropy } from "../support/scripted-server.ts";
import { VirtualNetwork } from "../support/virtual-network.ts";
import { BENCH_CHAIN, type BenchPool, benchSetup } from "./bench-chain.ts";
import { serve } from "./child.ts";
import { ChipEnd } from "./chip-end.ts";
import { type MemoryUse, memoryOf } from "./machine.ts";
import { PoolEnd } from "./pool-end.ts";

export interface MemorySample extends MemoryUse {
  readonly minute: number;
  /** After a full collection. */
  readonly heapMB: number;
}

export interface VirtualMiningResult {
  readonly samples: readonly MemorySample[];
  readonly nonces: number;
  readonly shares: number;
  readonly blocks: number;
}

const CHAINS = 3;
/** Of each chain: 150 a second in all. */
const NONCE_PERIOD_MS = 20;
const BLOCK_PERIOD_S = 30;
/** One nonce in 32 is a share. */
const SHARE_TARGET = new Uint8Array(32).fill(0xff);
SHARE_TARGET[31] = 0x07;
const POOL: BenchPool = {
  protocol: "sv2",
  host: "pool",
  port: 3_333,
  channel: "standard",
  authorityKey: AUTHORITY.publicKey,
};

async function mineVirtually(minutes: number): Promise<VirtualMiningResult> {
  const clock = new VirtualClock();
  const network = new VirtualNetwork({ clock, latencyMs: 20 });
  const pools: PoolEnd[] = [];
  network.listen(POOL.host, POOL.port, (stream) => {
    pools.push(new PoolEnd(stream, clock.unixSeconds()));
  });
  const uarts = new Map<string, Uart>();
  const chips = Array.from({ length: CHAINS }, (_, index) => {
    const path = `chain-${index}`;
    const { uart, device } = openSimUart({ clock, path });
    uarts.set(path, uart);
    return new ChipEnd(device, BENCH_CHAIN);
  });
  const platform: Platform = {
    clock,
    entropy: fixedEntropy(5),
    openUart: async (path) => uarts.get(path) as Uart,
    dial: (host, port, signal) => network.dial(host, port, signal),
  };
  const miner = createMiner(
    platform,
    benchSetup([...uarts.keys()], [POOL]),
    silentLog,
    "always-on",
  );
  const starting = miner.start();
  await clock.advance(20_000);
  await starting;
  const [pool] = pools;
  if (pool === undefined) throw new Error("the device did not connect");
  pool.setTarget(SHARE_TARGET);
  let blocks = 0;
  let nonces = 0;
  const newBlock = () => {
    pool.announce();
    pool.activate(++blocks, blocks % 2 === 0 ? "group" : "per-channel");
  };
  newBlock();
  clock.every(1_000 * BLOCK_PERIOD_S, newBlock);
  await clock.advance(1_000);
  clock.every(NONCE_PERIOD_MS, () => {
    for (const chip of chips) chip.write(chip.nonceAnswer(++nonces));
  });
  const samples: MemorySample[] = [];
  for (let minute = 1; minute <= minutes; minute++) {
    await clock.advance(60_000);
    globalThis.gc?.();
    const heapMB = process.memoryUsage().heapUsed / 2 ** 20;
    samples.push({ minute, ...memoryOf(), heapMB });
  }
  const { total, pool: poolSnapshot } = miner.snapshot();
  const judged = total.submitted + total.belowShareTarget;
  if (nonces - judged > CHAINS || poolSnapshot.rejected > 0 || pool.shares === 0)
    throw new Error(`${nonces} nonces, ${judged} judged as work, ${pool.shares} shares`);
  return { samples, nonces, shares: pool.shares, blocks };
}

const tasks = { mine: (minutes: number) => mineVirtually(minutes) };

export type VirtualMinerTasks = typeof tasks;

export function runVirtualMiner(): void {
  serve(tasks);
}
