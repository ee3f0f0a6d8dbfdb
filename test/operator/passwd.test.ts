/** The command `asicd passwd`, as a process of its own, beside a running server and without one. */
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openKeyring } from "../../firmware/operator/secrets-file.ts";
import { esbuildOptions } from "../../firmware/packaging/options.mjs";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import { silentLog } from "../../src/lib/log.ts";
import { served } from "./http/served.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "asicd-passwd-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SOURCE = `
import { runProgram } from "./firmware/cli/program.ts";
import { processContext } from "./firmware/cli/process-context.ts";
import { passwdCommand } from "./firmware/passwd.ts";
const context = processContext();
const program = { version: "0", commands: [passwdCommand], loadMoreCommands: async () => [] };
context.end(await runProgram(program, process.argv.slice(2), context));
`;

async function passwd(input: string, ...args: readonly string[]) {
  const program = join(folder, "program.mjs");
  await build({
    ...esbuildOptions("0.0.0"),
    stdin: { contents: SOURCE, resolveDir: resolve(import.meta.dirname, "../.."), loader: "ts" },
    outfile: program,
  });
  const child = spawn(process.execPath, [
    program,
    "passwd",
    "--runtime-dir",
    folder,
    "--state-dir",
    folder,
    ...args,
  ]);
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, text };
}

const openedKeyring = () =>
  openKeyring({
    stateDir: folder,
    clock: new SystemClock(),
    entropy: systemEntropy,
    log: silentLog,
  });

test("sets the password in the file while nothing runs", async () => {
  const { code, text } = await passwd("a new password\nsecond line\n", "--stdin");
  expect([code, text]).toEqual([0, expect.stringContaining("asicd does not run now")]);
  expect(await (await openedKeyring()).checkPassword("a new password", "x")).toEqual({
    is: "fits",
  });
});

test.runIf(process.getuid?.() === 0)(
  "writes as the user of the folder, whose links lead root nowhere",
  async () => {
    chmodSync(folder, 0o755);
    const [own, victim] = [join(folder, "operator"), join(folder, "victim")];
    mkdirSync(own, { mode: 0o700 });
    writeFileSync(victim, "root's own");
    symlinkSync(victim, join(own, "secrets-new"));
    chownSync(own, 54_321, 54_321);
    const refused = await passwd("a new password\n", "--stdin");
    expect([refused.code, readFileSync(victim, "utf8")]).toEqual([1, "root's own"]);
    expect(statSync(victim).uid).toBe(0);
    unlinkSync(join(own, "secrets-new"));
    expect((await passwd("a new password\n", "--stdin")).code).toBe(0);
    const { uid, gid, mode } = statSync(join(own, "secrets-a"));
    expect([uid, gid, mode & 0o777]).toEqual([54_321, 54_321, 0o600]);
  },
);

test("sets it through the socket of what runs", async () => {
  await using machine = await served({ unixSocket: join(folder, "operator.sock") });
  const { code, text } = await passwd("a new password\n", "--stdin");
  expect([code, text]).toEqual([0, expect.stringContaining("logins with the old one have ended")]);
  const login = await machine.call("POST /api/v1/session", {
    body: { password: "a new password" },
  });
  expect(login.status).toBe(200);
  expect((await openedKeyring()).passwordSet).toBe(false);
});

test("refuses what is no password, and says why without repeating it", async () => {
  const { code, text } = await passwd("short1\n", "--stdin");
  expect([code, text]).toEqual([
    2,
    expect.stringContaining("has 6 characters; at least 8 are needed"),
  ]);
  expect(text).not.toContain("short1");
  expect((await openedKeyring()).passwordSet).toBe(false);
});

test("asks nobody where there is no terminal", async () => {
  const { code, text } = await passwd("a new password\n");
  expect([code, text]).toEqual([2, expect.stringContaining("allowed: --stdin")]);
});

test("takes its folders from settings that name no pool yet", async () => {
  const config = join(folder, "asicd.jsonc");
  const paths = { stateDir: join(folder, "state"), runtimeDir: join(folder, "run") };
  mkdirSync(paths.stateDir);
  writeFileSync(config, JSON.stringify({ version: 1, paths }));
  const { code, text } = await passwd("correct horse\n", "--stdin", "--config", config);
  expect([code, text]).toEqual([0, expect.stringContaining("set")]);
});
