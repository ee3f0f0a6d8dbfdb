/** One process full of light devices: connects them a few at a time, lets each find its shares, tells its parent. */
import { dialTcp } from "../../firmware/platform/tcp-dialer.ts";
import { parsePoolUrl } from "../../src/upstream/pool-url.ts";
import { type Device, deviceKinds, FarmCounts } from "./device.ts";
import { Histogram, type HistogramData } from "./histogram.ts";
import { Sv2Device } from "./sv2-device.ts";
import { V1Device } from "./v1-device.ts";

export interface FarmTask {
  readonly url: string;
  readonly v1Port: number;
  /** Numbers of the devices: from `first` on, every `step`-th below `end`. */
  readonly first: number;
  readonly step: number;
  readonly end: number;
  readonly sharesPerMinute: number;
}

export type FarmOrder = "steady" | "stop";
export type FarmWord =
  | { readonly connecting: number }
  | { readonly connected: number }
  | { readonly report: FarmReport };

export interface FarmReport {
  readonly devices: number;
  readonly submitted: number;
  readonly accepted: number;
  readonly overtaken: number;
  readonly unanswered: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly errorCount: number;
  readonly errors: readonly string[];
  readonly acknowledgement: HistogramData;
  readonly rampAcknowledgement: HistogramData;
}

/** A share costs a device that many hashes on average. */
const HASHES_PER_SHARE = 16;
const READY_WITHIN_MS = 60_000;
const TICK_MS = 20;
/** A share that is older has been forgotten by the pool. */
const ANSWER_WITHIN_MS = 5_000;

export async function runFarm(
  task: FarmTask,
  say: (word: FarmWord) => void,
  onOrder: (listener: (order: FarmOrder) => void) => void,
): Promise<void> {
  const counts = new FarmCounts();
  const devices: Device[] = [];
  const miner = startMining(devices, 60_000 / task.sharesPerMinute);
  let ramp = counts.acknowledgement.data();
  const stopped = new Promise<void>((resolve) =>
    onOrder((order) => {
      if (order === "stop") {
        resolve();
        return;
      }
      ramp = counts.acknowledgement.data();
      counts.acknowledgement = new Histogram();
    }),
  );
  for (let number = task.first; number < task.end; number += task.step) {
    const startedMs = performance.now();
    const device = await connect(number, task, counts);
    if (device !== undefined) devices.push(device);
    say({ connecting: devices.length });
    // A handshake is 20 to 60 ms of arithmetic for each side: the shares of the others get half of the time.
    await sleep(performance.now() - startedMs);
  }
  say({ connected: devices.length });
  await stopped;
  clearInterval(miner);
  await sleep(500);
  const unanswered = devices.reduce(
    (sum, device) => sum + device.unansweredSince(performance.now() - ANSWER_WITHIN_MS),
    0,
  );
  for (const device of devices) device.close();
  const { acknowledgement, ...sums } = counts;
  say({
    report: {
      devices: devices.length,
      unanswered,
      ...sums,
      acknowledgement: acknowledgement.data(),
      rampAcknowledgement: ramp,
    },
  });
}

async function connect(
  number: number,
  { url, v1Port, sharesPerMinute }: FarmTask,
  counts: FarmCounts,
): Promise<Device | undefined> {
  const { host, port, authorityKey } = parsePoolUrl(url);
  const kind = deviceKinds[number % deviceKinds.length] ?? "standard";
  const terms = {
    name: `farm.${number}`,
    nominalHps: (HASHES_PER_SHARE * sharesPerMinute) / 60,
  };
  try {
    const signal = AbortSignal.timeout(READY_WITHIN_MS);
    const stream = await dialTcp(host, kind === "v1" ? v1Port : port, signal);
    const device =
      kind === "v1"
        ? new V1Device(stream, terms, HASHES_PER_SHARE, counts)
        : new Sv2Device(kind, stream, terms, authorityKey, counts);
    while (!device.isReady) {
      signal.throwIfAborted();
      await sleep(5);
    }
    return device;
  } catch (error) {
    counts.fail(`${terms.name}: ${String(error)}`);
    return undefined;
  }
}

/** Each device finds a share once a period, all of them spread over it. */
function startMining(devices: readonly Device[], periodMs: number): NodeJS.Timeout {
  const dueMs = new Map<Device, number>();
  return setInterval(() => {
    const nowMs = performance.now();
    for (const device of devices) {
      const due = dueMs.get(device) ?? nowMs + Math.random() * periodMs;
      if (due > nowMs) {
        dueMs.set(device, due);
        continue;
      }
      device.mine();
      dueMs.set(device, Math.max(due + periodMs, nowMs));
    }
  }, TICK_MS);
}

function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
