#!/usr/bin/env node
import { clearCommand } from "./clear.ts";
/** The executable `asicd`: names its commands and gives them the process. */
import { decodeCommand } from "./cli/decode-command.ts";
import { processContext } from "./cli/process-context.ts";
import { runProgram } from "./cli/program.ts";
import { verifyCommand } from "./cli/verify-command.ts";
import { eventsCommand } from "./events.ts";
import { probeCommand } from "./probe.ts";
import { runCommand } from "./run.ts";

const context = processContext();

const exitCode = await runProgram(
  {
    version: process.env["ASICD_VERSION"] ?? "0.0.0-unbuilt",
    commands: [runCommand, probeCommand, eventsCommand, clearCommand, decodeCommand, verifyCommand],
    // The only place where the daemon's side of the program names the simulator.
    loadMoreCommands: async () => (await import("../simulator/main.ts")).simulatorCommands,
  },
  process.argv.slice(2),
  context,
);
context.end(exitCode);
