/** The chain of each hashboard: which chips, how they are addressed and brought up, at which frequency. */
import { bm1362, bm1366, bm1368, bm1370, bm1397 } from "../drivers/bm13xx/chips.ts";
import type { ChainSpec } from "./chain-spec.ts";

/** BHB42601 and relatives: numbers of the vendor's topology file [D], bring-up and PLL word captured [C]. */
export const s19jProChain: ChainSpec = {
  chip: bm1362,
  chipCount: 126, // [C]
  addressInterval: 2, // [D]
  chipsPerDomain: 3, // [D]
  layout: "s19jpro",
  frequencyMHz: 525, // [D], PLL word [C]
  ticketDifficulty: 256, // stock writes 0xff [C]
};

/** Combined from examples of other drivers [?]; no frequency of the machine is known, this one is the chip's on a Bitaxe [D]. */
export const s19XpChain: ChainSpec = {
  chip: bm1366,
  chipCount: 110, // [?]
  addressInterval: 2, // [?]
  chipsPerDomain: 10, // ESP-Miner's notes of a dump [D]
  layout: "s19xp",
  frequencyMHz: 485, // [D] for the chip, [?] for the machine
  ticketDifficulty: 256, // [?] as the other stock machines
};

/** BHB56902. */
export const s19kProChain: ChainSpec = {
  chip: bm1366,
  chipCount: 77, // [C]
  addressInterval: 2, // [?]
  chipsPerDomain: 7, // [?]
  layout: "s19kpro",
  frequencyMHz: 540, // lower end of 540 to 670 [?]
  ticketDifficulty: 256, // [?]
};

/** BHB68601, and the T21's BHB68701. Nobody has published a capture [?]. */
export const s21Chain: ChainSpec = {
  chip: bm1368,
  chipCount: 108, // [?]
  addressInterval: 2, // [?]
  chipsPerDomain: 9, // [?]
  layout: "s21",
  frequencyMHz: 490, // [D] for the chip on a Bitaxe, [?] for the machine
  ticketDifficulty: 256, // [?]
};

/** A3HB70601: count, domains, interval, bring-up and PLL word captured [C]. */
export const s21ProChain: ChainSpec = {
  chip: bm1370,
  chipCount: 65,
  addressInterval: 2,
  chipsPerDomain: 5,
  layout: "s21pro",
  frequencyMHz: 600,
  ticketDifficulty: 256, // stock writes 0xff [C]
};

/** Single chips: frequency and ticket of ESP-Miner's device table [D]. */
export const bitaxeMaxChain: ChainSpec = {
  chip: bm1397,
  chipCount: 1,
  addressInterval: 256,
  layout: "single",
  frequencyMHz: 425,
  ticketDifficulty: 256,
};

export const bitaxeUltraChain: ChainSpec = { ...bitaxeMaxChain, chip: bm1366, frequencyMHz: 485 };
export const bitaxeSupraChain: ChainSpec = { ...bitaxeMaxChain, chip: bm1368, frequencyMHz: 490 };
/** Bring-up, job and an accepted share captured [C]. */
export const bitaxeGammaChain: ChainSpec = { ...bitaxeMaxChain, chip: bm1370, frequencyMHz: 525 };

/** Twelve chips [D]; spacing as small boards have it, frequency the chip's [C] on an S19j Pro; never brought up by anyone known [?]. */
export const emberOneChain: ChainSpec = {
  chip: bm1362,
  chipCount: 12,
  addressInterval: 21, // floor(256 / 12)
  layout: "single",
  frequencyMHz: 525,
  ticketDifficulty: 256,
};

export const declaredChains: readonly ChainSpec[] = [
  s19jProChain,
  s19XpChain,
  s19kProChain,
  s21Chain,
  s21ProChain,
  bitaxeMaxChain,
  bitaxeUltraChain,
  bitaxeSupraChain,
  bitaxeGammaChain,
  emberOneChain,
];
