/** Every declared board, and the declaration that fits a chip and a number of them. */
import type { Bm13xxChip } from "../drivers/bm13xx/chips.ts";
import { antminerS19jPro } from "./antminer-s19j-pro.ts";
import { antminerS21Pro } from "./antminer-s21-pro.ts";
import { bitaxeGamma } from "./bitaxe-gamma.ts";
import type { BoardSpec, ChainSpec } from "./chain-spec.ts";

export const knownBoards: readonly BoardSpec[] = [antminerS19jPro, antminerS21Pro, bitaxeGamma];

/** Addresses fit into a byte. */
const ADDRESS_SPACE = 256;

/**
 * The chain of the board that has exactly these chips; otherwise one addressed as small boards are, with the gaps that
 * leaves. No hardware is known that has such a chain [?].
 */
export function chainOf(chip: Bm13xxChip, chipCount: number): ChainSpec {
  const declared = knownBoards.find(
    ({ chain }) => chain.chip === chip && chain.chipCount === chipCount,
  );
  return (
    declared?.chain ?? {
      chip,
      chipCount,
      addressInterval: Math.floor(ADDRESS_SPACE / chipCount),
      layout: "single",
      frequencyMHz: chip.nominalFrequencyMHz,
      ticketDifficulty: 256,
    }
  );
}
