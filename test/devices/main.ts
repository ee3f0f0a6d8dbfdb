/** `npm run devices`: many light devices on one simulated pool; prints how it did and ends non-zero when it did not. */
import { loadavg } from "node:os";
import { type FarmOrder, type FarmTask, type FarmWord, runFarm } from "./farm.ts";
import { readOptions, USAGE } from "./options.ts";
import { kindsText, type Percentiles, runTrial, type TrialReport } from "./trial.ts";

const [program = "", first, second = ""] = process.argv.slice(1);

if (first === "--farm") {
  process.on("disconnect", () => process.exit(1));
  await runFarm(
    JSON.parse(second) as FarmTask,
    (word: FarmWord) => void process.send?.(word),
    (listener) => process.on("message", (order) => listener(order as FarmOrder)),
  );
  process.exit(0);
}

if (process.argv.includes("--help")) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), program);
  const report = await runTrial(options, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : describe(report));
  return report.problems.length === 0 ? 0 : 1;
}

function describe(report: TrialReport): string {
  const { rssMiB, loopDelayMs } = report;
  const lines = [
    `devices               ${report.connected} of ${report.devices} (${kindsText} in turn), connected in ${report.rampS.toFixed(0)} s`,
    `shares                ${report.submitted} sent, ${report.accepted} accepted, ${report.sharesPerSecond.toFixed(0)} a second`,
    `refused               ${JSON.stringify(report.rejected)}, overtaken by a block ${report.overtaken}, unanswered ${report.unanswered}`,
    `errors                ${report.errorCount}${report.errors.map((error) => `\n  ${error}`).join("")}`,
    `acknowledgement       ${times(report.acknowledgementMs)}`,
    `  while connecting    ${times(report.rampAcknowledgementMs)}`,
    `the pool's processor  ${(100 * report.processorShare).toFixed(0)} % of one, load of the machine ${loadavg()[0]?.toFixed(1)}`,
    `the pool's event loop p99 ${loopDelayMs.p99.toFixed(1)} ms late, at most ${loopDelayMs.max.toFixed(1)} ms`,
    `the pool's memory     ${rssMiB.start} MiB at the start, ${rssMiB.middle} in the middle, ${rssMiB.end} at the end; bound ${report.rssBoundMiB.toFixed(0)}`,
    report.problems.length === 0 ? "good" : `NOT good: ${report.problems.join("; ")}`,
  ];
  return `${lines.join("\n")}\n`;
}

function times({ count, p50, p99, max }: Percentiles): string {
  return `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, at most ${max.toFixed(1)} ms (${count})`;
}
