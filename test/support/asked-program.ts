/** Runs one command line in this process, with what it writes kept. */
import type { Command, CommandContext } from "../../firmware/cli/command.ts";
import { runProgram } from "../../firmware/cli/program.ts";

export interface Asked {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function askProgram(
  commands: readonly Command[],
  argv: readonly string[],
  changes: Partial<CommandContext> = {},
): Promise<Asked> {
  let [stdout, stderr] = ["", ""];
  const exitCode = await runProgram(
    { version: "0", commands, loadMoreCommands: async () => [] },
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
