/** Makes a failing input small: what can be left out is left out, half by half, and numbers become small ones. */

export interface ShrinkBudget {
  readonly calls: number;
  readonly ms: number;
}

/**
 * The smallest input found for which `fails` is still true, with as many calls of it as the budget allows. Knows nothing
 * of what the input means: arrays, text and bytes lose parts, records keep their keys.
 */
export async function shrink(
  input: unknown,
  fails: (smaller: unknown) => boolean | Promise<boolean>,
  budget: ShrinkBudget,
): Promise<unknown> {
  let best = input;
  let left = budget.calls;
  const endMs = performance.now() + budget.ms;
  let improved = true;
  while (improved) {
    improved = false;
    // After a success the list begins anew, with the parts of what is left.
    for (const smaller of smallerThan(best)) {
      if (left-- <= 0 || performance.now() > endMs) return best;
      if (!(await fails(smaller))) continue;
      best = smaller;
      improved = true;
      break;
    }
  }
  return best;
}

/** Simpler values of the same kind, the boldest steps first. */
export function* smallerThan(value: unknown): Generator<unknown> {
  if (value instanceof Uint8Array) {
    for (const [from, to] of spans(value.length))
      yield Uint8Array.from([...value.subarray(0, from), ...value.subarray(to)]);
    for (const [from, to] of spans(Math.min(value.length, 64)))
      if (value.subarray(from, to).some((byte) => byte !== 0))
        yield value.slice().fill(0, from, to);
  } else if (Array.isArray(value)) {
    for (const [from, to] of spans(value.length))
      yield [...value.slice(0, from), ...value.slice(to)];
    for (const [i, item] of value.entries())
      for (const smaller of smallerThan(item)) yield value.with(i, smaller);
  } else if (typeof value === "string") {
    for (const [from, to] of spans(value.length)) yield value.slice(0, from) + value.slice(to);
  } else if (typeof value === "number") {
    if (value !== 0) yield 0;
    if (Math.abs(value) > 1) yield Math.trunc(value / 2);
    if (Math.abs(value) > 2) yield value - Math.sign(value);
  } else if (typeof value === "bigint") {
    if (value !== 0n) yield 0n;
    if (value > 1n) yield value / 2n;
  } else if (value === true) {
    yield false;
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value))
      for (const smaller of smallerThan(item)) yield { ...value, [key]: smaller };
  }
}

/** All of it, the halves, the quarters, down to single places. */
function* spans(length: number): Generator<readonly [from: number, to: number]> {
  for (let size = length; size > 0; size >>= 1)
    for (let from = 0; from < length; from += size) yield [from, Math.min(length, from + size)];
}
