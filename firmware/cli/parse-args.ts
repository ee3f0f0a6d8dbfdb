/**
 * Reads a command line for one command. Problems are collected, not thrown one by one: readers note what is wrong and
 * return the fallback, and `finish` throws everything at once as a ConfigError.
 */
import { parseArgs } from "node:util";
import { fromHex } from "../../src/lib/bytes.ts";
import { ConfigError, type ConfigProblem } from "../../src/lib/errors.ts";
import { nearest } from "../../src/lib/nearest.ts";
import type { Command, OptionSpec } from "./command.ts";
import { durationForms, parseDurationMs } from "./duration.ts";

/** Options that every command has. */
export const commonOptions: Readonly<Record<string, OptionSpec>> = {
  help: { type: "boolean", description: "show this help (also -h)" },
  verbose: { type: "boolean", description: "debug messages in the log, stack traces with errors" },
};

export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** Unit of the value, for the error text. */
  readonly unit?: string;
  /** The error text shows the bounds as people write such values: in hex. */
  readonly inHex?: boolean;
}

export interface ParsedArgs {
  readonly positionals: readonly string[];
  has(option: string): boolean;
  flag(option: string): boolean;
  string<F extends string | undefined>(option: string, fallback: F): string | F;
  /** All values of an option marked `multiple`. */
  strings(option: string): readonly string[];
  /** A whole number in decimal, or in hex after 0x. */
  integer<F extends number | undefined>(option: string, bounds: Bounds, fallback: F): number | F;
  /** A decimal number, fraction and exponent allowed. */
  number<F extends number | undefined>(option: string, bounds: Bounds, fallback: F): number | F;
  /** Milliseconds; a bare number counts seconds. */
  durationMs<F extends number | undefined>(
    option: string,
    boundsMs: Bounds,
    fallback: F,
  ): number | F;
  /** One of the allowed words, upper and lower case alike. */
  oneOf<T extends string, F extends T | undefined>(
    option: string,
    allowed: readonly T[],
    fallback: F,
  ): T | F;
  hex<F extends Uint8Array | undefined>(option: string, fallback: F): Uint8Array | F;
  /** Notes a problem for each of these options that is absent. */
  require(...options: readonly string[]): void;
  /** Runs a reader that throws RangeError or ConfigError on bad text; its error becomes a problem at `path`. */
  attempt<T, F>(path: string, read: () => T, fallback: F): T | F;
  problem(problem: ConfigProblem): void;
  /** Throws ConfigError with every problem found so far; every command calls it before it acts. */
  finish(): void;
}

/** Splits `argv` (what follows the command's name) by the command's option table. */
export function parseCommandLine(command: Command, argv: readonly string[]): ParsedArgs {
  const specs = { ...command.options, ...commonOptions };
  const { values, positionals, problems } = split(argv, specs);
  if (command.positionals === undefined)
    for (const extra of positionals)
      problems.push({
        path: `"${extra}"`,
        problem: `asicd ${command.name} takes no such argument`,
        allowed: "options only",
      });
  return readers(values, positionals, problems);
}

/** True when the words before "--" ask for help. */
export function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end < 0 ? argv : argv.slice(0, end)).some((word) => word === "--help" || word === "-h");
}

interface Split {
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
  readonly problems: ConfigProblem[];
}

