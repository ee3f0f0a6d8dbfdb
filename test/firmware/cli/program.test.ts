import { describe, expect, test } from "vitest";
import type { Command, CommandContext } from "../../../firmware/cli/command.ts";
import { errorText, type Program } from "../../../firmware/cli/program.ts";
import { ConfigError, DeviceError } from "../../../src/lib/errors.ts";
import { askProgram } from "../../support/asked-program.ts";

function command(name: string, run: Command["run"]): Command {
  return {
    name,
    summary: `does ${name}`,
    usage: "[options]",
    options: { chips: { type: "string", value: "N", description: "how many", defaultText: "126" } },
    examples: [`asicd ${name} --chips 4`],
    run,
  };
}

let loads = 0;
const program: Program = {
  version: "1.2.3",
  commands: [
    command("work", async (args, context) => {
      const chips = args.integer("chips", { min: 1, max: 9 }, 1);
      args.finish();
      context.stdout(`chips ${chips}\n`);
      return chips === 9 ? 1 : 0;
    }),
    command("break", async () => {
      throw new DeviceError("/dev/ttyS1", "open", "busy", { cause: new Error("locked by 77") });
    }),
  ],
  async loadMoreCommands() {
    loads++;
    return [command("simulate", async () => 0)];
  },
};

const run = (argv: string[], env: CommandContext["env"] = {}) => askProgram(program, argv, { env });

describe("the exit code", () => {
  test("is the command's own", async () => {
    expect(await run(["work", "--chips", "4"])).toEqual({
      exitCode: 0,
      stdout: "chips 4\n",
      stderr: "",
    });
    expect((await run(["work", "--chips=9"])).exitCode).toBe(1);
  });

  test("is 2 with every problem on stderr when the command line is wrong", async () => {
    const { exitCode, stdout, stderr } = await run(["work", "--chips", "x", "--chisp"]);
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain('--chips: "x" is not valid; allowed: a whole number from 1 to 9');
    expect(stderr).toContain("did you mean --chips?");
    expect(stderr).toContain("Try: asicd work --help");
  });

  test("is 2 for an unknown command, with the one that was meant", async () => {
    const { exitCode, stderr } = await run(["simulat"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("unknown command, did you mean simulate?");
  });

  test("is 2 with the help on stderr when nothing is asked", async () => {
    const { exitCode, stdout, stderr } = await run([]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain("Usage: asicd COMMAND");
  });

  test("is 1 with one line when the command fails, and with the stack on demand", async () => {
    const plain = await run(["break"]);
    expect(plain.exitCode).toBe(1);
    expect(plain.stderr).toBe("asicd: /dev/ttyS1: open: busy: locked by 77\n");
    for (const verbose of [
      await run(["break", "--verbose"]),
      await run(["break"], { ASICD_DEBUG: "1" }),
    ])
      expect(verbose.stderr).toMatch(/busy\n\s+at .*\ncaused by Error: locked by 77\n\s+at /s);
    expect((await run(["break"], { ASICD_DEBUG: "0" })).stderr).toBe(plain.stderr);
  });
});

describe("help", () => {
  test.each([["help"], ["--help"], ["-h"]])("%s lists every command", async (...argv) => {
    const { exitCode, stdout } = await run(argv);
    expect(exitCode).toBe(0);
    for (const name of ["work", "simulate", "help"]) expect(stdout).toContain(`  ${name}`);
    expect(stdout).toContain("Exit code: 0");
  });

  test.each([[["help", "work"]], [["work", "--help"]], [["work", "--nonsense", "-h"]]])(
    "%j explains one command",
    async (argv) => {
      const { exitCode, stdout } = await run(argv);
      expect(exitCode).toBe(0);
      expect(stdout).toContain("Usage: asicd work [options]");
      expect(stdout).toContain("--chips N");
      expect(stdout).toContain("(default: 126)");
      expect(stdout).toContain("asicd work --chips 4");
      expect(stdout).toContain("--verbose");
    },
  );

  test("of an unknown command is an error", async () => {
    expect((await run(["help", "wrok"])).stderr).toContain("did you mean work?");
  });

  test("fits 80 columns", async () => {
    for (const argv of [["help"], ["help", "work"]])
      for (const line of (await run(argv)).stdout.split("\n"))
        expect(line.length).toBeLessThanOrEqual(80);
  });
});

test("the version is told", async () => {
  expect(await run(["--version"])).toEqual({ exitCode: 0, stdout: "asicd 1.2.3\n", stderr: "" });
});

test("the simulator is loaded only for its own commands and for the list of all", async () => {
  loads = 0;
  await run(["work"]);
  await run(["work", "--help"]);
  await run(["--version"]);
  expect(loads).toBe(0);
  await run(["simulate"]);
  await run(["help"]);
  expect(loads).toBe(2);
});

describe("the text of an error", () => {
  test("says a cause only when it adds something, and ends for a ring of causes", () => {
    const inner = new Error("ENOENT");
    expect(errorText(new Error("open failed: ENOENT", { cause: inner }), false)).toBe(
      "open failed: ENOENT",
    );
    const ring = new Error("ring");
    ring.cause = ring;
    expect(errorText(ring, false)).toBe("ring");
    expect(errorText("a string", false)).toBe("a string");
  });

  test("is one line", () => {
    expect(errorText(new Error("one\n  two"), false)).toBe("one two");
  });

  test("of wrong input carries all problems", () => {
    const error = new ConfigError([
      { path: "a", problem: "b" },
      { path: "c", problem: "d", allowed: "e" },
    ]);
    expect(error.message).toBe("a: b\nc: d; allowed: e");
  });
});
