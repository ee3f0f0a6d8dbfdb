/** A device process between PTYs and a pool, ready to be measured. */
import type { ChainSpec } from "../../boards/chain-spec.ts";
import { openPty, type Pty } from "../../simulator/pty.ts";
import { AUTHORITY } from "../support/scripted-server.ts";
import { BENCH_CHAIN } from "./bench-chain.ts";
import { Child } from "./child.ts";
import { ChipEnd } from "./chip-end.ts";
import type { DeviceTasks } from "./device-process.ts";
import { pause } from "./pause.ts";
import { listenOnce, PoolEnd } from "./pool-end.ts";

const CHANNELS_WITHIN_MS = 5_000;

export interface DeviceRig extends AsyncDisposable {
  readonly device: Child<DeviceTasks>;
  readonly chips: readonly ChipEnd[];
  readonly pool: PoolEnd;
  /** What the program's own warm-up took. */
  readonly warmUpMs: number;
}

/** Resolves when the chains are up and their channels open; no job was sent yet. */
export async function openDeviceRig(
  chains: number,
  warmUp: boolean,
  chain: ChainSpec = BENCH_CHAIN,
): Promise<DeviceRig> {
  const ptys: Pty[] = [];
  for (let i = 0; i < chains; i++) ptys.push(await openPty());
  const chips = ptys.map((pty) => new ChipEnd(pty, chain));
  const { listener, accepted } = await listenOnce();
  const device = new Child<DeviceTasks>("device");
  const close = async () => {
    await device[Symbol.asyncDispose]();
    await listener.close();
    await Promise.all(ptys.map((pty) => pty.close()));
  };
  try {
    const uarts = ptys.map(({ path }) => path);
    const { port } = listener;
    const starting = device.ask("start", {
      uarts,
      port,
      authorityKey: AUTHORITY.publicKey,
      warmUp,
      chain,
    });
    const stream = await Promise.race([accepted, starting.then(() => accepted)]);
    const pool = new PoolEnd(stream, Math.floor(Date.now() / 1_000));
    const warmUpMs = await starting;
    for (let waitedMs = 0; pool.channels < chains; waitedMs += 10) {
      if (waitedMs > CHANNELS_WITHIN_MS) throw new Error("the device opened too few channels");
      await pause(10);
    }
    if (pool.channels !== chains) throw new Error(`${pool.channels} channels, not ${chains}`);
    return { device, chips, pool, warmUpMs, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
