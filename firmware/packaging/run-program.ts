/** Other programs, and the Debian packages that bring them. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

export type Say = (text: string) => void;

const PROGRAM_WITHIN_MS = 10 * 60_000;

/** What it wrote to stdout. Throws Error with the end of what it said unless it ends well. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly withinMs?: number;
    readonly input?: Uint8Array;
  } = {},
): Buffer {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    cwd: options.cwd,
    env: options.env,
    input: options.input,
    timeout: options.withinMs ?? PROGRAM_WITHIN_MS,
    maxBuffer: 512 * 1_048_576,
  });
  if (status === 0) return stdout;
  const ending = error?.message ?? (signal === null ? `exit code ${status}` : `signal ${signal}`);
  const said = `${stderr ?? ""}${stdout?.subarray(-2_000) ?? ""}`.trim().slice(-2_000);
  throw new Error(`${[program, ...args].join(" ").slice(0, 500)}: ${ending}\n${said}`);
}

/** Installs with apt what brings a missing program. Throws Error that says what to do by hand. */
export function ensurePrograms(
  wanted: readonly { readonly program: string; readonly debianPackage: string }[],
  say: Say,
): void {
  const missing = wanted.filter(({ program }) => !isInPath(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage))];
  const install = ["install", "--yes", "--no-install-recommends", ...packages];
  const byHand = `apt-get ${install.join(" ")}`;
  const names = missing.map(({ program }) => program).join(", ");
  if (!isInPath("apt-get") || process.getuid?.() !== 0)
    throw new Error(`${names}: not found; as root: ${byHand}`);
  say(`installing ${packages.join(", ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  runProgram("apt-get", ["update", "--quiet"], { env });
  runProgram("apt-get", ["--quiet", ...install], { env });
  const still = missing.find(({ program }) => !isInPath(program));
  if (still !== undefined) throw new Error(`${still.program}: not found even after ${byHand}`);
}

function isInPath(program: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}
