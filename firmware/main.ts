#!/usr/bin/env node
/** The executable `asicd`: gives its commands the process. */
import { processContext } from "./cli/process-context.ts";
import { runProgram } from "./cli/program.ts";
import { allCommands } from "./commands.ts";

const context = processContext();

// The only place where the daemon's side of the program names the simulator.
const loadMoreCommands = async () => (await import("../simulator/main.ts")).simulatorCommands;

const exitCode = await runProgram(
  {
    version: process.env["ASICD_VERSION"] ?? "0.0.0-unbuilt",
    commands: allCommands(loadMoreCommands),
    loadMoreCommands,
  },
  process.argv.slice(2),
  context,
);
context.end(exitCode);
