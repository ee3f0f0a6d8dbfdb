/** The shape of one subcommand: what it is called, which options it takes, and what it does. */
import type { ParsedArgs } from "./parse-args.ts";

export interface OptionSpec {
  readonly type: "string" | "boolean";
  /** May be given more than once; read it with `ParsedArgs.strings`. */
  readonly multiple?: boolean;
  /** Placeholder of the value in the help text, e.g. HOST:PORT. */
  readonly value?: string;
  readonly description: string;
  /** What holds when the option is absent, as the help text says it. */
  readonly defaultText?: string;
}

export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What follows the command's name, e.g. "[options] HEX...". */
  readonly usage: string;
  readonly description?: string;
  /** Keyed by the long name without dashes. `help` and `verbose` belong to every command. */
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** What the positional arguments are; absent when the command takes none. */
  readonly positionals?: string;
  readonly examples?: readonly string[];
  /**
   * Reads its options from `args`, calls `args.finish()` (which throws every problem of the command line at once), then
   * works. Resolves to the exit code; throws ConfigError for wrong input (exit code 2).
   */
  run(args: ParsedArgs, context: CommandContext): Promise<number>;
}

export const exitCodes = {
  ok: 0,
  /** The command was understood and did not succeed. */
  failed: 1,
  /** The command line or the configuration file is wrong; nothing was done. */
  wrongUsage: 2,
} as const;

/** All that a command may touch of the process it runs in. */
export interface CommandContext {
  /** Writes results; `text` brings its own line ends. */
  stdout(text: string): void;
  /** Writes what is meant for the person who started the command. */
  stderr(text: string): void;
  /** True when stdout is a terminal: a person is watching. */
  readonly isTerminal: boolean;
  /** Size of the terminal now; 80 by 24 when there is none. */
  terminalSize(): { readonly columns: number; readonly rows: number };
  /** Aborted by the first SIGINT or SIGTERM, and when nobody reads the results any more: end in good order, then return. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}
