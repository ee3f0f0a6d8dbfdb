/** All commands that ask a running asicd over its API. */
import type { Command } from "../command.ts";
import {
  identifyCommand,
  pauseCommand,
  restartCommand,
  resumeCommand,
  switchPoolCommand,
} from "./action-commands.ts";
import { boardsCommand, logsCommand, poolsCommand, statusCommand } from "./reading-commands.ts";
import { tokenCommand } from "./token-command.ts";

export const operatorCommands: readonly Command[] = [
  statusCommand,
  boardsCommand,
  poolsCommand,
  pauseCommand,
  resumeCommand,
  identifyCommand,
  restartCommand,
  switchPoolCommand,
  tokenCommand,
  logsCommand,
];
