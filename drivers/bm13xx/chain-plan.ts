/** One chain's numbers, and what follows from them for the hashing of its chips. */
import type { Bm13xxChip } from "./chips.ts";
import {
  epochMs,
  hashCountingNumber,
  nonceCoverage,
  rescaledHashCountingNumber,
  sliceByAddress,
  sliceByOffset,
} from "./hash-counting.ts";
import type { Bm13xxLayout, FastBaud } from "./layouts.ts";
import { midstateCoverage, midstateEpochMs } from "./midstate-space.ts";
import type { ChipAttribution } from "./nonce.ts";

export interface ChainPlan {
  readonly chip: Bm13xxChip;
  readonly layout: Bm13xxLayout;
  readonly chipCount: number;
  readonly addressInterval: number;
  readonly frequencyMHz: number;
  readonly ticketDifficulty: number;
  /** For this frequency; of no meaning to chips that count no ticks. */
  readonly hashCountingTicks: number;
  readonly fastBaud: FastBaud;
  readonly chipsPerDomain: number;
  /** Asked before every step of the ramp, which ends there. */
  readonly frequencyLimitMHz?: (() => number) | undefined;
  /** Version bits to roll; all that the chips can, unless told otherwise. */
  readonly versionMask?: number;
}

/** Addresses fit into a byte. */
export const ADDRESS_SPACE = 256;

/** The same chain at another frequency. */
export function planAt(
  plan: Omit<ChainPlan, "hashCountingTicks">,
  frequencyMHz: number,
): ChainPlan {
  return { ...plan, frequencyMHz, hashCountingTicks: ticksAt(plan, frequencyMHz) };
}

/** The window that a core sweeps has to shrink as the clock rises, or neighbours search the same nonces. */
function ticksAt(plan: Omit<ChainPlan, "hashCountingTicks">, frequencyMHz: number): number {
  const { chip, layout, chipCount } = plan;
  if (layout.fixedHashCountingTicks !== undefined) return layout.fixedHashCountingTicks;
  if (layout.hashCounting !== undefined)
    return rescaledHashCountingNumber(layout.hashCounting, frequencyMHz, sliceNoncesOf(plan));
  return hashCountingNumber({
    cores: chip.cores,
    chips: chipCount,
    frequencyMHz,
    guardTicks: chip.hashCountingGuardTicks,
  });
}

/** Nonces per core that belong to one chip. */
function sliceNoncesOf(plan: Pick<ChainPlan, "layout" | "chipCount" | "addressInterval">): number {
  return hasNonceOffsets(plan.layout)
    ? sliceByOffset(plan.chipCount)
    : sliceByAddress(plan.addressInterval);
}

/** Whether the chips divide the nonces by offsets; otherwise they do by address. */
function hasNonceOffsets(layout: Bm13xxLayout): boolean {
  return does(layout, "nonce-offsets");
}

/** Whether the layout has this instruction before its first job or after it. */
export function does(layout: Bm13xxLayout, what: Bm13xxLayout["bringUp"][number]["do"]): boolean {
  const instructions = [...layout.bringUp, ...(layout.afterFirstJob ?? [])];
  return instructions.some((instruction) => instruction.do === what);
}

/** How the chain's nonces tell its chips apart. */
export function attributionOf(plan: ChainPlan): ChipAttribution {
  const { chip, chipCount } = plan;
  if (hasNonceOffsets(plan.layout)) return { by: "offset-range", chips: chipCount };
  // BM1372 takes other addresses in commands than it puts into nonces [?, ESP-Miner bm1373.c].
  const addressInterval =
    chip.commandAddressShift === 0
      ? plan.addressInterval
      : Math.floor((ADDRESS_SPACE - 1) / chipCount);
  return { by: "address-field", addressInterval, shift: chip.nonceAddressShift };
}

/** What chip `index` is called in commands. */
export function commandAddressOf(plan: ChainPlan, index: number): number {
  return (index * plan.addressInterval) >> plan.chip.commandAddressShift;
}

/** Share of the 2^32 nonces that the chain searches per version, 0 to 1. */
export function nonceCoverageOf(plan: ChainPlan, chips: number): number {
  const { chip, frequencyMHz, hashCountingTicks: ticks } = plan;
  if (chip.jobFormat === "midstate") return midstateCoverage(chip, chips);
  const sliceNonces = sliceNoncesOf(plan);
  return nonceCoverage({ cores: chip.cores, chips, frequencyMHz, ticks, sliceNonces });
}

/** Milliseconds until the chips have searched all of a job. */
export function epochMsOf(plan: ChainPlan, rolledBits: number): number {
  const { chip, chipCount, frequencyMHz } = plan;
  return chip.jobFormat === "midstate"
    ? midstateEpochMs(chip, chipCount, frequencyMHz, rolledBits)
    : epochMs(plan.hashCountingTicks, rolledBits, chip.versionsPerSweep);
}
