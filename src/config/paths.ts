/** Places in a configuration as people write them, `pools[0].url`, and plain values changed at such a place. */
import { printable } from "../lib/bytes.ts";
import { ConfigError, type ConfigProblem } from "../lib/errors.ts";
import type { Step } from "./schema-node.ts";

const MAX_PATH_LENGTH = 255;
/** Nothing in the configuration lies deeper than half of it. */
const MAX_STEPS = 16;
const FORM = "keys with dots between them and places in lists in brackets, like pools[0].url";

/** Throws ConfigError. The empty path is the whole configuration. */
export function parsePath(path: string): readonly Step[] {
  const steps: Step[] = [];
  if (path.length > MAX_PATH_LENGTH)
    throw refuse(shownPart(path, 40), `has ${path.length} characters`);
  const part = /(?:^|(?<=.)\.)([A-Za-z_][\w-]*)|\[(\d{1,3})\]/y;
  while (part.lastIndex < path.length) {
    const at = part.lastIndex;
    const found = part.exec(path);
    if (found === null)
      throw refuse(shownPart(path, at), `cannot be read from character ${at + 1} on`);
    const [, key, place] = found;
    // Also "a..b" and "[0]a" end here: a key needs a dot before it, and only the first one has none.
    steps.push(key ?? Number(place));
    if (steps.length > MAX_STEPS) throw refuse(path, `has more than ${MAX_STEPS} steps`);
  }
  return steps;
}

/** What follows may be a value: password=… */
function shownPart(path: string, length: number): string {
  const [words = ""] = /^[\w.[\]-]*/.exec(path.slice(0, length)) ?? [];
  return `${words}…`;
}

export function formatPath(steps: readonly Step[]): string {
  return steps
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
    .join("")
    .replace(/^\./, "");
}

/** `undefined` where there is nothing. */
export function valueAt(root: unknown, steps: readonly Step[]): unknown {
  let value = root;
  for (const step of steps) value = childAt(value, step);
  return value;
}

/** A copy with `value` there; objects on the way are made. Throws ConfigError where no such place can be. */
export function withValueAt(root: unknown, steps: readonly Step[], value: unknown): unknown {
  return changed(root, steps, 0, () => value);
}

/** A copy without what is there; what follows in a list moves up. Throws ConfigError where no such place can be. */
export function withoutValueAt(root: unknown, steps: readonly Step[]): unknown {
  return valueAt(root, steps) === undefined ? root : changed(root, steps, 0, () => undefined);
}

function changed(
  value: unknown,
  steps: readonly Step[],
  depth: number,
  change: () => unknown,
): unknown {
  const step = steps[depth];
  if (step === undefined) return change();
  const inner = changed(childAt(value, step), steps, depth + 1, change);
  const here = steps.slice(0, depth);
  if (typeof step === "number") return withItem(value, step, inner, here);
  if (value !== undefined && !isRecord(value)) throw noPlace(here, step, "is no object");
  const entries = Object.entries(value ?? {});
  if (inner === undefined) return Object.fromEntries(entries.filter(([key]) => key !== step));
  return Object.fromEntries(
    Object.hasOwn(value ?? {}, step)
      ? entries.map(([key, old]) => [key, key === step ? inner : old])
      : [...entries, [step, inner]],
  );
}

function withItem(value: unknown, at: number, item: unknown, here: readonly Step[]): unknown {
  if (value !== undefined && !Array.isArray(value)) throw noPlace(here, at, "is no list");
  const list: readonly unknown[] = value ?? [];
  if (at > list.length)
    throw noPlace(here, at, `has ${list.length} entries`, `places up to [${list.length}]`);
  if (item === undefined) return list.toSpliced(at, 1);
  return at === list.length ? [...list, item] : list.with(at, item);
}

function childAt(value: unknown, step: Step): unknown {
  if (typeof step === "number") return Array.isArray(value) ? value[step] : undefined;
  return isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(path: string, problem: string): ConfigError {
  return new ConfigError([
    { path: printable(path, 60), problem: `as a path, it ${problem}`, allowed: FORM },
  ]);
}

function noPlace(here: readonly Step[], step: Step, why: string, allowed?: string): ConfigError {
  const whole = formatPath(here) || "the configuration";
  const problem: ConfigProblem = {
    path: formatPath([...here, step]),
    problem: `is no place: ${whole} ${why}`,
  };
  return new ConfigError([allowed === undefined ? problem : { ...problem, allowed }]);
}
