/** Every command behaves alike on the command line, whoever wrote it. */
import { describe, expect, test } from "vitest";
import type { Command } from "../../../firmware/cli/command.ts";
import { decodeCommand } from "../../../firmware/cli/decode-command.ts";
import { commonOptions } from "../../../firmware/cli/parse-args.ts";
import { runProgram } from "../../../firmware/cli/program.ts";
import { verifyCommand } from "../../../firmware/cli/verify-command.ts";
import { runCommand } from "../../../firmware/run.ts";
import { simulatorCommands } from "../../../simulator/main.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };

const commands: readonly Command[] = [
  runCommand,
  decodeCommand,
  verifyCommand,
  ...simulatorCommands,
];

async function run(...argv: string[]) {
  const output = { stdout: "", stderr: "" };
  const exitCode = await runProgram(
    { version: "0", commands, loadMoreCommands: async () => [] },
    argv,
    {
      stdout: (text) => {
        output.stdout += text;
      },
      stderr: (text) => {
        output.stderr += text;
      },
      isTerminal: false,
      terminalSize: () => ({ columns: 80, rows: 24 }),
      signal: AbortSignal.abort(),
      env: {},
    },
  );
  return { exitCode, ...output };
}

describe.each(commands.map((command) => [command.name, command] as const))(
  "%s",
  (name, command) => {
    test("refuses an unknown option and a stray flag value before it does anything", async () => {
      const { exitCode, stdout, stderr } = await run(name, "--no-such-option", "--json=yes");
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toContain("--no-such-option: unknown option");
      expect(stderr).toContain("--json: takes no value");
    });

    test("explains itself within 80 columns, examples aside", async () => {
      const { exitCode, stdout } = await run(name, "--help");
      expect(exitCode).toBe(0);
      for (const line of stdout.split("\nExamples:")[0]?.split("\n") ?? [])
        expect(line.length).toBeLessThanOrEqual(80);
      for (const option of Object.keys({ ...command.options, ...commonOptions }))
        expect(stdout).toContain(`--${option}`);
    });

    test("has names and summaries that fit a list", () => {
      expect(name).toMatch(/^[a-z-]+$/);
      expect(command.summary).not.toMatch(/[.\n]$/);
      for (const example of command.examples ?? [])
        expect(example).toMatch(new RegExp(`^asicd ${name}`));
    });
  },
);

describe("decode", () => {
  test("takes bytes as people copy them", async () => {
    const joined = await run("decode", "55AA5109000840A8023003", "--json");
    const apart = await run("decode", "0x55 aa 51", "0x09", "00:08:40:a8", "023003", "--json");
    expect(joined).toEqual({ ...apart, exitCode: 0, stderr: "" });
    expect(JSON.parse(joined.stdout).parts[0]).toMatchObject({ kind: "command", offset: 0 });
  });

  test.each([
    [["ff"], "1 byte that belongs to no frame"],
    [["ffff"], "2 bytes that belong to no frame"],
    [["--sv2", "00"], "1 byte, a frame's header"],
  ])("%j is %s", async (argv, text) => {
    expect((await run("decode", ...argv)).stdout).toContain(text);
  });

  test("is code 1 when there is no frame, 2 with everything that is wrong", async () => {
    expect((await run("decode", "ffff")).exitCode).toBe(1);
    expect((await run("decode")).stderr).toContain("HEX: no bytes");
    const { exitCode, stderr } = await run("decode", "5x", "--chip", "BM9", "--sv2");
    expect(exitCode).toBe(2);
    for (const part of [
      'HEX: "x" at digit 1',
      '--chip: unknown chip "BM9"',
      "means nothing with --sv2",
    ])
      expect(stderr).toContain(part);
  });
});

describe("verify", () => {
  const job = vectors.jobs.find(({ name }) => name === "gamma-accepted-share");
  const [jobFrame, response] = [job?.job_frame ?? "", job?.response_frame ?? ""];

  test("is code 0 and prints the hash for a good answer, as text and as JSON", async () => {
    const text = await run("verify", "--job", jobFrame, "--response", response, "--chip", "bm1370");
    expect(text.exitCode).toBe(0);
    expect(text.stdout).toContain(job?.hash_be);
    const json = await run("verify", "--job", jobFrame, "--response", response, "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ verdict: "good", hash: job?.hash_be });
  });

  test("is code 1 for an answer that is not good", async () => {
    const { exitCode, stdout } = await run(
      "verify",
      "--job",
      jobFrame,
      "--response",
      "aa554c0352750cd205a29d",
    );
    expect(exitCode).toBe(1);
    expect(stdout).toContain("bad-crc");
  });

  test("needs both frames, and says what is wrong with each", async () => {
    expect((await run("verify")).stderr).toMatch(/--job: is needed\n.*--response: is needed/);
    const { stderr } = await run("verify", "--job", "zz", "--response", "0");
    expect(stderr).toContain("--job: ");
    expect(stderr).toContain("--response: ");
  });
});

describe("run", () => {
  const example = "boards/examples/s19jpro-single-chain.jsonc";

  test("checks a file without opening anything", async () => {
    expect(await run("run", "--config", example, "--check")).toEqual({
      exitCode: 0,
      stdout: `${example} is fine.\nchain 0: 126 BM1362 on /dev/ttyS1 at 525 MHz\n`,
      stderr: "",
    });
  });

  test("refuses to hash unwatched on real hardware", async () => {
    const { exitCode, stderr } = await run("run", "--config", example);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--unsupervised: is needed to hash on /dev/ttyS1");
  });

  test("says which file is missing", async () => {
    expect(await run("run", "--config", "no-such.jsonc")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("no-such.jsonc: does not exist"),
    });
  });
});

describe("simulate", () => {
  test("refuses a user name that the protocol cannot carry", async () => {
    const { exitCode, stderr } = await run("simulate", "--user", "ü".repeat(128));
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--user: has 256 bytes in UTF-8");
  });
});

describe("simulate-pool", () => {
  test("says its bounds as one writes them", async () => {
    expect((await run("simulate-pool", "--nbits", "1")).stderr).toContain(
      "from 0x03000001 to 0x207fffff",
    );
  });

  test("that listens everywhere prints an address to connect to, and that there are others", async () => {
    const { stdout, stderr } = await run("simulate-pool", "--listen", "0.0.0.0:0");
    expect(stdout).toMatch(/^stratum2\+tcp:\/\/127\.0\.0\.1:\d+\/9auq/);
    expect(stderr).toContain("Listening on every address of this machine");
  });
});
