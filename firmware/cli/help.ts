/** The help texts, made from the same tables that parse the command line. */
import type { Command, OptionSpec } from "./command.ts";
import { commonOptions } from "./parse-args.ts";

const EXIT_CODES =
  "Exit code: 0 it worked, 1 it did not, 2 the command line or the configuration file is wrong, 3 asicd cannot be reached.";

export function programHelp(commands: readonly Command[]): string {
  return paragraphs(
    "asicd: open firmware software for Bitcoin miners.",
    "Usage: asicd COMMAND [options]\n       asicd help COMMAND\n       asicd --version",
    `Commands:\n${table([
      ...commands.map(({ name, summary }): Row => [name, summary]),
      ["help", "show this text, or that of one command"],
    ])}`,
    prose(EXIT_CODES),
  );
}

export function commandHelp(command: Command): string {
  return paragraphs(
    `Usage: asicd ${command.name} ${command.usage}`.trimEnd(),
    prose(command.description ?? `${command.summary}.`),
    command.positionals === undefined ? "" : `Arguments:\n  ${command.positionals}`,
    `Options:\n${table(Object.entries({ ...command.options, ...commonOptions }).map(optionRow))}`,
    command.examples === undefined
      ? ""
      : `Examples:\n${command.examples.map((line) => `  ${line}`).join("\n")}`,
    prose(EXIT_CODES),
  );
}

type Row = readonly [left: string, right: string];

function optionRow([name, spec]: readonly [string, OptionSpec]): Row {
  const value = spec.type === "string" ? ` ${spec.value ?? "VALUE"}` : "";
  const notes = [
    ...(spec.multiple ? ["may be repeated"] : []),
    ...(spec.defaultText === undefined ? [] : [`default: ${spec.defaultText}`]),
  ];
  return [
    `--${name}${value}`,
    notes.length === 0 ? spec.description : `${spec.description} (${notes.join("; ")})`,
  ];
}

/** Width of a help text: the classic terminal. */
const HELP_COLUMNS = 80;
/** A longer left column puts its description on the next line. */
const LEFT_MAX = 30;

function table(rows: readonly Row[]): string {
  const left = Math.min(LEFT_MAX, Math.max(...rows.map(([name]) => name.length)));
  const indent = " ".repeat(left + 4);
  return rows
    .map(([name, description]) => {
      const text = wrap(description, HELP_COLUMNS - indent.length).join(`\n${indent}`);
      return name.length > left ? `  ${name}\n${indent}${text}` : `  ${name.padEnd(left)}  ${text}`;
    })
    .join("\n");
}

/** Paragraphs, filled anew to the width of the help. */
function prose(text: string): string {
  return text
    .split(/\n{2,}/)
    .map((paragraph) => wrap(paragraph.replaceAll("\n", " "), HELP_COLUMNS).join("\n"))
    .join("\n\n");
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function paragraphs(...parts: readonly string[]): string {
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
