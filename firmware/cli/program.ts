/** The executable without its process: picks the command, runs it, turns every error into text and an exit code. */
import { ConfigError, describeProblem } from "../../src/lib/errors.ts";
import { nearest } from "../../src/lib/nearest.ts";
import { type Command, type CommandContext, exitCodes } from "./command.ts";
import { commandHelp, programHelp } from "./help.ts";
import { asksForHelp, parseCommandLine } from "./parse-args.ts";

export interface Program {
  readonly version: string;
  /** Commands that are always loaded. */
  readonly commands: readonly Command[];
  /** More commands, loaded only when one of them or the list of all is wanted. */
  loadMoreCommands(): Promise<readonly Command[]>;
}

/** Runs one command line (without node and script) and resolves to the exit code; never rejects. */
export async function runProgram(
  program: Program,
  argv: readonly string[],
  context: CommandContext,
): Promise<number> {
  const [first, ...rest] = argv;
  try {
    if (first === "--version" || first === "-V" || first === "-v") {
      context.stdout(`asicd ${program.version}\n`);
      return exitCodes.ok;
    }
    if (first === undefined) {
      context.stderr(programHelp(await allCommands(program)));
      return exitCodes.wrongUsage;
    }
    if (first === "help" || first === "--help" || first === "-h") {
      const [name] = rest;
      context.stdout(
        name === undefined
          ? programHelp(await allCommands(program))
          : commandHelp(await findCommand(program, name)),
      );
      return exitCodes.ok;
    }
    const command = await findCommand(program, first);
    if (asksForHelp(rest)) {
      context.stdout(commandHelp(command));
      return exitCodes.ok;
    }
    return await command.run(parseCommandLine(command, rest), context);
  } catch (error) {
    return reportError(error, argv, context);
  }
}

async function allCommands(program: Program): Promise<readonly Command[]> {
  return [...program.commands, ...(await program.loadMoreCommands())];
}

async function findCommand(program: Program, name: string): Promise<Command> {
  const own = program.commands.find((command) => command.name === name);
  if (own !== undefined) return own;
  const all = await allCommands(program);
  const found = all.find((command) => command.name === name);
  if (found !== undefined) return found;
  const names = [...all.map((command) => command.name), "help"];
  const meant = nearest(name, names);
  throw new ConfigError([
    {
      path: `"${name}"`,
      problem: `unknown command${meant === undefined ? "" : `, did you mean ${meant}?`}`,
      allowed: names.join(", "),
    },
  ]);
}

/** Who has this many problems gave the wrong file. */
const PROBLEMS_SHOWN = 50;

/** Tells the person what went wrong: all problems of wrong input, one line of anything else. Returns the exit code. */
function reportError(
  error: unknown,
  argv: readonly string[],
  context: Pick<CommandContext, "stderr" | "env">,
): number {
  if (error instanceof ConfigError) {
    const lines = error.problems
      .slice(0, PROBLEMS_SHOWN)
      .map((problem) => `asicd: ${describeProblem(problem)}\n`);
    const hidden = error.problems.length - lines.length;
    if (hidden > 0) lines.push(`asicd: and ${hidden} more problems\n`);
    const [command = ""] = argv;
    const help = /^[a-z]/.test(command) ? `asicd ${command} --help` : "asicd help";
    const unknownCommand = error.problems.some(({ path }) => path === `"${command}"`);
    context.stderr(`${lines.join("")}Try: ${unknownCommand ? "asicd help" : help}\n`);
    return exitCodes.wrongUsage;
  }
  context.stderr(`asicd: ${errorText(error, wantsStack(argv, context.env))}\n`);
  return exitCodes.failed;
}

function wantsStack(argv: readonly string[], env: CommandContext["env"]): boolean {
  const debug = env["ASICD_DEBUG"];
  return argv.includes("--verbose") || (debug !== undefined && debug !== "" && debug !== "0");
}

/** One line with the causes, or the stack with everything in it. */
export function errorText(error: unknown, withStack: boolean): string {
  if (!(error instanceof Error)) return String(error);
  const causes = causesOf(error);
  if (withStack)
    return [error, ...causes].map((one) => one.stack ?? String(one)).join("\ncaused by ");
  const messages = [error, ...causes].map((one) => one.message || one.name);
  // A cause whose words are already in the message says nothing new.
  const said = messages.filter((text, i) => i === 0 || !messages[i - 1]?.includes(text));
  return said.join(": ").replace(/\s*\n\s*/g, " ");
}

function causesOf(error: Error): Error[] {
  const causes: Error[] = [];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (causes.includes(cause)) break;
    causes.push(cause);
  }
  return causes;
}
