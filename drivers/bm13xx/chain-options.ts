/** What a board says about a chain, checked and turned into the numbers of its bring-up. */
import { ConfigError, type ConfigProblem } from "../../src/lib/errors.ts";
import { ADDRESS_SPACE, type ChainPlan, planAt } from "./chain-plan.ts";
import type { Bm13xxChip } from "./chips.ts";
import type { BringUpPhase } from "./instructions.ts";
import { type Bm13xxLayout, type FastBaud, type LayoutName, layoutFor } from "./layouts.ts";
import { type PllSetting, solvePll } from "./pll.ts";

export interface Bm13xxChainOptions {
  readonly chip: Bm13xxChip;
  /** Expected. */
  readonly chipCount: number;
  /** Between the addresses of two neighbours; 2 on stock boards, 256 ÷ chips on small ones. */
  readonly addressInterval: number;
  readonly layout: LayoutName | Bm13xxLayout;
  readonly frequencyMHz: number;
  /** Asked before every step of the first ramp, which ends below it; how far it came is the chain's `frequencyMHz`. */
  readonly frequencyLimitMHz?: () => number;
  /** A power of two: the chips report hashes with log2 of it more zero bits than 32. */
  readonly ticketDifficulty: number;
  /** Chips of a voltage domain; the layout's own by default. */
  readonly chipsPerDomain?: number;
  /**
   * A power of two, 1 on hardware. A scaled simulation demands log2(scale) fewer zero bits and hashes at
   * nominal ÷ scale; times and registers stay those of hardware.
   */
  readonly hashScale?: number;
  /** The layout's own by default. */
  readonly fastBaud?: FastBaud;
  /** Goes on with the chips that answer; by default a missing chip is an error. */
  readonly acceptFewerChips?: boolean;
  /** The operator knows that nothing about the chip is proven; without it an experimental chip is refused. */
  readonly allowExperimental?: boolean;
  readonly onPhase?: (phase: BringUpPhase) => void;
}

/** Throws ConfigError with every problem. */
export function planOf(options: Bm13xxChainOptions): ChainPlan {
  const { chip, chipCount, addressInterval, ticketDifficulty, hashScale = 1 } = options;
  const layout =
    typeof options.layout === "string" ? layoutFor(chip.name, options.layout) : options.layout;
  const problems: ConfigProblem[] = [];
  const check = (fits: boolean, path: string, value: unknown, allowed: string) => {
    if (!fits) problems.push({ path, problem: `${value}`, allowed });
  };
  if (chip.experimental !== undefined && options.allowExperimental !== true) {
    const problem = `${chip.name} is experimental: ${chip.experimental}`;
    problems.push({ path: "chip", problem, allowed: "with allowExperimental: true" });
  }
  check(
    layout !== undefined && layout.chipName === chip.name,
    "layout",
    layout?.name ?? options.layout,
    `a layout for ${chip.name}`,
  );
  check(
    isWhole(chipCount) && isWhole(addressInterval) && chipCount * addressInterval <= ADDRESS_SPACE,
    "chipCount",
    `${chipCount} chips ${addressInterval} addresses apart`,
    `whole numbers from 1 with a product of at most ${ADDRESS_SPACE}`,
  );
  check(
    isPowerOfTwo(ticketDifficulty) && ticketDifficulty <= 2 ** 32,
    "ticketDifficulty",
    ticketDifficulty,
    "a power of two from 1 to 2^32",
  );
  check(isPowerOfTwo(hashScale), "hashScale", hashScale, "a power of two from 1");
  const clock = clockFor(options);
  const range = `what the PLL of ${chip.name} can make`;
  check(clock !== undefined, "frequencyMHz", options.frequencyMHz, range);
  if (problems.length > 0 || layout === undefined || clock === undefined)
    throw new ConfigError(problems);

  const plan = {
    chip,
    layout,
    chipCount,
    addressInterval,
    frequencyMHz: clock.frequencyMHz,
    ticketDifficulty,
    fastBaud: options.fastBaud ?? layout.fastBaud,
    chipsPerDomain: options.chipsPerDomain ?? layout.chipsPerDomain ?? chipCount,
    frequencyLimitMHz: options.frequencyLimitMHz,
  };
  return planAt(plan, clock.frequencyMHz);
}

function clockFor({ chip, frequencyMHz }: Bm13xxChainOptions): PllSetting | undefined {
  try {
    return solvePll(chip.pll, frequencyMHz);
  } catch {
    return undefined;
  }
}

function isWhole(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

function isPowerOfTwo(value: number): boolean {
  return value >= 1 && Number.isInteger(Math.log2(value));
}
