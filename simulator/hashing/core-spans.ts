/** Which cores of a chip work, as stretches of neighbours. */

/** Neighbouring cores that all work. */
export interface CoreSpan {
  readonly first: number;
  readonly cores: number;
}

/** `quarters`: bit 0 for the first quarter of the cores. */
export function coreSpans(quarters: number, cores: number): readonly CoreSpan[] {
  const spans: CoreSpan[] = [];
  for (let quarter = 0; quarter < 4; quarter++) {
    if (((quarters >>> quarter) & 1) === 0) continue;
    const first = Math.floor((quarter * cores) / 4);
    const end = Math.floor(((quarter + 1) * cores) / 4);
    const before = spans.at(-1);
    if (before !== undefined && before.first + before.cores === first)
      spans[spans.length - 1] = { first: before.first, cores: end - before.first };
    else if (end > first) spans.push({ first, cores: end - first });
  }
  return spans;
}
