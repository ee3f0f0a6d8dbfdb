import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { configCommand } from "../../firmware/config-command.ts";
import { askCommands } from "../support/asked-program.ts";

const TEXT = `{
  // the rig in the cellar
  "version": 1,
  "pool": { "url": "stratum+tcp://one.example:1", "user": "me", "password": "planted" },
  "machine": { "fans": { "mode": "manual", "dutyPercent": 40 } }
}
`;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "asicd-config-"));
  file = join(folder, "asicd.jsonc");
  writeFileSync(file, TEXT);
});
afterEach(() => rmSync(folder, { recursive: true }));

async function config(...words: string[]) {
  const { exitCode: code, ...texts } = await askCommands(
    [configCommand],
    ["config", ...words, "--config", file],
  );
  return { code, ...texts };
}

describe("asicd config", () => {
  test("get says what holds, defaults included, and changes nothing on disk", async () => {
    expect(await config("get", "machine.fans.dutyPercent")).toEqual({
      code: 0,
      stdout: "40\n",
      stderr: "",
    });
    expect((await config("get", "name")).stdout).toBe("asicd\n");
    expect((await config("get", "name", "--json")).stdout).toBe('"asicd"\n');
    expect(JSON.parse((await config("get")).stdout)).toMatchObject({ pool: { password: "…" } });
    expect((await config("get", "pool.password", "--secrets")).stdout).toBe("planted\n");
    expect(await config("get", "mqtt.url")).toMatchObject({
      code: 1,
      stderr: "asicd: mqtt.url is absent\n",
    });
    expect(await config("get", "machine.fnas")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "fans"?'),
    });
    expect(readdirSync(folder)).toEqual(["asicd.jsonc"]);
  });

  test("set takes JSON, or text where text is wanted, and keeps the comments", async () => {
    expect(await config("set", "machine.fans.dutyPercent", "60")).toEqual({
      code: 0,
      stdout: "machine.fans.dutyPercent: 40 -> 60\n",
      stderr: "asicd: saved; asicd that runs takes it into use when it is started again\n",
    });
    expect(readFileSync(file, "utf8")).toBe(TEXT.replace("40", "60"));
    await config("set", "name", "42");
    expect((await config("get", "name", "--json")).stdout).toBe('"42"\n');
    await config("set", "api.listen", '["127.0.0.1:8080"]');
    expect(JSON.parse((await config("get", "api.listen")).stdout)).toEqual(["127.0.0.1:8080"]);
    expect((await config("unset", "api.listen")).stdout).toContain('-> ["0.0.0.0:80"]');
    await config("unset", "name");
    expect(readFileSync(file, "utf8")).toContain("// the rig in the cellar");
    expect(JSON.parse((await config("diff", "--json")).stdout)).toHaveLength(5);
  });

  test("refuses what does not load, with every problem, and saves nothing", async () => {
    for (const [path, value, problem] of [
      ["machine.fans.dutyPercent", "101", "a number from 0 to 100 %"],
      ["api.listen", "0.0.0.0:80", "a list of 1 to 8 entries"],
      ["paused", "maybe", "true or false"],
      ["nmae", "x", 'did you mean "name"?'],
      ["a..b", "x", "like pools[0].url"],
    ] as const)
      expect(await config("set", path, value)).toMatchObject({
        code: 2,
        stdout: "",
        stderr: expect.stringContaining(problem),
      });
    expect(readFileSync(file, "utf8")).toBe(TEXT);
  });

  test("validate tells every problem; a machine without pools is one that nobody has set up yet", async () => {
    expect((await config("validate")).stdout).toBe(`${file} is valid.\n`);
    writeFileSync(file, '{ "version": 1 }');
    expect((await config("validate")).stdout).toBe(`${file} is valid; no pool is set yet.\n`);
    writeFileSync(file, '{ "version": 1, "nmae": 1, "api": { "tls": "own" } }');
    const { code, stderr } = await config("validate");
    expect(code).toBe(2);
    for (const path of ["nmae", "api.certificateFile", "api.keyFile"])
      expect(stderr).toContain(`${file}: ${path}: `);
  });

  test("diff is against the defaults, or another file, without secrets", async () => {
    const { stdout } = await config("diff");
    expect(stdout).toContain('machine.fans.mode: "auto" -> "manual"\n');
    expect(stdout).toContain('pool.password: "…" -> "…"');
    expect(stdout).not.toContain("planted");
    const other = join(folder, "other.jsonc");
    writeFileSync(other, TEXT.replace("40", "50"));
    expect((await config("diff", other)).stdout).toBe("machine.fans.dutyPercent: 50 -> 40\n");
    expect((await config("diff", file)).stdout).toBe("no difference\n");
  });

  test("export is a backup, with secrets only when asked for; schema is JSON Schema", async () => {
    expect(JSON.parse((await config("export")).stdout)).toMatchObject({ pool: { password: "…" } });
    const backup = JSON.parse((await config("export", "--secrets")).stdout);
    expect(backup).toMatchObject({ version: 1, pool: { password: "planted" } });
    expect(Object.keys(backup)).toEqual(["version", "pool", "machine"]);
    expect(JSON.parse((await config("schema")).stdout)).toMatchObject({ type: "object" });
    expect(JSON.parse((await config("schema", "mqtt.intervalS")).stdout)).toMatchObject({
      unit: "s",
      maximum: 3600,
    });
  });

  test.each([[[]], [["gte"]], [["set", "name"]], [["get", "a", "b"]]])(
    "%j is a wrong use that says the right one",
    async (words) => {
      const { code, stderr } = await config(...words);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/allowed: .*get/)]);
    },
  );

  test("a file that is not there is named", async () => {
    rmSync(file);
    for (const words of [["get"], ["set", "name", "x"]])
      expect(await config(...words)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("asicd.jsonc: does not exist"),
      });
  });
});
