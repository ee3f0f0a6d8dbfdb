/** For how long telling the guard keeps the miner's main thread, on which a new block may be waiting. */
import { concatBytes } from "../../src/lib/bytes.ts";
import { BENCH_CHAIN } from "./bench-chain.ts";
import { openDeviceRig } from "./device-rig.ts";
import { pause } from "./pause.ts";
import { type Summary, summaryOf } from "./statistics.ts";

const CHAINS = 3;
const CHIPS = 126;
/** Enough for a few of each chip: a rate of zero is shorter than others. */
const NONCES = 1_000;
const SETTLE_MS = 100;
const ROUNDS_AT_ONCE = 50;

export interface LinkCostResult {
  /** Made and sent, ms. */
  readonly beat: Summary;
  readonly snapshot: Summary;
}

export async function measureLinkCost(rounds: number): Promise<LinkCostResult> {
  const chain = { ...BENCH_CHAIN, chipCount: CHIPS, addressInterval: 2 };
  await using rig = await openDeviceRig(CHAINS, true, chain);
  rig.pool.announce();
  rig.pool.activate(1, "per-channel");
  await pause(SETTLE_MS);
  for (const chip of rig.chips) {
    const spread = Math.floor(2 ** 32 / NONCES);
    const answers = Array.from({ length: NONCES }, (_, i) => chip.nonceAnswer(i * spread));
    chip.write(concatBytes(...answers));
  }
  await pause(SETTLE_MS);
  const beatMs: number[] = [];
  const snapshotMs: number[] = [];
  for (let done = 0; done < rounds; done += ROUNDS_AT_ONCE) {
    const told = await rig.device.ask("tellGuard", ROUNDS_AT_ONCE);
    beatMs.push(...told.beatMs);
    snapshotMs.push(...told.snapshotMs);
    for (const chip of rig.chips) chip.showLife();
  }
  const snapshot = await rig.device.ask("snapshot", undefined);
  if (snapshot?.chains.some(({ phase }) => phase !== "hashing") !== false)
    throw new Error("a chain went silent");
  return { beat: summaryOf(beatMs), snapshot: summaryOf(snapshotMs) };
}
