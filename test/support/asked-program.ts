/** Runs one command line in this process, with what it writes kept. */
import type { Command, CommandContext } from "../../firmware/cli/command.ts";
import { type Program, runProgram } from "../../firmware/cli/program.ts";

export interface Asked {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of a program that has these commands alone. */
export function askCommands(
  commands: readonly Command[],
  argv: readonly string[],
  changes?: Partial<CommandContext>,
): Promise<Asked> {
  return askProgram({ version: "0", commands, loadMoreCommands: async () => [] }, argv, changes);
}

export async function askProgram(
  program: Program,
  argv: readonly string[],
  changes: Partial<CommandContext> = {},
): Promise<Asked> {
  let [stdout, stderr] = ["", ""];
  const exitCode = await runProgram(program, argv, {
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
  });
  return { exitCode, stdout, stderr };
}
