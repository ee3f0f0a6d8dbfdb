/** `npm run package:check`: makes everything twice, compares, verifies, and runs it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Target } from "../../../src/update/update-file.ts";
import { makePackage, type PackageOptions, type PackageReport } from "../make-package.ts";
import { optionLines, parsePackagingOptions } from "../options.ts";
import { findRepository } from "../repository.ts";
import { loadSigningKey } from "../signing-key.ts";
import { isNative } from "../targets.ts";
import { checkSums, checkUpdate, findDifferences } from "./artefact-checks.ts";
import { howQemuRuns, type RunReport, runTarget } from "./run-target.ts";

const HELP = `Usage: npm run package:check -- [options]

Makes the artefacts as "npm run package" does, and once more elsewhere, under another umask, time zone and locale: the
bytes must be the same. Verifies sums, signatures and trees. Runs each executable, copied alone into an empty folder,
without network and without PATH: --version, and simulate --duration 20 --json, which must end with accepted shares on
x64 and arm64. What is not of this machine runs under QEMU's user mode.

${optionLines}
  --out DIR                  where the artefacts go (default: dist/package)
`;

const say = (text: string) => void process.stderr.write(`${text}\n`);

try {
  const options = parsePackagingOptions(process.argv.slice(2), "dist/package");
  if (options.help) process.stdout.write(HELP);
  else process.exitCode = await check(options);
} catch (error) {
  process.stderr.write(`package:check: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

async function check(options: ReturnType<typeof parsePackagingOptions>): Promise<number> {
  const repository = findRepository(say);
  const settings: PackageOptions = {
    repository,
    wanted: options.wanted,
    outdir: options.out,
    key: loadSigningKey(options.signKey, say),
    nodeOf: options.nodeOf,
    say,
  };
  const report = await makePackage(settings);
  const differing = await buildAgain(settings, report);
  const problems = [
    ...differing.map((name) => `${name}: another build gives other bytes`),
    ...checkSums(report),
    ...options.wanted.flatMap((target) => checkUpdate(report, target)),
  ];
  const run = (target: Target) => runTarget(repository.root, report, target, say);
  const runs: RunReport[] = [];
  for (const target of options.wanted.filter(isNative)) runs.push(await run(target));
  // They wait for their slow clocks most of the time.
  const foreign = options.wanted.filter((target) => !isNative(target));
  runs.push(...(await Promise.all(foreign.map(run))));
  problems.push(
    ...runs.flatMap(({ target, problems }) => problems.map((text) => `${target}: ${text}`)),
  );

  if (options.json)
    process.stdout.write(`${JSON.stringify({ report, runs, differing, problems }, null, 2)}\n`);
  else process.stdout.write(summary(report, runs, differing, problems));
  return problems.length === 0 ? 0 : 1;
}

/** What may differ between two people's machines and must not matter. Names of what does. */
async function buildAgain(settings: PackageOptions, report: PackageReport): Promise<string[]> {
  say("once more, elsewhere");
  const outdir = mkdtempSync(join(tmpdir(), "asicd-again-"));
  const before = { TZ: process.env["TZ"], LC_ALL: process.env["LC_ALL"] };
  const umask = process.umask(0o077);
  Object.assign(process.env, { TZ: "Pacific/Kiritimati", LC_ALL: "C.UTF-8" });
  try {
    return findDifferences(report, await makePackage({ ...settings, outdir, say: () => {} }));
  } finally {
    process.umask(umask);
    for (const [name, value] of Object.entries(before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    rmSync(outdir, { recursive: true, force: true });
  }
}

function summary(
  { targets, artefacts }: PackageReport,
  runs: readonly RunReport[],
  differing: readonly string[],
  problems: readonly string[],
): string {
  const head = [
    "target",
    "executable",
    "tar.gz",
    "first start",
    "start",
    "accepted",
    "rejected",
    "PSS of all",
  ];
  const rows = runs.map((run) => {
    const { executableBytes = 0, archiveBytes = 0 } =
      targets.find(({ target }) => target === run.target) ?? {};
    return [
      run.target,
      `${(executableBytes / 1e6).toFixed(1)} MB`,
      `${(archiveBytes / 1e6).toFixed(1)} MB`,
      `${Math.round(run.firstStartMs)} ms`,
      `${Math.round(run.startMs)} ms`,
      `${run.accepted}`,
      `${run.rejected}`,
      run.memory === undefined
        ? "-"
        : `${Math.round(run.memory.pssKb / 1_024)} MiB in ${run.memory.processes} processes${run.how === "QEMU" ? ", with QEMU" : ""}`,
    ];
  });
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell) => cell.padEnd(12))
      .join(" ")
      .trimEnd(),
  );
  const same = artefacts.length - differing.length;
  return [
    ...lines,
    howQemuRuns,
    `reproducible: ${same} of ${artefacts.length} artefacts have the same bytes in two builds`,
    ...(problems.length === 0
      ? ["sums, signature, updates and trees: verified", "package:check: all is well"]
      : problems.map((problem) => `PROBLEM ${problem}`)),
    "",
  ].join("\n");
}
