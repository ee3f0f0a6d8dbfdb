import { expect, test } from "vitest";
import { type Board, boards } from "./fault-row.ts";
import { faultRows } from "./rows.ts";
import { runCell } from "./run-cell.ts";
import { startUnguarded } from "./unguarded.ts";

/** Faults that a machine cannot live through by itself: of sensors, fans, heat. */
const NEEDS_A_GUARD = [
  "sensor lost",
  "all sensors of a board lost",
  "sensor absurd, 127 °C",
  "fan stalled",
  "all fans stalled",
  "tachometer lost",
  "ambient too hot",
  "ambient dangerous",
];

/** Of the large machines, whose cells cost seconds, those that differ most. */
const OF_LARGE = ["all sensors of a board lost", "all fans stalled", "ambient dangerous"];

function rowNamed(fault: string) {
  const row = faultRows.find((each) => each.fault === fault);
  if (row === undefined) throw new Error(`no row ${fault}`);
  return row;
}

test.each(boards)(
  "%s without a guard: the referee shows every fault that needs one",
  async (board: Board) => {
    for (const fault of board === "bitaxe-gamma" ? NEEDS_A_GUARD : OF_LARGE) {
      const result = await runCell(rowNamed(fault), board, { start: startUnguarded });
      expect(result).toMatchObject({ fault, is: "failed" });
    }
  },
  120_000,
);

test("without a guard a machine in hot air gets dangerously hot, and stays so", async () => {
  const result = await runCell(rowNamed("ambient dangerous"), "bitaxe-gamma", {
    start: startUnguarded,
  });
  expect(result.is === "failed" && result.problems.join("; ")).toMatch(
    /never power off.*dangerously hot under power/,
  );
}, 60_000);

test("without a guard and without a fault there is nothing to be seen", async () => {
  const calm = rowNamed("disk full");
  expect(await runCell(calm, "bitaxe-gamma", { start: startUnguarded })).toMatchObject({
    is: "ok",
  });
});
