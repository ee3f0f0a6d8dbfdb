/** Runs one command line of the operator's commands, with what it writes kept. */
import type { CommandContext } from "../../../../firmware/cli/command.ts";
import { completionCommand } from "../../../../firmware/cli/operator-commands/completion-command.ts";
import { operatorCommands } from "../../../../firmware/cli/operator-commands/operator-commands.ts";
import { eventsCommand } from "../../../../firmware/events.ts";
import { type Asked, askCommands } from "../../../support/asked-program.ts";

export const commands = [
  ...operatorCommands,
  eventsCommand,
  completionCommand(() => Promise.resolve(operatorCommands)),
];

export function ask(
  argv: readonly string[],
  changes: Partial<CommandContext> = {},
): Promise<Asked> {
  return askCommands(commands, argv, changes);
}
