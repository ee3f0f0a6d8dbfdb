/** How many nonces a second one chain may report: fed at rising rates, each must be judged exactly once, and without delay. */

import { concatBytes } from "../../src/lib/bytes.ts";
import type { MinerSnapshot } from "../../src/telemetry/snapshot.ts";
import { type DeviceRig, openDeviceRig } from "./device-rig.ts";
import { pause } from "./pause.ts";

export interface NonceRateStep {
  readonly offeredPerSecond: number;
  readonly sent: number;
  /** All outcomes together. */
  readonly judged: number;
  readonly sharesSent: number;
  readonly sharesReceived: number;
  /** From the last nonce written to the last judged, ms. */
  readonly behindMs: number;
  readonly sustained: boolean;
}

const RATES_PER_SECOND = [1_000, 2_500, 5_000, 10_000, 20_000, 40_000, 80_000];
const FEED_PERIOD_MS = 2;
/** More than this behind at the end, and the nonces came faster than they were judged. */
const BEHIND_LIMIT_MS = 250;
const JUDGED_WITHIN_MS = 10_000;
/** One nonce in 256 is a share: at 10 000 a second the pool gets 39. */
const SHARE_TARGET = new Uint8Array(32).fill(0xff, 0, 31);

/** Goes up until a rate is not sustained. Throws when a nonce is lost, or counted twice or as anything but work. */
export async function measureNonceRate(secondsPerRate: number): Promise<NonceRateStep[]> {
  await using rig = await openDeviceRig(1, true);
  rig.pool.setTarget(SHARE_TARGET);
  rig.pool.announce();
  rig.pool.activate(1, "per-channel");
  while (rig.chips[0]?.jobs === 0) await pause(1);
  const steps: NonceRateStep[] = [];
  const counter = { nonce: 0 };
  await feed(rig, 1_000, 1, counter);
  await pause(BEHIND_LIMIT_MS);
  for (const rate of RATES_PER_SECOND) {
    const step = await measureStep(rig, rate, secondsPerRate, counter);
    steps.push(step);
    if (!step.sustained) break;
  }
  return steps;
}

async function measureStep(
  rig: DeviceRig,
  offeredPerSecond: number,
  seconds: number,
  counter: { nonce: number },
): Promise<NonceRateStep> {
  const before = await totals(rig);
  const sharesBefore = rig.pool.shares;
  const sent = await feed(rig, offeredPerSecond, seconds, counter);
  const writtenMs = performance.now();
  let after = await totals(rig);
  while (judgedOf(after) - judgedOf(before) < sent) {
    if (performance.now() - writtenMs > JUDGED_WITHIN_MS) break;
    await pause(1);
    after = await totals(rig);
  }
  const behindMs = performance.now() - writtenMs;
  await pause(20);
  after = await totals(rig);
  const judged = judgedOf(after) - judgedOf(before);
  const sharesSent = after.submitted - before.submitted;
  const sharesReceived = rig.pool.shares - sharesBefore;
  const notWork =
    after.hardwareErrors + after.unknownJob + after.duplicate + after.stale - notWorkOf(before);
  if (judged !== sent || notWork !== 0 || sharesSent !== sharesReceived)
    throw new Error(
      `at ${offeredPerSecond}/s: ${sent} nonces sent, ${judged} judged, ${notWork} not as work; ` +
        `${sharesSent} shares sent, ${sharesReceived} received`,
    );
  const sustained = behindMs <= BEHIND_LIMIT_MS;
  return { offeredPerSecond, sent, judged, sharesSent, sharesReceived, behindMs, sustained };
}

/** Writes nonces for that long, each a different one; returns how many. */
async function feed(
  rig: DeviceRig,
  perSecond: number,
  seconds: number,
  counter: { nonce: number },
): Promise<number> {
  const [chip] = rig.chips;
  const total = perSecond * seconds;
  const startMs = performance.now();
  for (let sent = 0; sent < total; ) {
    await pause(FEED_PERIOD_MS);
    const due = Math.min(total, Math.floor(((performance.now() - startMs) * perSecond) / 1_000));
    const answers: Uint8Array[] = [];
    while (sent < due) {
      sent++;
      const answer = chip?.nonceAnswer(++counter.nonce);
      if (answer !== undefined) answers.push(answer);
    }
    if (answers.length > 0) chip?.write(concatBytes(...answers));
  }
  return total;
}

type Totals = MinerSnapshot["total"];

async function totals(rig: DeviceRig): Promise<Totals> {
  const snapshot = await rig.device.ask("snapshot", undefined);
  if (snapshot === undefined) throw new Error("the device has not started");
  return snapshot.total;
}

function judgedOf(total: Totals): number {
  return total.submitted + total.belowShareTarget + notWorkOf(total);
}

function notWorkOf(total: Totals): number {
  return total.duplicate + total.stale + total.hardwareErrors + total.unknownJob;
}
