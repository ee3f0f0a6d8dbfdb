/** What the clients of a soak asked, how long the answers took, and everything that was no answer. */
import { type Summary, summaryOf } from "../../bench/statistics.ts";

/** Of each kind, in words; the count goes on. */
const KEPT_FAILURES = 5;

export interface TallyRow {
  readonly kind: string;
  readonly count: number;
  readonly failures: number;
  /** The first few. */
  readonly failed: readonly string[];
  /** Of those that were answered, ms; null: none. */
  readonly answer: Summary | null;
}

interface Row {
  count: number;
  failures: number;
  readonly failed: string[];
  readonly answerMs: number[];
}

export class Tally {
  readonly #rows = new Map<string, Row>();

  /** Something that was done, with the time that it took where that says anything. */
  add(kind: string, answerMs?: number): void {
    const row = this.#row(kind);
    row.count++;
    if (answerMs !== undefined) row.answerMs.push(answerMs);
  }

  fail(kind: string, what: string): void {
    const row = this.#row(kind);
    row.count++;
    row.failures++;
    if (row.failed.length < KEPT_FAILURES) row.failed.push(what);
  }

  /** Runs it, and notes how long it took or why it failed. */
  async time(kind: string, run: () => Promise<void>): Promise<void> {
    const startedMs = performance.now();
    try {
      await run();
      this.add(kind, performance.now() - startedMs);
    } catch (error) {
      this.fail(kind, error instanceof Error ? error.message : String(error));
    }
  }

  count(kind: string): number {
    return this.#rows.get(kind)?.count ?? 0;
  }

  get failures(): number {
    return [...this.#rows.values()].reduce((sum, { failures }) => sum + failures, 0);
  }

  get rows(): readonly TallyRow[] {
    return [...this.#rows]
      .map(([kind, { count, failures, failed, answerMs }]) => ({
        kind,
        count,
        failures,
        failed,
        answer: answerMs.length === 0 ? null : summaryOf(answerMs),
      }))
      .sort((a, b) => (a.kind < b.kind ? -1 : 1));
  }

  #row(kind: string): Row {
    let row = this.#rows.get(kind);
    if (row === undefined) {
      row = { count: 0, failures: 0, failed: [], answerMs: [] };
      this.#rows.set(kind, row);
    }
    return row;
  }
}
