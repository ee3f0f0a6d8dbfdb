/** The names that values may have in them, and what is said of a value that cannot be what it should. */
import { printable } from "../../src/lib/bytes.ts";
import { nearest } from "../../src/lib/nearest.ts";

/** The names that a scenario may use, with what they stand for at this moment. */
export interface Scope {
  /** Throws ValueProblem for a name that nothing was given. */
  get(name: string): unknown;
}

/** A value that cannot be what it should; `allowed` says what could. */
export class ValueProblem extends Error {
  readonly allowed: string;

  constructor(problem: string, allowed: string) {
    // What a file says ends on a terminal.
    super(printable(problem, 400));
    this.allowed = allowed;
  }
}

export function unknownName(name: string, known: Iterable<string>): ValueProblem {
  const names = [...known].sort();
  const meant = nearest(name, names);
  const hint = meant === undefined ? "" : `, did you mean $${meant}?`;
  return new ValueProblem(
    `$${name} stands for nothing here${hint}`,
    names.map((n) => `$${n}`).join(" "),
  );
}
