/** What the operator process keeps and gives away: secrets file, log lines, support bundle. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LogRing } from "../../firmware/operator/log-ring.ts";
import { openKeyring } from "../../firmware/operator/secrets-file.ts";
import { tarOf } from "../../firmware/operator/tar.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import { silentLog } from "../../src/lib/log.ts";
import { PASSWORD, QUICK_SCRYPT, served } from "./http/served.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "asicd-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () =>
  openKeyring({
    stateDir: folder,
    clock: new SystemClock(),
    entropy: systemEntropy,
    log: silentLog,
    scryptTerms: QUICK_SCRYPT,
  });

describe("the secrets file", () => {
  test("is its owner's alone, and keeps everything over a restart", async () => {
    const before = await open();
    await before.setPassword(PASSWORD, false);
    const word = await before.openSession();
    const made = await before.createToken({ name: "fleet", scope: "read", expiresDays: null });
    await before.setPersonaPassword("persona password");
    if (typeof made === "string") throw new Error(made);
    expect(statSync(join(folder, "operator")).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(folder, "operator"))) {
      const file = join(folder, "operator", name);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const text = readFileSync(file, "latin1");
      for (const secret of [PASSWORD, word, made.token, "persona password"])
        expect(text).not.toContain(secret);
    }
    const after = await open();
    expect(await after.checkPassword(PASSWORD, "10.0.0.5")).toEqual({ is: "fits" });
    expect(after.isSession(word, 1)).toBe(true);
    expect(after.checkToken(made.token)).toMatchObject({ is: "valid" });
    // MD5 of "root:antMiner Configuration:persona password", by md5sum.
    expect(after.personaHa1).toBe(
      execFileSync("md5sum", {
        input: "root:antMiner Configuration:persona password",
        encoding: "utf8",
      }).slice(0, 32),
    );
  });

  test("that is damaged as a whole is no machine without a password", async () => {
    const before = await open();
    await before.setPassword(PASSWORD, false);
    for (const name of readdirSync(join(folder, "operator")))
      writeFileSync(join(folder, "operator", name), "x");
    await expect(open()).rejects.toThrow(/hold the password and cannot be understood/);
  });

  test("with one of its two damaged has what was there before", async () => {
    const before = await open();
    await before.setPassword(PASSWORD, false);
    await before.setPersonaPassword("persona password");
    const newest = ["secrets-a", "secrets-b"]
      .map((name) => join(folder, "operator", name))
      .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
    writeFileSync(newest ?? "", "half");
    const after = await open();
    expect(await after.checkPassword(PASSWORD, "10.0.0.5")).toEqual({ is: "fits" });
  });

  test("of nobody yet is a machine without a password", async () => {
    expect((await open()).passwordSet).toBe(false);
  });
});

describe("the log", () => {
  test("is the newest 2 000 lines, cleaned as they come, with fields and times", () => {
    const ring = new LogRing(() => ["hunter22"]);
    for (let i = 0; i < 2_500; i++)
      ring.add(`{"level":"info","time":"2026-11-21T20:00:00.500Z","n":${i},"msg":"line"}`);
    ring.add('{"level":"warn","msg":"said hunter22","deep":{"password":"abc"}}');
    ring.add("Segmentation fault (hunter22)");
    const lines = ring.lines(5_000);
    expect(lines).toHaveLength(2_000);
    expect(lines[0]).toEqual({
      unixSeconds: 1_795_291_200.5,
      level: "info",
      text: "line",
      fields: { n: 502 },
    });
    expect(lines.slice(-2)).toEqual([
      { unixSeconds: null, level: "warn", text: "said …", fields: { deep: { password: "…" } } },
      { unixSeconds: null, level: "info", text: "Segmentation fault (…)", fields: {} },
    ]);
  });

  test.each([3_990, 3_999])(
    "is cut after it is cleaned: a secret at %i is not cut in two",
    (at) => {
      const ring = new LogRing(() => ["hunter22-of-the-pool"]);
      ring.add(`${"x".repeat(at)}hunter22-of-the-pool and more`);
      expect(ring.text).not.toContain("h");
    },
  );

  test("takes a megabyte at most, whatever is said", () => {
    const ring = new LogRing(() => []);
    for (let i = 0; i < 1_000; i++) ring.add("x".repeat(100_000));
    expect(ring.text.length).toBeLessThan((1 << 20) + 2_000);
  });
});

describe("the support bundle", () => {
  test("is an archive that tar reads, with the files that were listed", async () => {
    await using machine = await served();
    machine.logs.add('{"level":"info","msg":"a line"}');
    const { session = "" } = await machine.call("POST /api/v1/session", {
      body: { password: PASSWORD },
    });
    const listed = await machine.call("GET /api/v1/support-bundle/contents", { cookie: session });
    const { bytes, headers } = await machine.call("GET /api/v1/support-bundle", {
      cookie: session,
    });
    expect(headers["content-disposition"]).toBe('attachment; filename="asicd-support.tar"');
    const file = join(folder, "bundle.tar");
    writeFileSync(file, bytes);
    const names = execFileSync("tar", ["-tf", file], { encoding: "utf8" }).trim().split("\n");
    const { files } = listed.body as { files: { name: string }[] };
    expect(names).toEqual(files.map(({ name }) => `asicd-support/${name}`));
    execFileSync("tar", ["-xf", file, "-C", folder]);
    const text = (name: string) => readFileSync(join(folder, "asicd-support", name), "utf8");
    expect(JSON.parse(text("status.json"))).toMatchObject({ device: { firmware: "asicd" } });
    expect(JSON.parse(text("config.json"))).toMatchObject({ pools: [{ password: "…" }, {}] });
    expect(text("log.jsonl")).toContain("a line");
  });

  test("of empty files is whole, too", () => {
    expect(tarOf([{ name: "a", bytes: new Uint8Array() }], 0)).toHaveLength(512 + 1_024);
  });
});
