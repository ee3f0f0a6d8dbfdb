/** The options of `asicd simulate`: what they are called, and what they come to. */
import { readFileSync } from "node:fs";
import { type MachineRef, machineOf } from "../boards/machine-ref.ts";
import type { MachineSpec } from "../boards/machine-spec.ts";
import { machines } from "../boards/machines.ts";
import { chipsByName } from "../drivers/bm13xx/chips.ts";
import type { Command } from "../firmware/cli/command.ts";
import { configurableChips } from "../firmware/cli/config-file.ts";
import type { ParsedArgs } from "../firmware/cli/parse-args.ts";
import type { ConfigChange } from "../src/api/device.ts";
import { loadConfig } from "../src/config/load.ts";
import { checkUserIdentity } from "../src/config/user-identity.ts";
import type { FanMode } from "../src/control/fan-control.ts";
import type { ChannelKind } from "../src/hashing/pool-options.ts";
import { ConfigError } from "../src/lib/errors.ts";
import { parseFaults } from "./plant/fault-script.ts";
import { parseQuirks } from "./pool/quirks.ts";
import type { SimulatedPoolSettings } from "./pool/settings.ts";
import { simulatedConfig } from "./simulate-config.ts";

const CHIPS = [...chipsByName.values()]
  .filter(({ experimental }) => experimental === undefined)
  .map(({ name }) => name);
/** Stands for the simulated one until it listens. */
const SOME_POOL = "stratum2+tcp://127.0.0.1:1/9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72";
const BOARDS = machines.map(({ id }) => id);

/** This machine alone; when the port is taken, any free one. */
const DEFAULT_PAGE = "127.0.0.1:4080";

export const simulateOptions: Command["options"] = {
  board: {
    type: "string",
    value: "NAME",
    description: `the declared machine: ${BOARDS.join(", ")}`,
    defaultText: "a virtual one of the chips below",
  },
  chip: {
    type: "string",
    value: "NAME",
    description: `chip of a virtual machine: ${CHIPS.join(", ")}`,
    defaultText: "BM1362",
  },
  chips: {
    type: "string",
    value: "N",
    description: "chips of each chain",
    defaultText: "126 for BM1362, 65 for BM1370",
  },
  chains: { type: "string", value: "N", description: "chains", defaultText: "3" },
  frequency: {
    type: "string",
    value: "MHZ",
    description: "hash clock",
    defaultText: "the board's usual",
  },
  "ticket-difficulty": {
    type: "string",
    value: "N",
    description: "chips report hashes of at least this difficulty (before scaling); a power of two",
    defaultText: "the board's usual",
  },
  pool: {
    type: "string",
    multiple: true,
    value: "URL",
    description:
      "mine on this pool, e.g. stratum2+tcp://HOST:PORT/KEY or stratum+tcp://HOST:PORT; several: fail-over in this order",
    defaultText: "a simulated pool",
  },
  channel: {
    type: "string",
    value: "KIND",
    description: "Stratum V2 channels: standard, extended or auto",
    defaultText: "auto",
  },
  standby: {
    type: "string",
    value: "KIND",
    description: "the next of several pools: warm (connected) or probe (looked at now and then)",
    defaultText: "warm",
  },
  user: {
    type: "string",
    value: "NAME",
    description: "user identity for the pool",
    defaultText: "asicd.simulator",
  },
  "version-mask": {
    type: "string",
    value: "NAME",
    description: "version bits to roll: bip320 or bip323",
    defaultText: "bip320",
  },
  "shares-per-minute": {
    type: "string",
    value: "N",
    description: "shares per minute and channel that the simulated pool asks for",
    defaultText: "60",
  },
  "block-interval": {
    type: "string",
    value: "TIME",
    description: "between two blocks of the simulated pool",
    defaultText: "15s",
  },
  "template-interval": {
    type: "string",
    value: "TIME",
    description: "between two templates on the same block",
    defaultText: "5s",
  },
  quirk: {
    type: "string",
    multiple: true,
    value: "NAME",
    description: "a quirk of real pools for the simulated one, see simulate-pool --help",
  },
  duration: {
    type: "string",
    value: "TIME",
    description: "mine this long, counted from when the chains hash, then report and end",
    defaultText: "until a signal",
  },
  workers: {
    type: "string",
    value: "N",
    description: "hashing threads",
    defaultText: "one per core",
  },
  fault: {
    type: "string",
    multiple: true,
    value: "FAULT",
    description:
      'what goes wrong and when, e.g. "30s fan-stalled fan=\\"front fans\\""; see --fault help',
  },
  "fault-file": {
    type: "string",
    value: "FILE",
    description: "a script of such faults, one a line, # begins a comment",
  },
  fans: {
    type: "string",
    value: "MODE",
    description: "auto, a duty in percent, or immersion",
    defaultText: "auto",
  },
  page: {
    type: "string",
    value: "HOST:PORT",
    description: "where the web page and the API are served; off: nowhere",
    defaultText: DEFAULT_PAGE,
  },
  set: {
    type: "string",
    multiple: true,
    value: "PATH=VALUE",
    description:
      "any other setting, as in the configuration file, e.g. mqtt.url=mqtt://127.0.0.1; null takes one away",
  },
  "state-dir": {
    type: "string",
    value: "DIR",
    description: "where events, history and passwords are kept",
    defaultText: "a temporary folder",
  },
  probe: {
    type: "boolean",
    description: "only show what `asicd probe` sees on that machine, with the faults of time 0",
  },
  record: {
    type: "string",
    value: "FILE",
    description: "the world writes down here what physically happened, one JSON line each",
  },
  seed: {
    type: "string",
    value: "N",
    description: "seed of everything left to chance",
    defaultText: "1",
  },
  json: {
    type: "boolean",
    description: "print the final report as JSON; the log goes to stderr",
  },
};

