/**
 * A program: the miner as `asicd simulate` runs it, except that it keeps every value of its latency recorders. On SIGUSR2 it
 * leaves them in the file that the environment names.
 */
import { renameSync, writeFileSync } from "node:fs";
import { LatencyRecorder } from "../../src/telemetry/latency.ts";

export interface NotedLatency {
  /** Number of the recorder that was told of it. */
  readonly recorder: number;
  /** When that was, by the clock that all processes of a machine share. */
  readonly atMs: number;
  readonly durationMs: number;
}

const recorders = new Map<LatencyRecorder, number>();
let noted: NotedLatency[] = [];
const { add } = LatencyRecorder.prototype;

LatencyRecorder.prototype.add = function (this: LatencyRecorder, durationMs: number): void {
  const recorder = recorders.get(this) ?? recorders.size;
  recorders.set(this, recorder);
  noted.push({ recorder, atMs: sharedNowMs(), durationMs });
  add.call(this, durationMs);
};

process.on("SIGUSR2", () => {
  const file = process.env["ASICD_BENCH_LATENCIES"] ?? "";
  writeFileSync(`${file}.new`, JSON.stringify(noted));
  noted = [];
  // Whoever waits for it sees it whole.
  renameSync(`${file}.new`, file);
});

// The program runs until it ends: everything above has to be there before.
await import("../../firmware/miner/main.ts");

/** CLOCK_MONOTONIC: `performance.now()` begins anew in each process. */
function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
