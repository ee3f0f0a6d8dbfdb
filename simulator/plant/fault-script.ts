/** Fault scripts: `AT[..UNTIL] KIND [key=value …]` a line, e.g. `90s..2m sensor-lost sensor="board 0 sensor 48"`. */
import type { MachineSpec } from "../../boards/machine-spec.ts";
import { ConfigError, type ConfigProblem } from "../../src/lib/errors.ts";
import { type FaultKey, type FaultKind, type FaultValues, faultKinds } from "./fault-kinds.ts";
import { type ScheduledFault, whyNotApplicable } from "./faults.ts";

/**
 * Lines of scripts and arguments of --fault alike; empty ones and those that start with # mean nothing. With a machine's
 * declaration it also checks that the machine can have the fault. Throws ConfigError with every problem.
 */
export function parseFaults(
  lines: readonly string[],
  spec?: MachineSpec,
): readonly ScheduledFault[] {
  const problems: ConfigProblem[] = [];
  const faults: ScheduledFault[] = [];
  for (const [index, text] of lines.flatMap((line) => line.split(/\r?\n/)).entries()) {
    const line = text.trim();
    if (line === "" || line.startsWith("#")) continue;
    try {
      faults.push(parseLine(line, spec));
    } catch (error) {
      if (!(error instanceof FaultProblem)) throw error;
      const { message: problem, allowed } = error;
      problems.push({ path: `fault ${index + 1} "${line}"`, problem, allowed });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return faults;
}

/** Every kind with its keys, a line each. */
export function describeFaults(): string {
  const rows = [...faultKinds].map(
    ([name, kind]) => [`${name}${keysOf(kind)}`, kind.does] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows
    .map(([left, does]) => `${left.padEnd(width)}  ${does}`)
    .join("\n")
    .concat("\n");
}

class FaultProblem extends Error {
  readonly allowed: string;

  constructor(problem: string, allowed: string) {
    super(problem);
    this.allowed = allowed;
  }
}

const FORM = 'AT[..UNTIL] KIND [key=value …], e.g. 90s..2m sensor-lost sensor="board 0"';

function parseLine(line: string, spec: MachineSpec | undefined): ScheduledFault {
  const [when, name, ...pairs] = words(line);
  if (when === undefined || name === undefined) throw new FaultProblem("is not complete", FORM);
  const [from = "", until, ...more] = when.split("..");
  if (more.length > 0) throw new FaultProblem(`"${when}" is no time`, FORM);
  const fromMs = timeMs(from);
  const untilMs = until === undefined ? undefined : timeMs(until);
  if (untilMs !== undefined && untilMs <= fromMs)
    throw new FaultProblem(`ends at ${until} and begins at ${from}`, "an end after the beginning");
  const kind = faultKinds.get(name);
  if (kind === undefined)
    throw new FaultProblem(`"${name}" is no fault`, [...faultKinds.keys()].join(", "));
  const fault = kind.make(valuesOf(kind, pairs));
  const why = spec && whyNotApplicable(fault, spec);
  if (why !== undefined) throw new FaultProblem(`${spec?.name} cannot have it`, why);
  return { fault, fromMs, ...(untilMs === undefined ? {} : { untilMs }) };
}

/** Separated by blanks; quotes keep blanks, and vanish. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"),
  );
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function timeMs(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text))
    throw new FaultProblem(`"${text}" is no time`, "numbers with ms, s, m or h, e.g. 90s or 1m30s");
  let totalMs = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    totalMs += Number(number) * (UNIT_MS[unit as string] as number);
  return totalMs;
}

function valuesOf(kind: FaultKind, pairs: readonly string[]): FaultValues {
  const given = new Map<string, string>();
  const allowed = keysOf(kind).trim() || "no keys";
  for (const pair of pairs) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (key === undefined || value === undefined || kind.keys[key] === undefined)
      throw new FaultProblem(`"${pair}" is no key of it`, allowed);
    if (given.has(key)) throw new FaultProblem(`${key} is given twice`, allowed);
    given.set(key, value);
  }
  const values = new Map<string, string | number | undefined>();
  for (const [key, shape] of Object.entries(kind.keys)) {
    const text = given.get(key);
    if (text !== undefined) values.set(key, parsedValue(key, shape, text));
    else if (shape.optional === undefined) throw new FaultProblem(`${key} is missing`, allowed);
    else values.set(key, shape.optional === true ? undefined : shape.optional);
  }
  return {
    text: (key) => values.get(key) as string,
    number: (key) => values.get(key) as number,
    optionalNumber: (key) => values.get(key) as number | undefined,
    chip: (key) => values.get(key) as number | "all",
  };
}

function parsedValue(key: string, { type }: FaultKey, text: string): string | number {
  if (type === "text" || (type === "chip-or-all" && text === "all")) return text;
  const number = text.trim() === "" ? Number.NaN : Number(text);
  const isFine = {
    index: Number.isInteger(number) && number >= 0,
    "chip-or-all": Number.isInteger(number) && number >= 0,
    number: Number.isFinite(number),
    probability: number >= 0 && number <= 1,
    hex: Number.isInteger(number) && number >= 0 && number <= 0xff,
  }[type];
  if (!isFine) throw new FaultProblem(`${key}=${text}`, ALLOWED[type]);
  return number;
}

const ALLOWED = {
  index: "a whole number from 0",
  "chip-or-all": 'a whole number from 0, or "all"',
  number: "a number",
  probability: "0 to 1",
  hex: "0 to 255, e.g. 0x99",
} as const;

function keysOf({ keys }: FaultKind): string {
  return Object.entries(keys)
    .map(([key, { type, optional }]) => {
      const shown = `${key}=${SHOWN[type]}`;
      if (optional === undefined) return ` ${shown}`;
      if (optional === true) return ` [${shown}]`;
      return ` [${shown}; ${type === "hex" ? `0x${optional.toString(16)}` : optional}]`;
    })
    .join("");
}

const SHOWN: Readonly<Record<FaultKey["type"], string>> = {
  text: "NAME",
  index: "N",
  "chip-or-all": "N|all",
  number: "X",
  probability: "0..1",
  hex: "0xNN",
};
