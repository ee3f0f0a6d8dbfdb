import { bm1370 } from "../drivers/bm13xx/chips.ts";
import type { BoardSpec } from "./chain-spec.ts";

/** Hashboard A3HB70601: 65 BM1370 in 13 domains of 5 (bring-up captured [C]). */
export const antminerS21Pro: BoardSpec = {
  name: "Antminer S21 Pro",
  chainsPerMachine: 3,
  evidence: "captured bytes",
  chain: {
    chip: bm1370,
    chipCount: 65,
    addressInterval: 2,
    chipsPerDomain: 5,
    layout: "s21pro",
    frequencyMHz: 600, // captured PLL word [C]
    ticketDifficulty: 256, // stock writes 0xff [C]
  },
};
