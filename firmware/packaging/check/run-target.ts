/** Runs the executable of one target: does it start, how fast, does it mine, what does it use. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Target } from "../../../src/update/update-file.ts";
import { artefactName, type PackageReport } from "../make-package.ts";
import type { Say } from "../run-program.ts";
import { isNative } from "../targets.ts";
import { type FamilyMemory, familyMemory } from "./family-memory.ts";
import { putAlone, QEMU_SLOWER, runAlone } from "./isolated-run.ts";

export interface RunReport {
  readonly target: Target;
  readonly how: "native" | "QEMU";
  /** `--version` with an empty cache, which unpacks, and with a filled one. */
  readonly firstStartMs: number;
  readonly startMs: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Of all processes of the simulation: supervisor, guard, miner, operator and the simulated world. QEMU's own included. */
  readonly memory: FamilyMemory | undefined;
  readonly problems: readonly string[];
}

const START_WITHIN_MS = 120_000;
const NATIVE_WITHIN_MS = 90_000;
const QEMU_WITHIN_MS = 300_000;

/** Where accepted shares are required. An emulated 32-bit ARM is slow enough that a busy machine may see none. */
const MUST_MINE: ReadonlySet<Target> = new Set(["x64", "arm64"]);

/** Under QEMU what costs most stays out: two of three chains, hashing threads, the page's process. */
const QEMU_OPTIONS = ["--chains", "1", "--workers", "1", "--page", "off"];

export async function runTarget(
  root: string,
  { outdir, version }: PackageReport,
  target: Target,
  say: Say,
): Promise<RunReport> {
  const work = mkdtempSync(join(tmpdir(), "asicd-alone-"));
  try {
    const how = isNative(target) ? "native" : "QEMU";
    const alone = putAlone(
      root,
      target,
      join(outdir, artefactName(version, target)),
      join(work, "a"),
      say,
    );
    const first = await runAlone(alone, ["--version"], START_WITHIN_MS);
    const again = await runAlone(alone, ["--version"], START_WITHIN_MS);
    const problems: string[] = [];
    for (const { stdout, stderr, exitCode } of [first, again])
      if (exitCode !== 0 || stdout.trim() !== `asicd ${version}`)
        problems.push(`--version: exit code ${exitCode}, ${(stdout + stderr).slice(-500)}`);

    say(`${target}: simulate, ${how}`);
    let memory: FamilyMemory | undefined;
    const run = await runAlone(
      alone,
      [
        "simulate",
        "--duration",
        "20",
        "--json",
        ...(how === "QEMU" ? QEMU_OPTIONS : ["--page", "127.0.0.1:4080"]),
      ],
      how === "QEMU" ? QEMU_WITHIN_MS : NATIVE_WITHIN_MS,
      (child) => {
        const timer = setInterval(() => {
          const now = familyMemory(child.pid ?? -1);
          if (now.processes >= (memory?.processes ?? 0) && now.pssKb > (memory?.pssKb ?? 0))
            memory = now;
        }, 1_000);
        child.once("exit", () => clearInterval(timer));
      },
    );
    const shares = sharesOf(run.stdout);
    const ending = run.isLate ? "was stopped, being late" : `exit code ${run.exitCode}`;
    if (shares === undefined || shares.accepted === 0) {
      const what = `simulate: ${ending}, ${shares?.accepted ?? "no"} accepted shares; ${lastLines(run.stderr)}`;
      if (MUST_MINE.has(target)) problems.push(what);
      else say(`${target}: ${what}`);
    }
    return {
      target,
      how,
      firstStartMs: first.tookMs,
      startMs: again.tookMs,
      accepted: shares?.accepted ?? 0,
      rejected: shares?.rejected ?? 0,
      memory,
      problems,
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function sharesOf(stdout: string): { accepted: number; rejected: number } | undefined {
  try {
    const { accepted, rejected } = JSON.parse(stdout) as { accepted: number; rejected: number };
    return { accepted, rejected };
  } catch {
    return undefined;
  }
}

function lastLines(stderr: string): string {
  return stderr.trim().split("\n").slice(-3).join(" | ").slice(-1_000);
}

export const howQemuRuns = `QEMU: user mode, steady clock ${QEMU_SLOWER} times slower, ${QEMU_OPTIONS.join(" ")}`;
