/** Numbers as a scenario writes them: literals, $names, and sums and products of both. */
import { printable } from "../../src/lib/bytes.ts";
import { type Scope, ValueProblem } from "./scope.ts";
import { shown } from "./shown.ts";
import type { SourceNode, SourceScalar } from "./source.ts";

const NUMBER_FORM =
  "a number such as 7 or 0x1fffe000, a $name, or a sum such as $now + 3600 or $difficulty * 2";

export function readNumber(node: SourceNode, scope: Scope): number {
  const { text, value } = scalarOf(node, NUMBER_FORM);
  if (typeof value === "number") return value;
  return Number(sumOf(text, scope, false));
}

export function readInteger(node: SourceNode, scope: Scope): bigint {
  return BigInt(sumOf(scalarOf(node, NUMBER_FORM).text, scope, true));
}

const TERM = String.raw`\$[A-Za-z_][\w.]*|0x[0-9a-fA-F]+|\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?`;

/** Products before sums; whole numbers stay exact. */
export function sumOf(text: string, scope: Scope, isWhole: boolean): bigint | number {
  const parts = [...text.matchAll(new RegExp(`\\s*([-+*/]?)\\s*(${TERM})\\s*`, "gy"))];
  const length = parts.reduce((sum, [whole]) => sum + whole.length, 0);
  const [first] = parts;
  const isSum =
    first !== undefined &&
    length === text.length &&
    !"*/".includes(first[1] || "+") &&
    parts.slice(1).every(([, operator]) => operator !== "");
  if (!isSum) throw new ValueProblem(`"${printable(text, 40)}" is no number`, NUMBER_FORM);
  const summands: (number | bigint)[] = [];
  for (const [, operator = "", term = ""] of parts) {
    const value = termOf(term, scope, isWhole);
    const last = summands.at(-1) ?? 0;
    if (operator === "*") summands[summands.length - 1] = product(last, value, isWhole);
    else if (operator === "/") summands[summands.length - 1] = quotient(last, value, isWhole);
    else summands.push(operator === "-" ? -value : value);
  }
  return isWhole
    ? summands.reduce<bigint>((sum, value) => sum + BigInt(value), 0n)
    : summands.reduce<number>((sum, value) => sum + Number(value), 0);
}

function product(a: number | bigint, b: number | bigint, isWhole: boolean): number | bigint {
  return isWhole ? BigInt(a) * BigInt(b) : Number(a) * Number(b);
}

function quotient(a: number | bigint, b: number | bigint, isWhole: boolean): number | bigint {
  if (Number(b) === 0) throw new ValueProblem("a division by 0", NUMBER_FORM);
  return isWhole ? BigInt(a) / BigInt(b) : Number(a) / Number(b);
}

function termOf(term: string, scope: Scope, isWhole: boolean): number | bigint {
  const value = term.startsWith("$") ? numeric(term, scope) : term.replaceAll("_", "");
  try {
    return isWhole ? BigInt(value) : Number(value);
  } catch {
    throw new ValueProblem(`"${term}" is no whole number`, NUMBER_FORM);
  }
}

function numeric(term: string, scope: Scope): number | bigint {
  const value = scope.get(term.slice(1));
  if (typeof value === "number" || typeof value === "bigint") return value;
  throw new ValueProblem(`${term} is ${describeKind(value)}`, NUMBER_FORM);
}

export function scalarOf(node: SourceNode, allowed: string): SourceScalar {
  if (node.kind === "scalar") return node;
  throw new ValueProblem(`a ${node.kind}`, allowed);
}

export function describeKind(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes (${shown(value)})`;
  return value === undefined ? "none" : `${typeof value} (${printable(shown(value), 40)})`;
}
