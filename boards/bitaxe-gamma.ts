import { bm1370 } from "../drivers/bm13xx/chips.ts";
import type { BoardSpec } from "./chain-spec.ts";

/** One BM1370 (ESP-Miner's device table [D]; bring-up, job and accepted share captured [C]). */
export const bitaxeGamma: BoardSpec = {
  name: "Bitaxe Gamma",
  chainsPerMachine: 1,
  evidence: "captured bytes",
  chain: {
    chip: bm1370,
    chipCount: 1,
    addressInterval: 256,
    layout: "single",
    frequencyMHz: 525, // ESP-Miner's device table [D]
    ticketDifficulty: 256, // ESP-Miner [D]
  },
};
