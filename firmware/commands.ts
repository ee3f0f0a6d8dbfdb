/** Every command of the executable but those of the simulator. */
import { clearCommand } from "./clear.ts";
import type { Command } from "./cli/command.ts";
import { decodeCommand } from "./cli/decode-command.ts";
import { completionCommand } from "./cli/operator-commands/completion-command.ts";
import { operatorCommands } from "./cli/operator-commands/operator-commands.ts";
import { verifyCommand } from "./cli/verify-command.ts";
import { configCommand } from "./config-command.ts";
import { eventsCommand } from "./events.ts";
import { passwdCommand } from "./passwd.ts";
import { probeCommand } from "./probe.ts";
import { runCommand } from "./run.ts";
import { updateCommand } from "./update/update-command.ts";

const commands: readonly Command[] = [
  ...[runCommand, probeCommand, configCommand, passwdCommand, updateCommand],
  ...operatorCommands,
  ...[eventsCommand, clearCommand, decodeCommand, verifyCommand],
];

/** `loadMore`: commands that are loaded only when they are needed. */
export function allCommands(loadMore: () => Promise<readonly Command[]>): readonly Command[] {
  return [...commands, completionCommand(async () => [...commands, ...(await loadMore())])];
}
