/** Changes the text of a configuration file so that it says another value, and leaves the comments where they are. */
import { applyEdits, findNodeAtLocation, type JSONPath, modify, parseTree } from "jsonc-parser";
import { isRecord } from "../src/config/paths.ts";
import { isSame, keysOf, own } from "../src/config/plain-values.ts";
import { parseJsonc } from "./cli/config-file.ts";

/** Each edit reads the text again; who changes this much has made a new file. */
const MAX_EDITS = 200;

interface Edit {
  readonly path: JSONPath;
  readonly change:
    | { readonly is: "set"; readonly value: unknown }
    | { readonly is: "insert"; readonly value: unknown }
    | { readonly is: "remove" }
    /** Items in another order: at each place the one that stood at this place. */
    | { readonly is: "reorder"; readonly from: readonly number[] };
}

/** `text` must be what `parseJsonc` takes. Comments are lost only where no edit can be found that keeps them. */
export function textWith(text: string, value: unknown): string {
  const edits = [...editsBetween(parseJsonc(text), value, [])];
  if (edits.length > MAX_EDITS) return freshText(value);
  const edited = edits.reduce(applied, text);
  return says(edited, value) ? edited : freshText(value);
}

export function freshText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function says(text: string, value: unknown): boolean {
  try {
    return isSame(parseJsonc(text), value);
  } catch {
    return false;
  }
}

function* editsBetween(before: unknown, after: unknown, path: JSONPath): Generator<Edit> {
  if (isSame(before, after)) return;
  if (isRecord(before) && isRecord(after)) {
    for (const key of keysOf(before, after)) {
      const [old, next] = [own(before, key), own(after, key)];
      if (next === undefined) yield { path: [...path, key], change: { is: "remove" } };
      else yield* editsBetween(old, next, [...path, key]);
    }
  } else if (Array.isArray(before) && Array.isArray(after)) {
    yield* listEdits(before, after, path);
  } else {
    yield { path, change: { is: "set", value: after } };
  }
}

function* listEdits(
  before: readonly unknown[],
  after: readonly unknown[],
  path: JSONPath,
): Generator<Edit> {
  const from = orderOf(before, after);
  if (from !== undefined) {
    yield { path, change: { is: "reorder", from } };
    return;
  }
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && isSame(before[head], after[head])) head++;
  let tail = 0;
  while (tail < shorter - head && isSame(before.at(-1 - tail), after.at(-1 - tail))) tail++;
  const shared = shorter - tail;
  for (let at = head; at < shared; at++) yield* editsBetween(before[at], after[at], [...path, at]);
  for (let at = before.length - tail - 1; at >= shared; at--)
    yield { path: [...path, at], change: { is: "remove" } };
  for (let at = shared; at < after.length - tail; at++)
    yield { path: [...path, at], change: { is: "insert", value: after[at] } };
}

/** Where each item of `after` stood in `before`; `undefined` when it is not the same items. */
function orderOf(before: readonly unknown[], after: readonly unknown[]): number[] | undefined {
  if (before.length !== after.length) return undefined;
  const taken = new Set<number>();
  for (const item of after) {
    const at = before.findIndex((other, i) => !taken.has(i) && isSame(other, item));
    if (at < 0) return undefined;
    taken.add(at);
  }
  return [...taken];
}

function applied(text: string, { path, change }: Edit): string {
  if (change.is === "reorder") return reordered(text, path, change.from);
  const value = change.is === "remove" ? undefined : change.value;
  return applyEdits(
    text,
    modify(text, path, value, {
      formattingOptions: indentationOf(text),
      isArrayInsertion: change.is === "insert",
    }),
  );
}

/** An item takes the comments with it that stand inside of it. */
function reordered(text: string, path: JSONPath, from: readonly number[]): string {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  const items = (tree && findNodeAtLocation(tree, path))?.children ?? [];
  const parts = items.map(({ offset, length }) => text.slice(offset, offset + length));
  let result = text;
  // From the end, so that what lies before keeps its place.
  for (const [at, { offset, length }] of [...items.entries()].reverse())
    result =
      result.slice(0, offset) + (parts[from[at] ?? at] ?? "") + result.slice(offset + length);
  return result;
}

function indentationOf(text: string) {
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? "  ";
  return {
    insertSpaces: !indent.startsWith("\t"),
    tabSize: indent.startsWith("\t") ? 1 : indent.length,
    eol: text.includes("\r\n") ? "\r\n" : "\n",
  };
}
