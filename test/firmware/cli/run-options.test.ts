import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readConfigFile } from "../../../firmware/cli/config-file.ts";
import { parseCommandLine } from "../../../firmware/cli/parse-args.ts";
import {
  checkReport,
  readRunOptions,
  runOptionSpecs,
  supervisionProblems,
} from "../../../firmware/cli/run-options.ts";
import { openPty } from "../../../simulator/pty.ts";
import { ConfigError } from "../../../src/lib/errors.ts";

const EXAMPLE = "boards/examples/s19jpro-single-chain.jsonc";

const read = (...argv: string[]) =>
  readRunOptions(
    parseCommandLine(
      { name: "run", summary: "", usage: "", options: runOptionSpecs, run: async () => 0 },
      argv,
    ),
  );

describe("the options of run", () => {
  test("are read", () => {
    expect(read("--config", "a.jsonc", "--duration", "10m", "--json")).toEqual({
      configFile: "a.jsonc",
      checkOnly: false,
      unsupervised: false,
      durationMs: 600_000,
      json: true,
      logFormat: "json",
    });
    expect(read("--config", "a.jsonc", "--log-format", "plain").logFormat).toBe("plain");
    expect(() => read("--config", "a.jsonc", "--log-format", "xml")).toThrow(/json, plain/);
  });

  test("need a configuration file", () => {
    expect(() => read()).toThrow(ConfigError);
  });
});

describe("nobody hashes unwatched by accident", () => {
  const chainOn = (...uarts: string[]) => {
    const [chain] = readConfigFile(EXAMPLE).chains;
    if (chain === undefined) throw new Error("the example has no chain");
    return { chains: uarts.map((uart) => ({ ...chain, uart })) };
  };

  test("real hardware is refused without the operator's word, and the refusal names it", () => {
    const problems = supervisionProblems(chainOn("/dev/ttyS1"), false);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ path: "--unsupervised" });
    expect(problems[0]?.problem).toContain("/dev/ttyS1");
    expect(supervisionProblems(chainOn("/dev/ttyS1"), true)).toEqual([]);
  });

  test("one real chain among simulated ones is enough", () => {
    expect(supervisionProblems(chainOn("/dev/pts/0", "/dev/ttyS1"), false)).toHaveLength(1);
  });

  test("a pseudo terminal is nothing real, by its own name or behind a link", async () => {
    const pty = await openPty();
    const folder = mkdtempSync(join(tmpdir(), "asicd-uart-"));
    const link = join(folder, "uart");
    symlinkSync(pty.path, link);
    expect(supervisionProblems(chainOn(pty.path, link), false)).toEqual([]);
    await pty.close();
    rmSync(folder, { recursive: true });
  });

  test("a name that only looks like one is not believed", () => {
    const folder = mkdtempSync(join(tmpdir(), "asicd-uart-"));
    const link = join(folder, "uart");
    symlinkSync("/dev/null", link);
    expect(supervisionProblems(chainOn(link), false)).toHaveLength(1);
    expect(supervisionProblems(chainOn("/dev/pts/../ttyS1"), false)).toHaveLength(1);
    expect(supervisionProblems(chainOn("/dev/pts/ptmx"), false)).toHaveLength(1);
    rmSync(folder, { recursive: true });
  });
});

test("a check prints the configuration with its defaults as JSON that loads again", () => {
  const config = readConfigFile(EXAMPLE);
  expect(JSON.parse(checkReport(EXAMPLE, config, true))).toEqual(config);
  expect(checkReport(EXAMPLE, config, false)).toBe(
    `${EXAMPLE} is fine.\nchain 0: 126 BM1362 on /dev/ttyS1 at 525 MHz\n`,
  );
});
