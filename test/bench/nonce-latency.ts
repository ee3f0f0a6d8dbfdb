/**
 * A share: from the write of the nonce's bytes at the chips' end of the UART to its bytes read from the pool's end of the
 * socket. The floor, which takes turns, moves as many bytes the same way.
 */
import { headerNonceOf } from "../../drivers/bm13xx/nonce.ts";
import type { ChipEnd } from "./chip-end.ts";
import { openDeviceRig } from "./device-rig.ts";
import { SHARE_BYTES } from "./floor-process.ts";
import { openFloorRig } from "./floor-rig.ts";
import { pause } from "./pause.ts";
import type { BlockSource } from "./pool-end.ts";
import { type Summary, summaryOf } from "./statistics.ts";

export interface NonceLatencyResult {
  readonly noncesPerSecond: number;
  readonly program: Summary;
  readonly floor: Summary;
}

const NONCES_PER_SECOND = 300;
/** Discarded. */
const WARM_UP_NONCES = 300;
const ANSWERED_WITHIN_MS = 2_000;

/** Every nonce is a share. Throws when one does not arrive at the pool, or arrives twice. */
export async function measureNonceLatency(nonces: number): Promise<NonceLatencyResult> {
  await using rig = await openDeviceRig(1, true);
  rig.pool.announce();
  rig.pool.activate(1, "per-channel");
  while (rig.chips[0]?.jobs === 0) await pause(1);
  // Awaited here: the rig goes when the function returns.
  return await nonceLatencyOf(rig.chips[0], rig.pool, nonces);
}

/** The same of a device that already hashes on this chain for this pool. */
export async function nonceLatencyOf(
  chip: ChipEnd | undefined,
  pool: BlockSource,
  nonces: number,
): Promise<NonceLatencyResult> {
  await using floorRig = await openFloorRig(1);
  const [floorChip] = floorRig.chips;
  if (chip === undefined || floorChip === undefined) throw new Error("no chain");

  const sentMs = new Map<number, number>();
  const programMs: number[] = [];
  let stranger: number | undefined;
  pool.onShare = (nonce, arrivedMs) => {
    const startMs = sentMs.get(nonce);
    if (startMs === undefined) stranger = nonce;
    else programMs.push(arrivedMs - startMs);
    sentMs.delete(nonce);
  };
  const floorSentMs: number[] = [];
  const floorMs: number[] = [];
  let floorBytes = 0;
  floorRig.stream.onData((chunk) => {
    const nowMs = performance.now();
    for (floorBytes += chunk.length; floorBytes >= SHARE_BYTES; floorBytes -= SHARE_BYTES)
      floorMs.push(nowMs - (floorSentMs[floorMs.length] ?? Number.NaN));
  });

  const startMs = performance.now();
  const total = WARM_UP_NONCES + nonces;
  const until = (turn: number) =>
    pause(startMs + (1_000 * turn) / NONCES_PER_SECOND - performance.now());
  for (let i = 1; i <= total; i++) {
    await until(i);
    const answer = chip.nonceAnswer(i);
    sentMs.set(headerNonceOf(i), performance.now());
    chip.write(answer);
    await until(i + 0.5);
    floorSentMs.push(performance.now());
    floorChip.write(answer);
  }
  for (let waitedMs = 0; sentMs.size > 0 || floorMs.length < total; waitedMs += 10) {
    if (waitedMs > ANSWERED_WITHIN_MS) throw new Error(`${sentMs.size} of ${total} shares lost`);
    await pause(10);
  }
  if (stranger !== undefined)
    throw new Error(`share with nonce ${stranger}, which no chip found, or sent twice`);
  return {
    noncesPerSecond: NONCES_PER_SECOND,
    program: summaryOf(programMs.slice(WARM_UP_NONCES)),
    floor: summaryOf(floorMs.slice(WARM_UP_NONCES)),
  };
}
