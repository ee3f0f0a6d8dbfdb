/** What differs between two configurations, for people: place by place, with what a change costs. Secrets are masked. */
import type { ConfigDifference } from "../api/device.ts";
import { maskSecrets } from "../api/mask-secrets.ts";
import { formatPath, isRecord } from "./paths.ts";
import { isSame, keysOf, own, withoutDefaults } from "./plain-values.ts";
import { configTree } from "./schema.ts";
import {
  childrenOf,
  formsOf,
  isSecret,
  restartOf,
  type SchemaNode,
  type Step,
} from "./schema-node.ts";

/**
 * Of two configurations with their defaults in place, so that a default that is said is no difference. A list that is only in
 * another order shows what its items are called.
 */
export function differences(
  before: unknown,
  after: unknown,
  schema: SchemaNode = configTree,
): readonly ConfigDifference[] {
  return [...compare({ before, after, steps: [], nodes: [schema] })].map(shown);
}

/** True when one of the changes can cut the operator off. */
export function mustBeConfirmed(
  before: unknown,
  after: unknown,
  schema: SchemaNode = configTree,
): boolean {
  return [...compare({ before, after, steps: [], nodes: [schema] })].some(({ nodes }) =>
    nodes.some(({ confirm }) => confirm === true),
  );
}

interface Place {
  readonly before: unknown;
  readonly after: unknown;
  readonly steps: readonly Step[];
  /** What the schema says of it. */
  readonly nodes: readonly SchemaNode[];
}

function* compare(place: Place): Generator<Place> {
  const { before, after, nodes } = place;
  if (isSame(before, after)) return;
  const forms = nodes.flatMap(formsOf);
  const isObject = forms.some(({ properties }) => properties !== undefined);
  if (isObject && isRecord(before ?? {}) && isRecord(after ?? {})) yield* compareObjects(place);
  else if (Array.isArray(before) && Array.isArray(after) && isListOfObjects(forms))
    yield* compareLists(place, before, after);
  else yield place;
}

function* compareObjects({ before, after, steps, nodes }: Place): Generator<Place> {
  const [a, b] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}];
  // In the order of the declaration, not in the order in which somebody wrote or changed things.
  const declared = nodes
    .flatMap(formsOf)
    .flatMap(({ properties }) => Object.keys(properties ?? {}));
  for (const key of new Set([...declared, ...keysOf(a, b)])) {
    const below = childrenOf(nodes, key);
    // What an absent object has by default does not come or go with it.
    const byDefault = below.find((node) => node.default !== undefined)?.default;
    yield* compare({
      before: own(a, key) ?? (before === undefined ? byDefault : undefined),
      after: own(b, key) ?? (after === undefined ? byDefault : undefined),
      steps: [...steps, key],
      nodes: below,
    });
  }
}

function* compareLists(
  { steps, nodes }: Place,
  before: readonly unknown[],
  after: readonly unknown[],
): Generator<Place> {
  if (isPermutation(before, after)) {
    yield { before: before.map(labelOf), after: after.map(labelOf), steps, nodes };
    return;
  }
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && isSame(before[head], after[head])) head++;
  let tail = 0;
  while (tail < shorter - head && isSame(before.at(-1 - tail), after.at(-1 - tail))) tail++;
  const longest = Math.max(before.length, after.length) - tail;
  for (let at = head; at < longest; at++) {
    const pair = { before: inMiddle(before, at, tail), after: inMiddle(after, at, tail) };
    const place = { ...pair, steps: [...steps, at], nodes: childrenOf(nodes, at) };
    if (pair.before === undefined || pair.after === undefined) yield place;
    else yield* compare(place);
  }
}

function inMiddle(list: readonly unknown[], at: number, tail: number): unknown {
  return at < list.length - tail ? list[at] : undefined;
}

function isPermutation(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  const left = [...b];
  return a.every((item) => {
    const at = left.findIndex((other) => isSame(item, other));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

function isListOfObjects(forms: readonly SchemaNode[]): boolean {
  return childrenOf(forms, 0).some(({ properties }) => properties !== undefined);
}

const LABELS = ["name", "url", "uart"];

function labelOf(item: unknown): unknown {
  return isRecord(item) ? LABELS.map((key) => own(item, key)).find(Boolean) : item;
}

function shown({ before, after, steps, nodes }: Place): ConfigDifference {
  const schema = { anyOf: nodes.flatMap(formsOf) };
  const show = (value: unknown) =>
    maskSecrets(isSecret(nodes) ? value : withoutDefaults(value, schema), schema);
  return {
    path: formatPath(steps),
    before: show(before),
    after: show(after),
    restart: restartOf(nodes),
  };
}
