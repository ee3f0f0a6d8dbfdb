/** What steps throw, and how a failure is put into words. */
import { printable, toHex } from "../../src/lib/bytes.ts";
import type { Received } from "./peer.ts";
import type { Step } from "./scenario.ts";
import { shown } from "./shown.ts";

/** A step that did not come true. */
export class StepFailure extends Error {}

/** The person at the keyboard wants no more. */
export class Interrupted extends Error {}

/** With the place in the file. */
export class PlacedFailure extends Error {
  readonly line: number;

  constructor(file: string, step: Step, what: string) {
    const argument = step.argument?.kind === "scalar" ? ` ${step.argument.text}` : "";
    const why = step.why === undefined ? "" : ` (${step.why})`;
    super(`${file}:${step.line}: ${step.verb}${printable(argument, 60)}: ${what}${why}`);
    this.line = step.line;
  }
}

export function describeMessage({ name, fields }: Received): string {
  const parts = Object.entries(fields).map(([key, value]) => {
    const text = value instanceof Uint8Array ? toHex(value.subarray(0, 40)) : shown(value);
    return `${key}=${printable(text, 80)}`;
  });
  return `${name} { ${parts.join(", ")} }`;
}
