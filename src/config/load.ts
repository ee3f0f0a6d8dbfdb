/** From a plain value to a configuration that can be acted on, or to every reason why it cannot. */

import { highestFrequencyMHz } from "../control/frequency-bounds.ts";
import { printable } from "../lib/bytes.ts";
import { ConfigError, type ConfigProblem } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";
import { migrate } from "./migrate.ts";
import { operatorProblems } from "./operator-problems.ts";
import { poolForms, poolGroups } from "./pool-groups.ts";
import { checkAgainst, WHOLE_FILE } from "./problems.ts";
import { type ChainConfig, CONFIG_VERSION, type Config, configSchema } from "./schema.ts";

/** What the configuration must know of a chip, from the driver's tables. */
export interface ConfigurableChip {
  readonly name: string;
  readonly nominalFrequencyMHz: number;
  /** The ways in which a chain of it can be brought up. */
  readonly layouts: readonly string[];
}

/** A chain with nothing left open. */
export type LoadedChain = ChainConfig & { readonly frequencyMHz: number };
export type LoadedConfig = Omit<Config, "chains"> & { readonly chains: readonly LoadedChain[] };

/** Where every captured ramp of the hash clock begins. */
const MIN_FREQUENCY_MHZ = 56.25;
/** A chip address has eight bits. */
const ADDRESS_SPACE = 256;

export interface LoadOptions {
  /** An operator gives pools later, on the page: a machine without them is started all the same. */
  readonly mayLackPools?: boolean;
}

/** Takes older formats, too. Throws ConfigError with all problems. */
export function loadConfig(
  value: unknown,
  chips: readonly ConfigurableChip[],
  { mayLackPools = false }: LoadOptions = {},
): LoadedConfig {
  const newer = newerVersion(value);
  if (newer !== undefined) throw new ConfigError([newer]);
  const checked = checkAgainst(configSchema, migrate(value).value);
  // Checks across values run on every part that is sound by itself, so that one round shows everything.
  const isSound = (path: string) => !checked.problems.some((one) => concerns(one.path, path));
  const config = checked.value as Config;
  const problems = [...checked.problems];
  if (["pool", "pools", "groups", "standby"].every(isSound)) {
    problems.push(...problemsOf(() => poolGroups(config, isSound)));
    if (!mayLackPools && !hasPools(config))
      problems.push({ path: "pool", problem: "is missing", allowed: poolForms });
  }
  if (isSound(WHOLE_FILE)) problems.push(...operatorProblems(config, isSound));
  const chains = isSound("chains") ? (config.chains ?? []) : [];
  for (const [i, chain] of chains.entries())
    if (isSound(`chains[${i}]`))
      problems.push(...chainProblems(chain, `chains[${i}]`, chips, isSound));
  problems.push(...sharedUarts(chains));
  if (chains.length > 0 && config.machine !== undefined) problems.push(bothMachineAndChains);
  if (problems.length > 0) throw new ConfigError(readable(problems));
  return { ...config, chains: chains.map((chain) => withFrequency(chain, chips)) };
}

/** False on a machine that nobody has set up yet. */
export function hasPools({ pool, pools, groups }: Pick<Config, "pool" | "pools" | "groups">) {
  return pool !== undefined || pools !== undefined || groups !== undefined;
}

/** Nobody reads more; a list of the wrong things has one for each. */
const MAX_PROBLEMS = 100;

function readable(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const surplus = problems.length - MAX_PROBLEMS;
  if (surplus <= 0) return problems;
  const rest = { path: WHOLE_FILE, problem: `has ${surplus} more problems` };
  return [...problems.slice(0, MAX_PROBLEMS), rest];
}

const bothMachineAndChains: ConfigProblem = {
  path: "chains",
  problem: "a machine has its chains by its declaration",
  allowed:
    "machine, which asicd powers, cools and watches, or chains that something else does that for",
};

/** True when a problem at `at` makes the value at `path` unfit to be looked into. */
function concerns(at: string, path: string): boolean {
  return at === WHOLE_FILE || at === path || path.startsWith(`${at}.`) || path.startsWith(`${at}[`);
}

