/** Whether a literal in a file fits the field that it is for, as far as that can be known before names have values. */
import { isMatcher } from "./matchers.ts";
import { type Scope, ValueProblem } from "./scope.ts";
import type { SourceNode } from "./source.ts";
import { namesIn, readJson, readValue } from "./values.ts";

const nothingYet: Scope = {
  get(name) {
    throw new ValueProblem(`$${name}`, "a value");
  },
};

const integerBits: Readonly<Record<string, number>> = { U8: 8, U16: 16, U24: 24, U32: 32, U64: 64 };

/** Throws ValueProblem. `undefined` as a data type: any JSON value. */
export function checkLiteral(node: SourceNode, dataType: string | undefined): void {
  if (namesIn(node).length > 0 || isMatcher(node)) return;
  if (dataType === undefined) {
    readJson(node, nothingYet);
    return;
  }
  const value = readValue(node, dataType, nothingYet);
  const bits = integerBits[dataType];
  if (bits !== undefined && !fits(value as number | bigint, bits))
    throw new ValueProblem(`${String(value)} does not fit ${dataType}`, `0 to 2^${bits} - 1`);
  if (dataType === "U256" && value instanceof Uint8Array && value.length !== 32)
    throw new ValueProblem(
      `${value.length} bytes for ${dataType}`,
      "32 bytes, or { difficulty: N }",
    );
}

function fits(value: number | bigint, bits: number): boolean {
  if (typeof value === "number" && !Number.isInteger(value)) return false;
  return BigInt(value) >= 0n && BigInt(value) < 1n << BigInt(bits);
}