/** The same for every pool. */
export interface PoolChoices {
  readonly user: string;
  readonly versionMask: "bip320" | "bip323";
  readonly channel: ChannelKind;
  readonly standby: "warm" | "probe";
}

export interface SimulateOptions {
  readonly machine: MachineRef;
  readonly spec: MachineSpec;
  readonly frequencyMHz: number | undefined;
  readonly ticketDifficulty: number | undefined;
  /** Empty: the simulated one. */
  readonly poolUrls: readonly string[];
  readonly pools: PoolChoices;
  readonly pool: SimulatedPoolSettings;
  readonly faults: readonly string[];
  readonly fans: FanMode;
  /** Absent: no page, no API, no operator process. */
  readonly page: string | undefined;
  /** Other settings, as in the configuration file. */
  readonly settings: readonly ConfigChange[];
  readonly stateDir: string | undefined;
  readonly recordFile: string | undefined;
  readonly durationMs: number | undefined;
  readonly workers: number | undefined;
  readonly seed: number;
  readonly probe: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Throws ConfigError with every problem. */
export function readSimulateOptions(args: ParsedArgs): SimulateOptions {
  const machine = readMachine(args);
  const spec = machineOf(machine);
  if (spec === undefined) throw new ConfigError([{ path: "--board", problem: "not known" }]);
  const faultFile = args.string("fault-file", undefined);
  const faults = [
    ...(faultFile === undefined
      ? []
      : args.attempt("--fault-file", () => readFaultFile(faultFile), [])),
    ...args.strings("fault"),
  ];
  const options: SimulateOptions = {
    machine,
    spec,
    frequencyMHz: args.number("frequency", { min: 56.25, max: 1_000, unit: "MHz" }, undefined),
    ticketDifficulty: args.integer("ticket-difficulty", { min: 1, max: 2 ** 20 }, undefined),
    poolUrls: args.strings("pool"),
    pools: {
      user: args.string("user", "asicd.simulator"),
      versionMask: args.oneOf("version-mask", ["bip320", "bip323"], "bip320"),
      channel: args.oneOf("channel", ["standard", "extended", "auto"], "auto"),
      standby: args.oneOf("standby", ["warm", "probe"], "warm"),
    },
    pool: {
      sharesPerMinute: args.number("shares-per-minute", { min: 0.1, max: 60_000 }, 60),
      blockIntervalMs: args.durationMs("block-interval", { min: 100, max: 86_400_000 }, 15_000),
      templateIntervalMs: args.durationMs(
        "template-interval",
        { min: 100, max: 86_400_000 },
        5_000,
      ),
      quirks: args.strings("quirk"),
    },
    faults,
    fans: args.attempt("--fans", () => readFanMode(args.string("fans", "auto")), { mode: "auto" }),
    page:
      args.string("page", DEFAULT_PAGE) === "off" ? undefined : args.string("page", DEFAULT_PAGE),
    settings: args
      .strings("set")
      .flatMap((text) => args.attempt("--set", () => [readSetting(text)], [])),
    stateDir: args.string("state-dir", undefined),
    recordFile: args.string("record", undefined),
    durationMs: args.durationMs("duration", { min: 1_000, max: 30 * 86_400_000 }, undefined),
    workers: args.integer("workers", { min: 1, max: 256 }, undefined),
    seed: args.integer("seed", { min: 0, max: 0xffffffff }, 1),
    probe: args.flag("probe"),
    json: args.flag("json"),
    verbose: args.flag("verbose"),
  };
  if (!Number.isInteger(Math.log2(options.ticketDifficulty ?? 1))) {
    args.problem({
      path: "--ticket-difficulty",
      problem: `${options.ticketDifficulty} is no power of two`,
      allowed: "1, 2, 4, … 1048576",
    });
  }
  args.attempt("--quirk", () => parseQuirks(args.strings("quirk")), undefined);
  args.attempt("--fault", () => parseFaults(faults, spec), undefined);
  args.attempt("--user", () => checkUserIdentity(options.pools.user, "--user"), undefined);
  args.attempt("settings", () => checkSettings(options), undefined);
  args.finish();
  return options;
}

/** As the file of a real machine would be. Throws ConfigError. */
function checkSettings(options: SimulateOptions): void {
  const poolUrls = options.poolUrls.length > 0 ? options.poolUrls : [SOME_POOL];
  loadConfig(simulatedConfig(options, poolUrls), configurableChips);
}

/** A declared machine, or a virtual one of the chips that were named. */
function readMachine(args: ParsedArgs): MachineRef {
  const board = args.string("board", undefined);
  const chip = args.oneOf("chip", CHIPS, "BM1362");
  const usual = chip === "BM1362" ? 126 : chip === "BM1370" ? 65 : 1;
  const chips = args.integer("chips", { min: 1, max: 128, unit: "chips" }, usual);
  const chains = args.integer("chains", { min: 1, max: 16, unit: "chains" }, 3);
  if (board === undefined) return { virtual: { chip, chips, chains } };
  for (const name of ["chip", "chips", "chains"]) {
    if (args.string(name, undefined) !== undefined)
      args.problem({ path: `--${name}`, problem: `${board} is declared with its own` });
  }
  if (!BOARDS.includes(board)) {
    args.problem({
      path: "--board",
      problem: `${board}: not known`,
      allowed: BOARDS.join(", "),
    });
    return { virtual: { chip, chips, chains } };
  }
  return { board };
}

function readFaultFile(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ConfigError([{ path: "--fault-file", problem }]);
  }
}

/** "mqtt.intervalS=5": the value is JSON where it can be read so, else text. */
function readSetting(text: string): ConfigChange {
  const [, path, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (path === undefined || value === undefined)
    throw new ConfigError([{ path: "--set", problem: text, allowed: "PATH=VALUE" }]);
  try {
    return { path, value: JSON.parse(value) as unknown };
  } catch {
    return { path, value };
  }
}

function readFanMode(text: string): FanMode {
  if (text === "auto" || text === "immersion") return { mode: text };
  const dutyPercent = Number(text);
  if (text.trim() !== "" && dutyPercent >= 0 && dutyPercent <= 100)
    return { mode: "manual", dutyPercent };
  throw new ConfigError([
    { path: "--fans", problem: text, allowed: "auto, immersion, or 0 to 100 (percent)" },
  ]);
}
