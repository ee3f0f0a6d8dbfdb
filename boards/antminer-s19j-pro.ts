import { bm1362 } from "../drivers/bm13xx/chips.ts";
import type { BoardSpec } from "./chain-spec.ts";

/** Hashboard BHB42601 and relatives: 126 BM1362 in 42 domains of 3 (vendor topology file [D], bring-up captured [C]). */
export const antminerS19jPro: BoardSpec = {
  name: "Antminer S19j Pro",
  chainsPerMachine: 3,
  evidence: "captured bytes",
  chain: {
    chip: bm1362,
    chipCount: 126,
    addressInterval: 2, // vendor topology file [D]
    chipsPerDomain: 3, // vendor topology file [D]
    layout: "s19jpro",
    frequencyMHz: 525, // vendor topology file [D], captured PLL word [C]
    ticketDifficulty: 256, // stock writes 0xff [C]
  },
};
