/** Runs an executable as a machine would that has nothing else: alone in a folder, no network, no PATH, no home. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "../../../src/update/update-file.ts";
import { foreignFamily } from "../foreign-command.ts";
import { ensurePrograms, runProgram, type Say } from "../run-program.ts";
import { isNative, targets } from "../targets.ts";

export interface Alone {
  readonly target: Target;
  readonly folder: string;
  readonly command: readonly string[];
}

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
  readonly isLate: boolean;
}

/** QEMU is some ten times slower than a processor; guard and miner then get as much more time for everything. */
export const QEMU_SLOWER = 4;

/** Copies the executable into `folder`, which it makes. */
export function putAlone(
  root: string,
  target: Target,
  executable: string,
  folder: string,
  say: Say,
): Alone {
  ensurePrograms([{ program: "ip", debianPackage: "iproute2" }], say);
  mkdirSync(join(folder, "cache"), { recursive: true });
  // Whoever it becomes must be able to reach it.
  chmodSync(folder, 0o755);
  copyFileSync(executable, join(folder, "asicd"));
  const { namespaces, setup, environment } = foreignFamily(target, say);
  if (!isNative(target)) {
    const library = join(folder, "qemu-guest.so");
    const source = join(root, "firmware/packaging/check/qemu-guest.c");
    runProgram(`${targets[target].toolPrefix}gcc`, [
      "-shared",
      "-fPIC",
      "-O2",
      "-o",
      library,
      source,
    ]);
    environment["LD_PRELOAD"] = library;
    environment["QEMU_GUEST_SLOWER"] = `${QEMU_SLOWER}`;
    environment["QEMU_GUEST_SINCE"] = `${Math.floor(Date.now() / 1_000)}`;
  }
  const given = {
    ...environment,
    PATH: "/nonexistent",
    HOME: "/nonexistent",
  };
  const command = [
    ...["unshare", "--user", "--map-root-user", "--net", "--mount", ...namespaces, "sh", "-c"],
    // The loopback is not the network: pool, chips and page of a simulation meet there.
    // What root unpacks lies where it does by default, not below a folder that everybody may write to.
    [
      "set -e",
      "ip link set lo up",
      "mount --bind cache /var/cache",
      ...setup,
      'exec env --ignore-environment "$@"',
    ].join("\n"),
    "sh",
    ...Object.entries(given).map(([name, value]) => `${name}=${value}`),
    join(folder, "asicd"),
  ];
  return { target, folder, command };
}

/** `whileRunning` gets the process once; too late it is killed. */
export async function runAlone(
  { folder, command }: Alone,
  args: readonly string[],
  withinMs: number,
  whileRunning: (child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const [program = "", ...before] = command;
  const startedMs = performance.now();
  const child = spawn(program, [...before, ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: what it started ends with it.
    detached: true,
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, withinMs);
  whileRunning(child);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  clearTimeout(deadline);
  return {
    exitCode,
    stdout: Buffer.concat(out).toString(),
    stderr: Buffer.concat(err).toString(),
    tookMs: performance.now() - startedMs,
    isLate,
  };
}
