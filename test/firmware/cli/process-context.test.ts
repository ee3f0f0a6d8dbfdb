import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { esbuildOptions } from "../../../firmware/packaging/options.mjs";

const folder = mkdtempSync(join(tmpdir(), "asicd-process-"));
const program = join(folder, "fixture.mjs");
const running = new Set<ChildProcessByStdio<null, Readable, Readable>>();

beforeAll(async () => {
  await build({
    ...esbuildOptions("0"),
    entryPoints: ["test/firmware/cli/process-fixture.ts"],
    outfile: program,
  });
});
afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function start(how: string) {
  const child = spawn(process.execPath, [program, how], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const output = { stdout: "", stderr: "" };
  const watchers = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      for (const look of watchers) look();
    });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.on("close", (code, signal) => {
      running.delete(child);
      resolve(code ?? signal);
    }),
  );
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.on("exit", (code, signal) => resolve(code ?? signal)),
  );
  const saw = (name: "stdout" | "stderr", text: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (output[name].includes(text)) resolve();
      };
      watchers.add(look);
      look();
    });
  return { child, output, exited, ended, saw };
}

describe("signals", () => {
  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "%s ends the command in good order, with code 0",
    async (signal) => {
      const { child, output, ended, saw } = start("wait");
      await saw("stdout", "waiting");
      child.kill(signal);
      expect(await ended).toBe(0);
      expect(output.stderr).toBe("ended in good order\n");
    },
  );

  test("one that comes twice at once, as Ctrl-C under npx does, is one; a later one ends at once", async () => {
    const { child, ended, saw } = start("stubborn");
    await saw("stdout", "waiting");
    child.kill("SIGINT");
    await saw("stderr", "asked to end");
    child.kill("SIGINT");
    await saw("stderr", "still here");
    child.kill("SIGTERM");
    expect(await ended).toBe(143);
  });
});

test("a rejection that nobody handles is told with its stack, ends the command in good order, and is code 1", async () => {
  const { output, ended } = start("reject");
  expect(await ended).toBe(1);
  expect(output.stderr).toMatch(/asicd: internal error: Error: nobody caught me\n\s+at /);
  expect(output.stderr).toContain("ended in good order");
});

test("what a command leaves open is named and does not keep the process alive", async () => {
  const { output, ended } = start("leak");
  expect(await ended).toBe(0);
  expect(output.stderr).toContain("still open: ");
  expect(output.stderr).toContain("Timeout");
});

test("a reader that goes away ends the command quietly", async () => {
  const { child, output, ended, saw } = start("flood");
  await saw("stdout", "x");
  child.stdout.destroy();
  expect(await ended).toBe(0);
  expect(output.stderr).toBe("");
});

test.each(["large", "late"])(
  "a result that cannot be written (%s) is one line and code 1",
  async (how) => {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [program, how], { stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const [code] = await once(child, "close");
    expect(stderr).toMatch(/^asicd: cannot write the result: ENOSPC[^\n]*\n$/);
    expect(code).toBe(1);
  },
);

test("a large result arrives whole", async () => {
  const { output, ended } = start("large");
  expect(await ended).toBe(0);
  expect(output.stdout).toHaveLength(1_000_000);
});

describe("the log", () => {
  test("is whole when the process ends: JSON lines with time, level, fields and message", async () => {
    const { output, ended } = start("log");
    expect(await ended).toBe(0);
    const lines = output.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ i }) => i)).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
    expect(lines[0]).toMatchObject({ level: "info", msg: "a line" });
    expect(lines[0].time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(Object.keys(lines[0]).sort()).toEqual(["i", "level", "msg", "pad", "time"]);
  });

  test("loses lines, never time, when its reader stands still, and the process ends all the same", async () => {
    const { child, output, exited, ended, saw } = start("endlessLog");
    child.stdout.pause();
    await saw("stderr", "logged plenty");
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
    child.stdout.resume();
    await ended;
    expect(output.stdout).toContain('"i":0');
    expect(output.stderr).toContain("ended in good order");
  });

  test("whose reader has gone stops nothing", async () => {
    const { child, output, ended, saw } = start("endlessLog");
    await saw("stdout", '"i":0');
    child.stdout.destroy();
    await saw("stderr", "logged plenty");
    expect(child.exitCode).toBeNull();
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(output.stderr).toBe("logged plenty\nended in good order\n");
  });
});
