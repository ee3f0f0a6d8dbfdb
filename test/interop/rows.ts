/** The table of what passed. */

export interface Row {
  readonly what: string;
  readonly passed: boolean;
  /** The figures behind the verdict. */
  readonly found: string;
}

export class Rows {
  readonly #rows: Row[] = [];
  readonly #say: (text: string) => void;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  add(what: string, passed: boolean, found: string): void {
    this.#rows.push({ what, passed, found });
    this.#say(`${passed ? "passed" : "FAILED"}: ${what}: ${found}`);
  }

  get all(): readonly Row[] {
    return this.#rows;
  }

  get allPassed(): boolean {
    return this.#rows.length > 0 && this.#rows.every(({ passed }) => passed);
  }

  table(): string {
    const width = Math.max(...this.#rows.map(({ what }) => what.length));
    return this.#rows
      .map(
        ({ what, passed, found }) =>
          `${passed ? " ok " : "FAIL"}  ${what.padEnd(width)}  ${found}\n`,
      )
      .join("");
  }
}
