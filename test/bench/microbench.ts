/** Times of small operations: many calls per sample, contestants interleaved, the median of the samples. */

export interface Operation {
  readonly name: string;
  /** Not measured: makes ready what the next `calls` calls use up. */
  prepare?(calls: number): void;
  run(): void;
}

export interface OperationTime {
  readonly name: string;
  /** Median per call, ms. */
  readonly ms: number;
}

/** Runs every operation `samples` times in turn, `calls` calls each; the first tenth is discarded. */
export function timeInTurns(
  operations: readonly Operation[],
  samples: number,
  calls: number,
): OperationTime[] {
  const discarded = Math.ceil(samples / 10);
  const times = operations.map(() => [] as number[]);
  for (let sample = 0; sample < samples + discarded; sample++) {
    for (const [i, { prepare, run }] of operations.entries()) {
      prepare?.(calls);
      const startMs = performance.now();
      for (let call = 0; call < calls; call++) run();
      if (sample >= discarded) times[i]?.push((performance.now() - startMs) / calls);
    }
  }
  return operations.map(({ name }, i) => ({ name, ms: medianOf(times[i] ?? []) }));
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
