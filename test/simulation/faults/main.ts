/** `npm run faults`: the fault matrix as a table; exit code 1 when a cell failed. */
import { type Board, boards } from "./fault-row.ts";
import { faultRows } from "./rows.ts";
import { type CellResult, runCell } from "./run-cell.ts";
import { tableOf } from "./table.ts";

const HELP = `Usage: npm run faults -- [--json] [--board NAME] [--fault WORDS]

Does every fault to a simulated machine under virtual time, and prints what came of it.
  --json         one JSON object a line
  --board NAME   only ${boards.join(", ")}; may be given again
  --fault WORDS  only rows whose name has these words
`;

const args = process.argv.slice(2);
const named = (name: string) =>
  args.flatMap((arg, index) => (args[index - 1] === name ? [arg] : []));
if (args.includes("--help")) {
  process.stdout.write(HELP);
  process.exit(0);
}
const wanted = named("--board");
const chosen = boards.filter((board) => wanted.length === 0 || wanted.includes(board));
const words = named("--fault");
const rows = faultRows.filter(({ fault }) => words.every((text) => fault.includes(text)));
const known = new Set(["--json", "--board", "--fault", ...wanted, ...words]);
const isWrong = args.some((arg) => !known.has(arg)) || chosen.length < new Set(wanted).size;
if (isWrong || rows.length === 0) {
  process.stderr.write(HELP);
  process.exit(2);
}
const results: CellResult[] = [];
for (const board of chosen as readonly Board[])
  for (const row of rows) {
    const result = await runCell(row, board);
    results.push(result);
    if (args.includes("--json")) process.stdout.write(`${JSON.stringify(result)}\n`);
  }
if (!args.includes("--json")) process.stdout.write(tableOf(results));
process.exit(results.some(({ is }) => is === "failed") ? 1 : 0);
