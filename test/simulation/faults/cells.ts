/** Cells of the matrix as tests. */
import { describe, expect, test } from "vitest";
import type { Board, FaultRow } from "./fault-row.ts";
import { runCell } from "./run-cell.ts";

/** A cell takes a second or two; the longest are ten virtual minutes of 3 × 126 chips. */
const TIMEOUT_MS = 120_000;
/** Rows come at different moments between two polls. */
const PHASE_MS = 370;

export function testCells(board: Board, rows: readonly FaultRow[]): void {
  describe(board, () => {
    for (const [i, row] of rows.entries()) {
      const cell = row.cells[board];
      if ("na" in cell) {
        test(`${row.fault}: n/a, ${cell.na}`, () => expect(cell.na).not.toBe(""));
        continue;
      }
      test(`${row.fault}: ${cell.outcome}`, { timeout: TIMEOUT_MS }, async () => {
        const result = await runCell(row, board, { phaseMs: (i * PHASE_MS) % 3_000 });
        expect(result.is === "n/a" ? [] : result.problems).toEqual([]);
      });
    }
  });
}
