import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseJsonc } from "../../firmware/cli/config-file.ts";
import { configCommand } from "../../firmware/config-command.ts";
import { askCommands } from "../support/asked-program.ts";

const TEXT = `{
  // the rig in the cellar
  "version": 1,
  "pool": { "url": "stratum+tcp://one.example:1", "user": "me", "password": "planted" },
  "machine": { "frequencyMHz": 500 }
}
`;
const UCI = `
config service 'service'
	option enabled '1'

config main 'main'
	option name 'cellar'

config pool 'braiins'
	option url 'stratum+tcp://one.example:1'
	option user 'me'
`;

let folder: string;
let file: string;
let uci: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "asicd-uci-"));
  file = join(folder, "asicd.jsonc");
  uci = join(folder, "asicd");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function config(...words: string[]) {
  const { exitCode: code, ...texts } = await askCommands(
    [configCommand],
    ["config", ...words, "--config", file],
    {
      // Nobody listens there.
      env: { ASICD_SOCKET: join(folder, "none.sock") },
    },
  );
  return { code, ...texts };
}

const sync = () => config("sync", uci, "--uci");
const own = () => parseJsonc(readFileSync(file, "utf8")) as object;
const said = (words: string) => ({ code: 0, stdout: `${words}\n`, stderr: "" });

