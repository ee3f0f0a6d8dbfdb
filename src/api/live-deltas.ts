/** What changed between two states of a tree, as JSON pointers (RFC 6901) with their new values, and back. */

/** [pointer, value]: it is this now. [pointer]: it is gone. */
export type LiveChange = readonly [pointer: string, value: unknown] | readonly [pointer: string];

/** A list that grew or shrank is told whole: its entries would have to move. */
export function changesBetween(before: unknown, after: unknown): LiveChange[] {
  const changes: LiveChange[] = [];
  compare(before, after, "", changes);
  return changes;
}

/** A copy of `tree` with the changes made; shares what did not change. Throws RangeError for a pointer that leads nowhere. */
export function withChanges<T>(tree: T, changes: readonly LiveChange[]): T {
  return changes.reduce<unknown>(
    (next, change) => changed(next, stepsOf(change[0]), change),
    tree,
  ) as T;
}

function compare(before: unknown, after: unknown, at: string, changes: LiveChange[]): void {
  if (Object.is(before, after)) return;
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [index, item] of after.entries())
      compare(before[index], item, `${at}/${index}`, changes);
    return;
  }
  if (isRecord(before) && isRecord(after)) {
    for (const key of Object.keys(before))
      if (after[key] === undefined && before[key] !== undefined)
        changes.push([`${at}/${escaped(key)}`]);
    for (const [key, value] of Object.entries(after)) {
      if (value === undefined) continue;
      compare(before[key], value, `${at}/${escaped(key)}`, changes);
    }
    return;
  }
  changes.push([at, after]);
}

function changed(node: unknown, [step, ...rest]: readonly string[], change: LiveChange): unknown {
  if (step === undefined) return change[1];
  if (Array.isArray(node)) {
    const index = Number(step);
    if (!(index in node)) throw new RangeError(`live: ${change[0]} leads nowhere`);
    return node.map((item, at) => (at === index ? changed(item, rest, change) : item));
  }
  if (!isRecord(node)) throw new RangeError(`live: ${change[0]} leads nowhere`);
  if (rest.length === 0 && change.length === 1) {
    const { [step]: _gone, ...left } = node;
    return left;
  }
  return { ...node, [step]: changed(node[step], rest, change) };
}

function stepsOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