/** A newer format may mean anything: nothing else in it is judged. */
function newerVersion(value: unknown): ConfigProblem | undefined {
  const version =
    typeof value === "object" && value !== null ? Reflect.get(value, "version") : undefined;
  if (typeof version !== "number" || version <= CONFIG_VERSION) return undefined;
  return {
    path: "version",
    problem: `${version} is newer than this program understands`,
    allowed: `${CONFIG_VERSION}, or a newer asicd`,
  };
}

function problemsOf(check: () => unknown): readonly ConfigProblem[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function chainProblems(
  chain: ChainConfig,
  path: string,
  chips: readonly ConfigurableChip[],
  isSound: (path: string) => boolean,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const areSound = (...keys: (keyof ChainConfig)[]) =>
    keys.every((key) => isSound(`${path}.${key}`));
  const note = (key: keyof ChainConfig, problem: string, allowed: string) =>
    problems.push({ path: `${path}.${key}`, problem, allowed });

  const chip = chips.find(({ name }) => name === chain.chip);
  if (areSound("chip") && chip === undefined) {
    const names = chips.map(({ name }) => name);
    const meant = nearest(chain.chip, names);
    note(
      "chip",
      `"${printable(chain.chip, 40)}" is no chip that asicd drives${meant === undefined ? "" : `, did you mean "${meant}"?`}`,
      names.join(", "),
    );
  }
  if (chip !== undefined && chain.frequencyMHz !== undefined && areSound("frequencyMHz")) {
    const { minMHz, maxMHz } = frequencyBounds(chip);
    if (chain.frequencyMHz < minMHz || chain.frequencyMHz > maxMHz)
      note(
        "frequencyMHz",
        `${chain.frequencyMHz} MHz is out of bounds for ${chip.name}`,
        `a number from ${minMHz} to ${maxMHz} MHz`,
      );
  }
  if (chip !== undefined && chain.layout !== undefined && areSound("layout")) {
    if (!chip.layouts.includes(chain.layout))
      note("layout", `"${chain.layout}" is not made of ${chip.name}`, chip.layouts.join(", "));
  }
  if (areSound("ticketDifficulty") && !Number.isInteger(Math.log2(chain.ticketDifficulty))) {
    const below = 2 ** Math.floor(Math.log2(chain.ticketDifficulty));
    note(
      "ticketDifficulty",
      `${chain.ticketDifficulty} is no power of two, and chips can test only for those`,
      `${below} or ${2 * below}`,
    );
  }
  if (chain.addressInterval !== undefined && areSound("addressInterval", "chips"))
    if (chain.addressInterval * chain.chips > ADDRESS_SPACE)
      note(
        "addressInterval",
        `${chain.chips} chips at interval ${chain.addressInterval} do not fit ${ADDRESS_SPACE} addresses`,
        `a whole number from 1 to ${Math.floor(ADDRESS_SPACE / chain.chips)}`,
      );
  if (chain.chipsPerDomain !== undefined && areSound("chipsPerDomain", "chips"))
    if (chain.chips % chain.chipsPerDomain !== 0)
      note(
        "chipsPerDomain",
        `${chain.chips} chips do not divide into domains of ${chain.chipsPerDomain}`,
        "a divisor of the number of chips",
      );
  return problems;
}

/** Two chains on one UART would talk into each other's bring-up. */
function sharedUarts(chains: readonly ChainConfig[]): ConfigProblem[] {
  return chains.flatMap((chain, i) => {
    const uart = chain?.uart;
    const first = chains.findIndex((other) => other?.uart === uart);
    return first === i || typeof uart !== "string"
      ? []
      : [
          {
            path: `chains[${i}].uart`,
            problem: `"${printable(uart, 60)}" is already used by chains[${first}]`,
            allowed: "a serial device of its own for each chain",
          },
        ];
  });
}

/** What the hash clock of this chip may be set to. */
export function frequencyBounds(chip: ConfigurableChip): {
  readonly minMHz: number;
  readonly maxMHz: number;
} {
  const { nominalFrequencyMHz: nominalMHz } = chip;
  return { minMHz: MIN_FREQUENCY_MHZ, maxMHz: highestFrequencyMHz(nominalMHz, nominalMHz) };
}

function withFrequency(chain: ChainConfig, chips: readonly ConfigurableChip[]): LoadedChain {
  const nominal = chips.find(({ name }) => name === chain.chip)?.nominalFrequencyMHz;
  return { ...chain, frequencyMHz: chain.frequencyMHz ?? nominal ?? MIN_FREQUENCY_MHZ };
}