describe("asicd config sync --uci", () => {
  test("makes the file of what UCI says, for root's eyes only, and has nothing more to say then", async () => {
    writeFileSync(uci, UCI);
    expect(await sync()).toEqual(said("imported untold"));
    expect(own()).toEqual({
      version: 1,
      name: "cellar",
      pools: [{ url: "stratum+tcp://one.example:1", user: "me" }],
    });
    for (const one of [file, `${file}.uci`]) expect(statSync(one).mode & 0o777).toBe(0o600);
    expect(await sync()).toEqual(said("unchanged"));
    expect(readFileSync(uci, "utf8")).toBe(UCI);
  });

  test("an option of the package that somebody left empty is one that is not there", async () => {
    writeFileSync(
      uci,
      UCI.replace("option enabled '1'", "option enabled '1'\n\toption led_red ''"),
    );
    await sync();
    await config("set", "name", "attic");
    expect(await sync()).toEqual(said("exported"));
    expect(readFileSync(uci, "utf8")).toContain("option enabled '1'\n");
    expect(readFileSync(uci, "utf8")).toContain("option name 'attic'\n");
  });

  test("a file that was there before UCI keeps what it has", async () => {
    writeFileSync(file, TEXT);
    writeFileSync(uci, "config service 'service'\n\toption enabled '1'\nconfig main 'main'\n");
    expect(await sync()).toEqual(said("exported"));
    expect(readFileSync(file, "utf8")).toBe(TEXT);
    expect(readFileSync(uci, "utf8")).toBe(`config main 'main'
	option version '1'

config pool 'pool'
	option url 'stratum+tcp://one.example:1'
	option user 'me'
	option password 'planted'

config machine 'machine'
	option frequency_mhz '500'

config service 'service'
	option enabled '1'
`);
    expect(statSync(uci).mode & 0o777).toBe(0o600);
    expect(await sync()).toEqual(said("unchanged"));
  });

  test("takes each change to the other side, keeps comments here and names there, and both changes at once", async () => {
    writeFileSync(uci, UCI);
    await sync();
    writeFileSync(file, readFileSync(file, "utf8").replace("{", "{\n  // the rig in the cellar"));

    writeFileSync(uci, UCI.replace("cellar", "attic"));
    expect(await sync()).toEqual(said("imported untold"));
    expect(readFileSync(file, "utf8")).toContain("// the rig in the cellar");
    expect(own()).toMatchObject({ name: "attic" });

    await config("set", "paused", "true");
    expect(await sync()).toEqual(said("exported"));
    const written = readFileSync(uci, "utf8");
    expect(written).toContain("option paused '1'");
    expect(written).toContain("config pool 'braiins'");
    expect(written).toContain("config service 'service'");

    await config("set", "pools[0].user", "you");
    await config("set", "name", "loft");
    writeFileSync(uci, written.replace("'attic'", "'barn'"));
    expect(await sync()).toEqual({
      code: 0,
      stdout: "imported untold exported\n",
      stderr: `asicd: name: changed in ${uci} and elsewhere; ${uci} counts\n`,
    });
    expect(own()).toMatchObject({ name: "barn", paused: true, pools: [{ user: "you" }] });
    expect(readFileSync(uci, "utf8")).toContain("option user 'you'");
    expect(await sync()).toEqual(said("unchanged"));
  });

  test("what UCI takes away gets its default", async () => {
    writeFileSync(uci, UCI);
    await sync();
    writeFileSync(uci, UCI.replace("\toption name 'cellar'\n", ""));
    expect(await sync()).toEqual(said("imported untold"));
    expect(own()).not.toHaveProperty("name");
  });

  test("what cannot be is told, and both sides stay as they are", async () => {
    writeFileSync(uci, UCI);
    await sync();
    const before = readFileSync(file, "utf8");
    for (const [wrong, problem] of [
      [
        "option nmae 'x'",
        /asicd\.main\.nmae: nothing by this name is an option, did you mean "name"/,
      ],
      ["option name '\n", /UCI line \d+: a quote is never closed/],
      ["option name '-'", /name: /],
    ] as const) {
      const text = UCI.replace("option name 'cellar'", wrong);
      writeFileSync(uci, text);
      expect(await sync()).toEqual({ code: 2, stdout: "", stderr: expect.stringMatching(problem) });
      expect(readFileSync(file, "utf8")).toBe(before);
      expect(readFileSync(uci, "utf8")).toBe(text);
    }
  });

  test("a commit made meanwhile is taken over, too", async () => {
    writeFileSync(uci, UCI);
    await sync();
    await config("set", "paused", "true");
    writeFileSync(uci, UCI.replace("cellar", "attic"));
    // In the place of asicd, at the moment when it is told; it hangs up then.
    const server = createServer((socket) => {
      writeFileSync(uci, UCI.replaceAll("one.example", "two.example"));
      socket.destroy();
      server.close();
    }).listen(join(folder, "none.sock"));
    await new Promise((done) => server.once("listening", done));
    expect(await sync()).toEqual(said("imported untold exported"));
    expect(own()).toMatchObject({
      name: "cellar",
      paused: true,
      pools: [{ url: "stratum+tcp://two.example:1" }],
    });
    const text = readFileSync(uci, "utf8");
    for (const part of ["two.example", "'cellar'", "option paused '1'"])
      expect(text).toContain(part);
    expect(await sync()).toEqual(said("unchanged"));
  });

  test("a damaged note of what was agreed on loses nothing", async () => {
    writeFileSync(uci, UCI);
    await sync();
    await config("set", "paused", "true");
    writeFileSync(`${file}.uci`, "{ half");
    expect(await sync()).toEqual(said("exported"));
    expect(own()).toMatchObject({ name: "cellar", paused: true });
  });
});

describe("asicd config export and import --uci", () => {
  test("secrets are masked unless asked for, and a mask means the secret that is stored", async () => {
    writeFileSync(file, TEXT);
    const { stdout } = await config("export", "--uci");
    expect(stdout).toContain("option password '…'");
    expect((await config("export", "--uci", "--secrets")).stdout).toContain("'planted'");
    writeFileSync(uci, stdout.replace("'500'", "'510'"));
    expect(await config("import", uci, "--uci")).toEqual(said("imported untold"));
    expect(own()).toMatchObject({ pool: { password: "planted" }, machine: { frequencyMHz: 510 } });
  });

  test("say how they are meant", async () => {
    writeFileSync(file, TEXT);
    expect((await config("import", uci)).stderr).toContain("--uci: is missing");
    expect((await config("get", "--uci")).stderr).toContain("--uci: is of no use with get");
    expect((await config("import", join(folder, "none"), "--uci")).stderr).toMatch(
      /none: cannot be read \(ENOENT/,
    );
  });
});