function split(argv: readonly string[], specs: Readonly<Record<string, OptionSpec>>): Split {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(specs).map(([name, { type }]) => [name, { type, multiple: true }]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  const problems: ConfigProblem[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined;
    if (spec === undefined) {
      problems.push(unknownOption(token.rawName, token.name, specs));
      continue;
    }
    const problem = valueProblem(token, spec);
    if (problem !== undefined) {
      problems.push({ path: `--${token.name}`, ...problem });
      continue;
    }
    const given = values.get(token.name) ?? [];
    given.push(token.value ?? "");
    values.set(token.name, given);
    if (given.length === 2 && !spec.multiple && spec.type === "string")
      problems.push({ path: `--${token.name}`, problem: "is given more than once" });
  }
  return { values, positionals, problems };
}

function unknownOption(
  rawName: string,
  name: string,
  specs: Readonly<Record<string, OptionSpec>>,
): ConfigProblem {
  const meant = nearest(name, Object.keys(specs));
  return {
    path: rawName,
    problem: `unknown option${meant === undefined ? "" : `, did you mean --${meant}?`}`,
    allowed: Object.keys(specs)
      .map((known) => `--${known}`)
      .join(" "),
  };
}

function valueProblem(
  token: { readonly value: string | undefined; readonly inlineValue: boolean | undefined },
  spec: OptionSpec,
): Omit<ConfigProblem, "path"> | undefined {
  const { value, inlineValue } = token;
  if (spec.type === "boolean")
    return inlineValue ? { problem: `takes no value, but has "${value}"` } : undefined;
  const placeholder = spec.value ?? "VALUE";
  if (value === undefined || value === "")
    return { problem: "needs a value", allowed: placeholder };
  // "--pool --json" is a forgotten value far more often than a value that begins with a dash.
  if (!inlineValue && /^-[^\d.]/.test(value))
    return {
      problem: `needs a value, but "${value}" follows`,
      allowed: `${placeholder} (one that begins with a dash is written after "=")`,
    };
  return undefined;
}

function readers(
  values: ReadonlyMap<string, readonly string[]>,
  positionals: readonly string[],
  problems: ConfigProblem[],
): ParsedArgs {
  const value = (option: string) => values.get(option)?.at(-1);

  function read<T, F>(
    option: string,
    fallback: F,
    allowed: string,
    parse: (text: string) => T | undefined,
  ): T | F {
    const text = value(option);
    if (text === undefined) return fallback;
    const parsed = parse(text);
    if (parsed !== undefined) return parsed;
    problems.push({ path: `--${option}`, problem: `"${text}" is not valid`, allowed });
    return fallback;
  }

  return {
    positionals,
    has: (option) => values.has(option),
    flag: (option) => values.has(option),
    string: (option, fallback) => value(option) ?? fallback,
    strings: (option) => values.get(option) ?? [],
    integer: (option, bounds, fallback) =>
      read(option, fallback, `a whole number ${describeBounds(bounds)}`, (text) =>
        /^(-?\d+|0x[0-9a-f]+)$/i.test(text) ? within(bounds, Number(text)) : undefined,
      ),
    number: (option, bounds, fallback) =>
      read(option, fallback, `a number ${describeBounds(bounds)}`, (text) =>
        /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? within(bounds, Number(text)) : undefined,
      ),
    durationMs: (option, bounds, fallback) =>
      read(
        option,
        fallback,
        `${durationForms}, ${describeBounds({ min: bounds.min / 1000, max: bounds.max / 1000, unit: "s" })}`,
        (text) => within(bounds, parseDurationMs(text)),
      ),
    oneOf: (option, allowed, fallback) =>
      read(option, fallback, allowed.join(", "), (text) =>
        allowed.find((word) => word.toLowerCase() === text.toLowerCase()),
      ),
    hex(option, fallback) {
      const text = value(option);
      return text === undefined
        ? fallback
        : this.attempt(`--${option}`, () => fromHex(text), fallback);
    },
    require(...options) {
      for (const option of options)
        if (!values.has(option) && !problems.some(({ path }) => path === `--${option}`))
          problems.push({ path: `--${option}`, problem: "is needed" });
    },
    attempt(path, parse, fallback) {
      try {
        return parse();
      } catch (error) {
        if (error instanceof ConfigError) problems.push(...error.problems);
        else if (error instanceof RangeError) problems.push({ path, problem: error.message });
        else throw error;
        return fallback;
      }
    },
    problem: (problem) => void problems.push(problem),
    finish() {
      if (problems.length > 0) throw new ConfigError(problems);
    },
  };
}

function within({ min, max }: Bounds, value: number | undefined): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

function describeBounds({ min, max, unit, inHex = false }: Bounds): string {
  const suffix = unit === undefined ? "" : ` ${unit}`;
  const show = (value: number) => (inHex ? `0x${value.toString(16).padStart(8, "0")}` : `${value}`);
  return max === Number.POSITIVE_INFINITY || max === Number.MAX_SAFE_INTEGER
    ? `of at least ${show(min)}${suffix}`
    : `from ${show(min)} to ${show(max)}${suffix}`;
}
