/** A device process between PTYs and pools, ready to be measured. */
import type { ChainSpec } from "../../boards/chain-spec.ts";
import { openPty, type Pty } from "../../simulator/pty.ts";
import { BENCH_CHAIN } from "./bench-chain.ts";
import { Child } from "./child.ts";
import { ChipEnd } from "./chip-end.ts";
import type { DeviceTasks } from "./device-process.ts";
import type { BlockSource, PoolEnd } from "./pool-end.ts";
import { type PoolKind, PoolListener } from "./pool-listener.ts";

const CHANNELS_WITHIN_MS = 5_000;

export interface DeviceRig<Source extends BlockSource = BlockSource> extends AsyncDisposable {
  readonly device: Child<DeviceTasks>;
  readonly chips: readonly ChipEnd[];
  /** The first pool's end of the connection with which it began. */
  readonly pool: Source;
  /** All of them, in the device's order. */
  readonly pools: readonly PoolListener[];
  /** What the program's own warm-up took. */
  readonly warmUpMs: number;
}

/** Resolves when the chains are up and their channels open; no job was sent yet. */
export async function openDeviceRig(
  chains: number,
  warmUp: boolean,
  chain: ChainSpec = BENCH_CHAIN,
): Promise<DeviceRig<PoolEnd>> {
  return (await openRigWith(["sv2-standard"], chains, warmUp, chain)) as DeviceRig<PoolEnd>;
}

/** The same with other pools: the first gets the hash power, the next stands by. */
export async function openRigWith(
  kinds: readonly PoolKind[],
  chains: number,
  warmUp: boolean,
  chain: ChainSpec = BENCH_CHAIN,
): Promise<DeviceRig> {
  const ptys: Pty[] = [];
  for (let i = 0; i < chains; i++) ptys.push(await openPty());
  const chips = ptys.map((pty) => new ChipEnd(pty, chain));
  const pools = await Promise.all(kinds.map((kind) => PoolListener.open(kind)));
  const device = new Child<DeviceTasks>("device");
  const close = async () => {
    await device[Symbol.asyncDispose]();
    await Promise.all(pools.map((pool) => pool[Symbol.asyncDispose]()));
    await Promise.all(ptys.map((pty) => pty.close()));
  };
  try {
    const uarts = ptys.map(({ path }) => path);
    const addresses = pools.map(({ address }) => address);
    const warmUpMs = await device.ask("start", { uarts, pools: addresses, warmUp, chain });
    const pool = await pools[0]?.ready(chains, CHANNELS_WITHIN_MS);
    if (pool === undefined) throw new Error("no pool");
    return { device, chips, pool, pools, warmUpMs, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
