import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockGuard } from "../../firmware/guard-lock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "asicd-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a guard takes the machine and gives it back", () => {
  const lock = lockGuard(join(folder, "run"));
  expect(existsSync(join(folder, "run/guard.pid"))).toBe(true);
  lock[Symbol.dispose]();
  expect(existsSync(join(folder, "run/guard.pid"))).toBe(false);
});

test("what a dead guard left is taken over, and so is a pid that somebody else has by now", () => {
  for (const pid of ["999999999", "not a pid", String(process.ppid)]) {
    writeFileSync(join(folder, "guard.pid"), `${pid}\n`);
    using _lock = lockGuard(folder);
  }
});

test("a second guard is refused while the first one lives, with its pid", async () => {
  const script = join(folder, "guard.js");
  writeFileSync(script, "process.stdout.write('up'); process.stdin.resume();\n");
  const other = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "ignore"] });
  try {
    await once(other.stdout, "data");
    writeFileSync(join(folder, "guard.pid"), `${other.pid}\n`);
    expect(() => lockGuard(folder)).toThrow(`process ${other.pid}`);
  } finally {
    other.kill();
  }
});

test("a lock that was left empty, or with a turn of the dead, is taken over, and nothing else stays", () => {
  for (const left of [["guard.pid"], ["guard.pid", "guard.pid.turn", "guard.pid.turn.turn"]]) {
    for (const name of left) writeFileSync(join(folder, name), "");
    using _lock = lockGuard(folder);
    expect(readdirSync(folder)).toEqual(["guard.pid"]);
    expect(readFileSync(join(folder, "guard.pid"), "utf8")).toBe(`${process.pid}\n`);
  }
});

test("what cannot be a lock is an error, not an endless wait", () => {
  symlinkSync("nowhere", join(folder, "guard.pid"));
  expect(() => lockGuard(folder)).toThrow("guard.pid: is there and cannot be read");
  rmSync(join(folder, "guard.pid"));
  mkdirSync(join(folder, "guard.pid"));
  expect(() => lockGuard(folder)).toThrow("EISDIR");
});

test("giving back leaves alone what is not ours", () => {
  const lock = lockGuard(folder);
  writeFileSync(join(folder, "guard.pid"), "1\n");
  lock[Symbol.dispose]();
  expect(readFileSync(join(folder, "guard.pid"), "utf8")).toBe("1\n");
});

const GUARDS = 4;
const ROUNDS = 150;
const ROUND_MS = 4;

test("of guards that start at the same moment, over a dead one or none, exactly one gets the machine", async () => {
  const lefts = ["999999999\n", "", undefined];
  const machines = Array.from({ length: ROUNDS }, (_, index) => {
    const machine = join(folder, `${index}`);
    mkdirSync(machine);
    const left = lefts[index % lefts.length];
    if (left !== undefined) writeFileSync(join(machine, "guard.pid"), left);
    return machine;
  });
  const script = guardScript(`
    const [startMs, ...machines] = process.argv.slice(2);
    const got = machines.map((machine, index) => {
      while (Date.now() < Number(startMs) + index * ${ROUND_MS});
      try { lockGuard(machine); return true; } catch (error) {
        if (error instanceof OtherGuardError) return false;
        throw error;
      }
    });
    process.stdout.write(JSON.stringify(got) + "\\n");
    process.stdin.resume();
  `);
  const startMs = Date.now() + 700;
  const guards = Array.from({ length: GUARDS }, () =>
    spawn(process.execPath, [script, `${startMs}`, ...machines], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  try {
    const got = await Promise.all(guards.map(({ stdout }) => firstLine(stdout)));
    const outcomes = got.map((line) => JSON.parse(line) as boolean[]);
    for (const [index, machine] of machines.entries()) {
      const winners = guards.filter((_, guard) => outcomes[guard]?.[index]);
      expect(winners).toHaveLength(1);
      expect(readFileSync(join(machine, "guard.pid"), "utf8")).toBe(`${winners[0]?.pid}\n`);
      expect(readdirSync(machine)).toEqual(["guard.pid"]);
    }
  } finally {
    for (const guard of guards) guard.kill("SIGKILL");
  }
});

test("on a full disk nothing is left behind, and a guard that lives is found all the same", async () => {
  const script = guardScript(`
    try { lockGuard(process.argv[2]); } catch (error) { process.stdout.write(error.message + "\\n"); }
    process.stdin.resume();
  `);
  // A limit of no bytes per file stands for a disk without any left.
  const start = (limit: string) =>
    spawn("sh", ["-c", `${limit} exec "$@"`, "sh", process.execPath, script, folder], {
      stdio: ["pipe", "pipe", "inherit"],
    });
  const full = start("ulimit -f 0;");
  const living = spawn(process.execPath, [guardScript("process.stdin.resume();", "living")]);
  try {
    expect(await firstLine(full.stdout)).toMatch(/EFBIG/);
    expect(readdirSync(folder).filter((name) => name.startsWith("guard.pid"))).toEqual([]);
    writeFileSync(join(folder, "guard.pid"), `${living.pid}\n`);
    const second = start("ulimit -f 0;");
    expect(await firstLine(second.stdout)).toContain(`process ${living.pid}`);
    second.kill("SIGKILL");
  } finally {
    full.kill("SIGKILL");
    living.kill("SIGKILL");
  }
});

/** A process counts as a guard by the name of its program. */
function guardScript(body: string, name = "script"): string {
  const outfile = join(folder, name, "guard.js");
  const source = new URL("../../firmware/guard-lock.ts", import.meta.url).pathname;
  buildSync({
    stdin: {
      contents: `import { lockGuard, OtherGuardError } from ${JSON.stringify(source)};\n${body}`,
      resolveDir: folder,
    },
    bundle: true,
    platform: "node",
    target: "node20",
    outfile,
    logLevel: "error",
  });
  return outfile;
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) {
    text += chunk;
    if (text.includes("\n")) break;
  }
  return text.trim();
}
