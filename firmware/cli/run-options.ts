/** What `asicd run` may be told, and the rule that keeps it from hashing on hardware that nobody watches. */
import { realpathSync } from "node:fs";
import type { LoadedConfig } from "../../src/config/load.ts";
import type { ConfigProblem } from "../../src/lib/errors.ts";
import { type LogFormat, logFormats } from "../log.ts";
import type { OptionSpec } from "./command.ts";
import type { ParsedArgs } from "./parse-args.ts";

export const runOptionSpecs = {
  config: {
    type: "string",
    value: "FILE",
    description: "the configuration file, JSON with comments",
  },
  check: {
    type: "boolean",
    description:
      "check the configuration and end; nothing is opened (with --json: print it with all defaults)",
  },
  unsupervised: {
    type: "boolean",
    description:
      "hash on bare chains although asicd watches neither their temperature nor fans nor power: you state that something else does",
  },
  duration: {
    type: "string",
    value: "TIME",
    description: "end after this long, e.g. 90s or 10m",
    defaultText: "until a signal",
  },
  json: {
    type: "boolean",
    description: "print the final report as JSON; the log goes to stderr then",
  },
  "log-format": {
    type: "string",
    value: "json|plain",
    description: "lines of the log: JSON with times, or plain ones without, for a system log",
    defaultText: "json",
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** For the help of `run`. */
export const runDescription = `Finds out which machine this is (asicd probe shows it; the file may name it), then switches it on under the eyes of a
guard: fans are proven before power, and power goes off when a temperature, a fan, a supply or the miner itself says so.
Where no voltage of a machine is known for certain, the file must name both the board and its voltage.

With "chains" in the file instead of "machine", asicd talks to the chips only: then something else must power, cool and
watch them, which --unsupervised states. Chains behind a pseudo terminal (/dev/pts/N: a simulator) need no such
statement; real hardware behind socat or ser2net must not be given that way.`;

export interface RunOptions {
  readonly configFile: string;
  readonly checkOnly: boolean;
  readonly unsupervised: boolean;
  /** Absent: until a signal. */
  readonly durationMs: number | undefined;
  readonly json: boolean;
  readonly logFormat: LogFormat;
}

/** Throws ConfigError with every problem of the command line. */
export function readRunOptions(args: ParsedArgs): RunOptions {
  args.require("config");
  const options: RunOptions = {
    configFile: args.string("config", ""),
    checkOnly: args.flag("check"),
    unsupervised: args.flag("unsupervised"),
    durationMs: args.durationMs("duration", { min: 1_000, max: 30 * 86_400_000 }, undefined),
    json: args.flag("json"),
    logFormat: args.oneOf("log-format", logFormats, "json"),
  };
  args.finish();
  return options;
}

/** Why this configuration must not hash unwatched; empty when the operator took it on, or nothing real is attached. */
export function supervisionProblems(
  config: Pick<LoadedConfig, "chains">,
  unsupervised: boolean,
): ConfigProblem[] {
  if (unsupervised) return [];
  const real = config.chains.filter(({ uart }) => !isPseudoTerminal(uart));
  if (real.length === 0) return [];
  return [
    {
      path: "--unsupervised",
      problem: `is needed to hash on ${real.map(({ uart }) => uart).join(", ")}: of bare chains asicd does not watch temperature, fans and power, and chips that nobody watches can burn`,
      allowed:
        "--unsupervised when something else switches the boards off before they overheat, or --check, or chains behind a pseudo terminal",
    },
  ];
}

/** A link to one counts; a device that does not exist does not. */
function isPseudoTerminal(uart: string): boolean {
  try {
    return /^\/dev\/pts\/\d+$/.test(realpathSync(uart));
  } catch {
    return false;
  }
}

/** What `run --check` prints for a sound file; ends with a line end. */
export function checkReport(file: string, config: LoadedConfig, json: boolean): string {
  if (json) return `${JSON.stringify(config, undefined, 2)}\n`;
  const chains = config.chains.map(
    ({ uart, chip, chips, frequencyMHz }, i) =>
      `chain ${i}: ${chips} ${chip} on ${uart} at ${frequencyMHz} MHz\n`,
  );
  const machine =
    config.chains.length > 0 ? "" : `machine: ${config.machine?.board ?? "what is detected"}\n`;
  return `${file} is fine.\n${machine}${chains.join("")}`;
}
