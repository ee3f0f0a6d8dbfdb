/** Which of the latencies that a miner noted belong to which block that was written to it. */
import type { NotedLatency } from "./measured-miner.ts";

export interface BlockLatencies {
  /** From the write to the last chain's job, ms. */
  readonly outsideMs: readonly number[];
  /** From the chunk that the miner received to the same, ms. */
  readonly insideMs: readonly number[];
}

/**
 * Each chain notes its own latency, and the pool's connection that of the last chain, which is the one that counts. A block
 * has the first of these whose bytes were received after it was written: two may share one when the miner slept. Throws
 * Error when a block has none.
 */
export function latenciesOf(
  writtenMs: readonly number[],
  noted: readonly NotedLatency[],
): BlockLatencies {
  const byRecorder = new Map<number, NotedLatency[]>();
  for (const one of noted) {
    const others = byRecorder.get(one.recorder);
    if (others === undefined) byRecorder.set(one.recorder, [one]);
    else others.push(one);
  }
  const most = Math.max(0, ...[...byRecorder.values()].map(({ length }) => length));
  // Others note less often: how long pools take to answer shares.
  const ofBlocks = [...byRecorder.values()].filter(({ length }) => length > most / 2);
  const [ofMachine = []] = ofBlocks.sort((a, b) => total(b) - total(a));
  let next = 0;
  const matched = writtenMs.map((fromMs, block) => {
    for (let one = ofMachine[next]; one !== undefined; one = ofMachine[++next])
      if (one.atMs - one.durationMs >= fromMs)
        return { outsideMs: one.atMs - fromMs, insideMs: one.durationMs };
    throw new Error(`block ${block + 1} of ${writtenMs.length} did not reach the chains`);
  });
  return {
    outsideMs: matched.map(({ outsideMs }) => outsideMs),
    insideMs: matched.map(({ insideMs }) => insideMs),
  };
}

/** The last chain is never before any other one. */
function total(noted: readonly NotedLatency[]): number {
  return noted.reduce((sum, { durationMs }) => sum + durationMs, 0);
}
