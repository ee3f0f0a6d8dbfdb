/** The commands that run on simulated hardware; the firmware reaches the simulator through this file only. */
import type { Command } from "../firmware/cli/command.ts";
import { simulatePoolCommand } from "./pool/command.ts";
import { simulateCommand } from "./simulate.ts";

export const simulatorCommands: readonly Command[] = [simulateCommand, simulatePoolCommand];
