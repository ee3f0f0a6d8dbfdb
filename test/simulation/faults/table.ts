/** Results of cells as an aligned table. */
import type { CellResult } from "./run-cell.ts";

const HEAD = ["fault", "board", "outcome", "safe after", "limit", ""] as const;

export function tableOf(results: readonly CellResult[]): string {
  const rows = [[...HEAD], ...results.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => row.map((text, column) => text.padEnd(widths[column] ?? 0)).join("  "))
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

function cellsOf(result: CellResult): string[] {
  const { fault, board } = result;
  if (result.is === "n/a") return [fault, board, "-", "", "", `n/a: ${result.why}`];
  const { expected, safeAfterS, problems } = result;
  const { outcome, limitS, note, others } = expected;
  const seconds =
    outcome === "nothing" || safeAfterS === undefined ? "-" : `${safeAfterS.toFixed(2)} s`;
  const limit = outcome === "nothing" ? `watched ${limitS} s` : `${limitS} s`;
  const remarks = [note, others === undefined ? undefined : others.why].filter(
    (text) => text !== undefined,
  );
  const end = result.is === "ok" ? ["ok", ...remarks].join(": ") : `FAILED: ${problems.join("; ")}`;
  return [fault, board, outcome, seconds, limit, end];
}
