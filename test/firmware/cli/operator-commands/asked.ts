/** Runs one command line of the operator's commands, with what it writes kept. */
import type { CommandContext } from "../../../../firmware/cli/command.ts";
import { completionCommand } from "../../../../firmware/cli/operator-commands/completion-command.ts";
import { operatorCommands } from "../../../../firmware/cli/operator-commands/operator-commands.ts";
import { runProgram } from "../../../../firmware/cli/program.ts";
import { eventsCommand } from "../../../../firmware/events.ts";

export interface Asked {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const commands = [
  ...operatorCommands,
  eventsCommand,
  completionCommand(() => Promise.resolve(operatorCommands)),
];

export async function ask(
  argv: readonly string[],
  changes: Partial<CommandContext> = {},
): Promise<Asked> {
  let stdout = "";
  let stderr = "";
  const exitCode = await runProgram(
    { version: "0", commands, loadMoreCommands: () => Promise.resolve([]) },
    argv,
    {
      stdout: (text) => {
        stdout += text;
      },
      stderr: (text) => {
        stderr += text;
      },
      isTerminal: false,
      terminalSize: () => ({ columns: 80, rows: 24 }),
      signal: new AbortController().signal,
      env: {},
      ...changes,
    },
  );
  return { exitCode, stdout, stderr };
}
