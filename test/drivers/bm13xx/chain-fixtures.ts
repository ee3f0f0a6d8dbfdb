/** The two captured boards as options. */
import type { Bm13xxChainOptions } from "../../../drivers/bm13xx/chain-options.ts";
import { bm1362, bm1370 } from "../../../drivers/bm13xx/chips.ts";

export const s19jProOptions: Bm13xxChainOptions = {
  chip: bm1362,
  chipCount: 126,
  addressInterval: 2,
  layout: "s19jpro",
  frequencyMHz: 525,
  ticketDifficulty: 256,
};

export const s21ProOptions: Bm13xxChainOptions = {
  chip: bm1370,
  chipCount: 65,
  addressInterval: 2,
  layout: "s21pro",
  frequencyMHz: 600,
  ticketDifficulty: 256,
};
