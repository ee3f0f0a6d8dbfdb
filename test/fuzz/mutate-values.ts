/** Changes to plain values, as JSON has them: another kind of thing in some place, a key too many or too few. */
import { AWKWARD_TEXTS } from "./mutate.ts";
import type { Random } from "./random.ts";

/** One place of `value` changed; `others` may be put there. */
export function changedValue(random: Random, value: unknown, others: readonly unknown[]): unknown {
  const again = (inner: unknown) => changedValue(random, inner, others);
  if (typeof value !== "object" || value === null || random.chance(0.1))
    return oddValue(random, others);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (items.length === 0 || random.chance(0.2))
      return Array.from({ length: random.pick([0, 1, 17, 300]) }, () => items[0]);
    const at = random.below(items.length);
    return items.with(at, again(items[at]));
  }
  const record = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(record);
  const key =
    random.chance(0.85) && keys.length > 0 ? random.pick(keys) : random.pick(AWKWARD_TEXTS);
  if (random.chance(0.15))
    return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
  return { ...record, [key]: again(record[key]) };
}

const NUMBERS = [
  0,
  -0,
  -1,
  1,
  1.5,
  2,
  64,
  256,
  257,
  65_536,
  2 ** 32,
  2 ** 53,
  1e21,
  -1e308,
  5e-324,
];

function oddValue(random: Random, others: readonly unknown[]): unknown {
  return random.pick<() => unknown>([
    () => null,
    () => random.chance(0.5),
    () => random.pick(NUMBERS),
    () => random.pick(NUMBERS),
    () => random.pick(AWKWARD_TEXTS),
    () => `${random.pick(NUMBERS)}`,
    () => [],
    () => ({}),
    // Whoever makes text of this calls what is no function.
    () => ({ toString: 1, valueOf: 1 }),
    () => ({ [NESTED]: random.pick([3, 5_000]) }),
    () => random.pick(others),
  ])();
}

/** Stands for a list in a list in a list: as a value it could neither be printed nor shrunk. */
const NESTED = "(nested)";

/** The value with everything that only stood for something put in its place. */
export function expandedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expandedValue);
  if (typeof value !== "object" || value === null) return value;
  const record = value as Readonly<Record<string, unknown>>;
  const depth = record[NESTED];
  if (typeof depth === "number") return nested(Math.min(20_000, depth));
  return Object.fromEntries(Object.entries(record).map(([key, one]) => [key, expandedValue(one)]));
}

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}
