/** `npm run failover`: the fail-over matrix as a table; exit code 1 when a target was missed. */
import { type Flapping, measureFlapping } from "./flapping.ts";
import { type Cell, cells, measure } from "./matrix.ts";

const HELP = `Usage: npm run failover -- [--json] [--layout WORDS] [--way WORDS] [--hours N]

Kills the first of two or three pools in every way and at every moment, in virtual time, and prints what that cost:
seconds without useful work, seconds until the hash power was back after the pool's recovery, shares without answer,
shares refused. Then a pool dies every seven minutes for a day.
  --json          one JSON object a line
  --layout WORDS  only layouts whose name has these words
  --way WORDS     only ways of dying whose name has these words
  --hours N       of the pool that dies every seven minutes; 24 unless told, 0: not at all
`;

/** A pool that never proves itself is returned to twice at most: by the first five minutes, and by the first ten. */
const MAX_RETURNS = 2;
/** Of each death: the tick in which the standby takes over. */
const MAX_LOST_S_PER_DEATH = 1;

const args = process.argv.slice(2);
if (args.includes("--help")) {
  process.stdout.write(HELP);
  process.exit(0);
}
const options = new Map<string, string>();
for (let at = 0; at < args.length; at++) {
  const name = args[at] ?? "";
  if (name === "--json") continue;
  const value = args[++at];
  if (!["--layout", "--way", "--hours"].includes(name) || value === undefined) {
    process.stderr.write(HELP);
    process.exit(2);
  }
  options.set(name, value);
}
const json = args.includes("--json");
const hours = Number(options.get("--hours") ?? 24);
const has = (text: string, option: string) => text.includes(options.get(option) ?? "");
const chosen = cells().filter(
  ({ layout, way }) => has(layout.name, "--layout") && has(way.name, "--way"),
);
const print = (text: string) => process.stdout.write(`${text}\n`);

let failures = 0;
if (!json)
  print(
    `${"pools".padEnd(34)}${"way".padEnd(13)}${"moment".padEnd(18)}${"useless".padStart(10)}${"allowed".padStart(9)}${"return".padStart(9)}${"lost".padStart(6)}${"refused".padStart(9)}  verdict`,
  );
for (const options of chosen) {
  const cell = await measure(options);
  if (cell.problem !== null) failures++;
  print(json ? JSON.stringify(cell) : row(cell));
}
if (hours > 0) {
  const flapping = await measureFlapping(hours);
  const problem = flappingProblem(flapping);
  if (problem !== null) failures++;
  print(
    json
      ? JSON.stringify({ ...flapping, problem })
      : `a pool that dies every 7 minutes for ${hours} h: ${flapping.deaths} deaths, ${flapping.returns} returns to it, ${flapping.withoutPoolS.toFixed(2)} s without a pool  ${problem ?? "ok"}`,
  );
}
if (!json) print(failures === 0 ? "all within their targets" : `${failures} targets missed`);
process.exit(failures === 0 ? 0 : 1);

function row(cell: Cell): string {
  const seconds = (value: number | null) => (value === null ? "" : `${value.toFixed(2)} s`);
  return `${cell.layout.padEnd(34)}${cell.way.padEnd(13)}${cell.moment.padEnd(18)}${seconds(cell.uselessS).padStart(10)}${seconds(cell.limitS).padStart(9)}${(cell.returnS === null ? "" : `${Math.round(cell.returnS)} s`).padStart(9)}${`${cell.sharesLost}`.padStart(6)}${`${cell.sharesRefused}`.padStart(9)}  ${cell.problem ?? "ok"}`;
}

function flappingProblem({ returns, withoutPoolS, deaths }: Flapping): string | null {
  if (returns > MAX_RETURNS) return `${returns} returns to a pool that never proves itself`;
  const allowedS = 5 + deaths * MAX_LOST_S_PER_DEATH;
  return withoutPoolS > allowedS ? `${withoutPoolS} s without a pool` : null;
}
