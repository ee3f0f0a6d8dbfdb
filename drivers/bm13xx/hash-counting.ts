/**
 * HASH_COUNTING_NUMBER: ticks of 25 MHz for which a core sweeps its nonces before it takes the next versions. Too many
 * and neighbours search the same nonces; fewer leave some unsearched, which is harmless.
 *
 * [?] The number of nonces per tick that reproduces the factory values is twice what MHz × small cores implies. The
 * hashrate is taken from the latter, the window from the former.
 */
import { CRYSTAL_MHZ } from "./chips.ts";
import { NONCE_BITS_PER_CORE } from "./nonce-offsets.ts";

/** Nonces have room for this many cores. */
const CORE_SLOTS = 128;
/** The chip address lies in bits 24 to 17 of a nonce. */
const ADDRESS_SHIFT = 17;

/** Nonces per core between two neighbours whose addresses are this far apart [C]. */
export function sliceByAddress(addressInterval: number): number {
  return 2 ** ADDRESS_SHIFT * addressInterval;
}

/** Nonces per core between two neighbours that have nonce offsets [C]. */
export function sliceByOffset(chips: number): number {
  return Math.floor(2 ** NONCE_BITS_PER_CORE / chips);
}

/** Ticks to sweep the slice that cores × chips, both rounded up to powers of two, leave to one core (ESP-Miner [D]). */
export function hashCountingNumber(window: {
  readonly cores: number;
  readonly chips: number;
  readonly frequencyMHz: number;
  readonly guardTicks: number;
}): number {
  const slice = 2 ** 32 / nextPowerOfTwo(window.cores) / nextPowerOfTwo(window.chips);
  return Math.floor((slice * CRYSTAL_MHZ * 0.5) / window.frequencyMHz - window.guardTicks);
}

export interface KnownHashCounting {
  readonly ticks: number;
  readonly frequencyMHz: number;
  readonly sliceNonces: number;
}

/** A factory value for another frequency and slice: the same share of the slice is swept. */
export function rescaledHashCountingNumber(
  known: KnownHashCounting,
  frequencyMHz: number,
  sliceNonces: number,
): number {
  const share = sliceNonces / known.sliceNonces;
  return Math.floor((known.ticks * share * known.frequencyMHz) / frequencyMHz);
}

/** Share of the 2^32 nonces that the chain searches per version, 0 to 1. */
export function nonceCoverage(chain: {
  readonly cores: number;
  readonly chips: number;
  readonly frequencyMHz: number;
  readonly ticks: number;
  /** Nonces between the starts of two neighbours; what lies beyond is another chip's. */
  readonly sliceNonces: number;
}): number {
  const sweptNonces = (chain.ticks * chain.frequencyMHz) / (CRYSTAL_MHZ * 0.5);
  const perChip = Math.min(sweptNonces, chain.sliceNonces) / 2 ** NONCE_BITS_PER_CORE;
  return Math.min(1, (chain.cores / CORE_SLOTS) * chain.chips * perChip);
}

/**
 * Time until every value of `rolledBits` version bits has been swept; from then on the chips repeat themselves without
 * a sign (mujina REFERENCE.md [C]).
 */
export function epochMs(ticks: number, rolledBits: number, versionsPerSweep: number): number {
  const sweeps = Math.max(1, 2 ** rolledBits / versionsPerSweep);
  return (sweeps * ticks) / (CRYSTAL_MHZ * 1000);
}

export function nextPowerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}
