#!/usr/bin/env node
/** The executable `asicd`: gives its commands the process. */
import type { Command } from "./cli/command.ts";
import { processContext } from "./cli/process-context.ts";
import { runProgram } from "./cli/program.ts";
import { keepHeapSmall } from "./process-memory.ts";

keepHeapSmall();
const context = processContext();

// The only place where the daemon's side of the program names the simulator.
const loadMoreCommands = async () => (await import("../simulator/main.ts")).simulatorCommands;

/** What stays for months is loaded without the tools beside it: half of the supervisor's memory. */
const alone = new Map<string | undefined, () => Promise<readonly Command[]>>([
  ["run", async () => [(await import("./run.ts")).runCommand]],
  ["simulate", loadMoreCommands],
]);
const allCommands = async () => (await import("./commands.ts")).allCommands(loadMoreCommands);

const argv = process.argv.slice(2);
const exitCode = await runProgram(
  {
    version: process.env["ASICD_VERSION"] ?? "0.0.0-unbuilt",
    commands: await (alone.get(argv[0]) ?? allCommands)(),
    loadMoreCommands,
  },
  argv,
  context,
);
context.end(exitCode);
