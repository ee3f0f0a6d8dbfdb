import { expect, test } from "vitest";
import type { Board } from "./fault-row.ts";
import { faultRows } from "./rows.ts";
import { runCell } from "./run-cell.ts";

/** Faults whose deadline hangs on the poll, at moments spread over one. */
const CASES: readonly (readonly [fault: string, board: Board, everyMs: number, times: number])[] = [
  ["all sensors of a board lost", "s19j-pro", 610, 5],
  ["ambient dangerous", "s19j-pro", 1_700, 2],
  ["all sensors of a board lost", "s21-pro", 330, 3],
  ["all sensors of a board lost", "bitaxe-gamma", 110, 9],
  ["chip running hot", "bitaxe-gamma", 230, 4],
  ["heat sink comes off", "bitaxe-gamma", 230, 4],
  ["miner stopped", "bitaxe-gamma", 37, 6],
];

test.each(CASES)(
  "%s on %s keeps its deadline whenever it comes",
  async (fault, board, everyMs, times) => {
    const row = faultRows.find((each) => each.fault === fault);
    if (row === undefined) throw new Error(`no row ${fault}`);
    for (let i = 0; i < times; i++) {
      const phaseMs = i * everyMs;
      const result = await runCell(row, board, { phaseMs });
      expect({ phaseMs, result }).toMatchObject({ phaseMs, result: { problems: [] } });
    }
  },
  120_000,
);
