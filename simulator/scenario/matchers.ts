/** Whether a field that came is one that a scenario expects: equal, or as a matcher such as `{ min: 1, max: 5, as: rate }` says. */
import { difficultyOfTarget } from "../../src/bitcoin/target.ts";
import { equalBytes, printable, toHex } from "../../src/lib/bytes.ts";
import { durationMs } from "./duration.ts";
import { readNumber } from "./numbers.ts";
import { type Scope, ValueProblem } from "./scope.ts";
import { shown } from "./shown.ts";
import { plain, type SourceNode } from "./source.ts";

/** Every key of a matcher; all that are given must hold. */
export const matcherKeys = {
  is: "equal to this",
  not: "anything but this",
  oneOf: "equal to one of this list",
  min: "a number, time or difficulty of at least this",
  max: "a number, time or difficulty of at most this",
  regex: "text, or bytes as hex, that the pattern finds",
  length: "bytes, characters or elements",
  set: "all of these bits are set",
  clear: "none of these bits is set",
  as: "anything; from then on $NAME stands for it",
} as const;

export type MatcherKey = keyof typeof matcherKeys;

/** Reads a literal of the type that the field has. */
export type ReadLiteral = (node: SourceNode, scope: Scope) => unknown;

/** A map whose keys are all a matcher's; other maps are literals (JSON objects, or `{ difficulty: 5 }`). */
export function isMatcher(node: SourceNode): boolean {
  return (
    node.kind === "map" &&
    node.entries.size > 0 &&
    [...node.entries.keys()].every((key) => key in matcherKeys)
  );
}

/** `undefined` where `value` is as expected, otherwise what was expected. Calls `capture` for `as`. Throws ValueProblem. */
export function mismatch(
  expected: SourceNode,
  value: unknown,
  readLiteral: ReadLiteral,
  scope: Scope,
  capture: (name: string, value: unknown) => void,
): string | undefined {
  if (!isMatcher(expected)) {
    const literal = readLiteral(expected, scope);
    return same(literal, value) ? undefined : shown(literal);
  }
  const entries = expected.kind === "map" ? [...expected.entries] : [];
  for (const [key, node] of entries) {
    const wanted = checks[key as MatcherKey](node, value, readLiteral, scope);
    if (wanted !== undefined) return wanted;
  }
  for (const [key, node] of entries) if (key === "as") capture(String(plain(node)), value);
  return undefined;
}

type Check = (
  node: SourceNode,
  value: unknown,
  readLiteral: ReadLiteral,
  scope: Scope,
) => string | undefined;

const checks: Readonly<Record<MatcherKey, Check>> = {
  is: (node, value, read, scope) => {
    const literal = read(node, scope);
    return same(literal, value) ? undefined : shown(literal);
  },
  not: (node, value, read, scope) => {
    const literal = read(node, scope);
    return same(literal, value) ? `anything but ${shown(literal)}` : undefined;
  },
  oneOf: (node, value, read, scope) => {
    if (node.kind !== "list") throw new ValueProblem(`a ${node.kind}`, "a list of values");
    const literals = node.items.map((item) => read(item, scope));
    if (literals.some((literal) => same(literal, value))) return undefined;
    return `one of ${literals.map(shown).join(", ")}`;
  },
  min: (node, value, _, scope) => {
    const limit = bound(node, scope);
    return measure(value) >= limit ? undefined : `at least ${text(node)}`;
  },
  max: (node, value, _, scope) => {
    const limit = bound(node, scope);
    return measure(value) <= limit ? undefined : `at most ${text(node)}`;
  },
  regex: (node, value) =>
    pattern(node).test(value instanceof Uint8Array ? toHex(value) : shown(value))
      ? undefined
      : `what /${text(node)}/ finds`,
  length: (node, value, _, scope) => {
    const wanted = readNumber(node, scope);
    const length = lengthOf(value);
    return length === wanted ? undefined : `a length of ${wanted}, not ${length}`;
  },
  set: (node, value, _, scope) => {
    const bits = readNumber(node, scope);
    return (bitsOf(value) & bits) >>> 0 === bits >>> 0 ? undefined : `bits ${hex(bits)} set`;
  },
  clear: (node, value, _, scope) => {
    const bits = readNumber(node, scope);
    return (bitsOf(value) & bits) >>> 0 === 0 ? undefined : `bits ${hex(bits)} clear`;
  },
  as: () => undefined,
};

function same(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array || b instanceof Uint8Array)
    return a instanceof Uint8Array && b instanceof Uint8Array && equalBytes(a, b);
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, index) => same(one, b[index]));
  if (isNumeric(a) && isNumeric(b)) return a === b || Number(a) === Number(b);
  if (typeof a === "object" && typeof b === "object" && a !== null && b !== null) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => key in b && same(Reflect.get(a, key), Reflect.get(b, key)))
    );
  }
  return a === b;
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** A target counts as its difficulty, text of digits as a number (hex as Stratum V1 writes it does not). */
function measure(value: unknown): number {
  if (value instanceof Uint8Array)
    return value.length === 32 ? difficultyOfTarget(value) : value.length;
  return isNumeric(value) || typeof value === "string" ? Number(value) : Number.NaN;
}

function bound(node: SourceNode, scope: Scope): number {
  const duration = node.kind === "scalar" ? durationMs(node.text) : undefined;
  return duration ?? readNumber(node, scope);
}

/** Numbers, or Stratum V1's eight hex digits. */
function bitsOf(value: unknown): number {
  return typeof value === "string" ? Number.parseInt(value, 16) : Number(value);
}

function lengthOf(value: unknown): number {
  if (typeof value === "string" || value instanceof Uint8Array || Array.isArray(value))
    return value.length;
  return Number.NaN;
}

const MAX_PATTERN = 200;

export function pattern(node: SourceNode): RegExp {
  const source = text(node);
  if (source.length > MAX_PATTERN)
    throw new ValueProblem(`a pattern of ${source.length} characters`, `at most ${MAX_PATTERN}`);
  try {
    return new RegExp(source, "u");
  } catch {
    throw new ValueProblem(`/${printable(source, 40)}/ is no pattern`, "a regular expression");
  }
}

function text(node: SourceNode): string {
  return node.kind === "scalar" ? node.text : "";
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
