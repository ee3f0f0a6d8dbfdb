import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
