/** Named switches as text, such as "ntime-ahead=120s": one table says what exists, one parser reads it. */
import { printable } from "../../src/lib/bytes.ts";
import { ConfigError, type ConfigProblem } from "../../src/lib/errors.ts";
import { nearest } from "../../src/lib/nearest.ts";

export interface SwitchSpec {
  readonly description: string;
  /** What stands after "=": whole seconds, a count, or nothing. */
  readonly value: "none" | "seconds" | "count";
}

/** The switches that are on, with their values; 1 for those that have none. */
export type Switches<Name extends string> = ReadonlyMap<Name, number>;

/** Throws ConfigError with every problem, each at `path` (the option that the texts came from). */
export function parseSwitches<Name extends string>(
  texts: readonly string[],
  table: Readonly<Record<Name, SwitchSpec>>,
  path: string,
): Switches<Name> {
  const names = Object.keys(table) as Name[];
  const switches = new Map<Name, number>();
  const problems: ConfigProblem[] = [];
  for (const text of texts) {
    const [word = "", value] = text.split("=", 2);
    const name = names.find((known) => known === word);
    if (name === undefined) {
      const meant = nearest(word, names);
      const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
      problems.push({
        path,
        problem: `"${printable(word, 60)}" is unknown${hint}`,
        allowed: names.join(", "),
      });
      continue;
    }
    const read = readValue(table[name], value);
    if (read === undefined)
      problems.push({
        path,
        problem: `"${printable(text, 60)}"`,
        allowed: usage(name, table[name]),
      });
    else switches.set(name, read);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return switches;
}

/** One line per switch, for a help text. */
export function describeSwitches(table: Readonly<Record<string, SwitchSpec>>): string {
  return Object.entries(table)
    .map(([name, spec]) => `${usage(name, spec)} (${spec.description})`)
    .join("; ");
}

function usage(name: string, { value }: SwitchSpec): string {
  if (value === "none") return name;
  return value === "seconds" ? `${name}=120s` : `${name}=N`;
}

function readValue({ value: kind }: SwitchSpec, text: string | undefined): number | undefined {
  if (kind === "none") return text === undefined ? 1 : undefined;
  const digits = kind === "seconds" ? /^(\d{1,9})s?$/ : /^(\d{1,9})$/;
  const [, number] = digits.exec(text ?? "") ?? [];
  return number === undefined ? undefined : Number(number);
}
