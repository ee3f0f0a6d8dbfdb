/** The chain that fits a chip and a number of them. */
import type { Bm13xxChip } from "../drivers/bm13xx/chips.ts";
import type { ChainSpec } from "./chain-spec.ts";
import { declaredChains } from "./chains.ts";

/** Addresses fit into a byte. */
const ADDRESS_SPACE = 256;

/**
 * The chain of the board that has exactly these chips; otherwise one addressed as small boards are, with the gaps that
 * leaves. No hardware is known that has such a chain [?].
 */
export function chainOf(chip: Bm13xxChip, chipCount: number): ChainSpec {
  const declared = declaredChains.find(
    (chain) => chain.chip === chip && chain.chipCount === chipCount,
  );
  return (
    declared ?? {
      chip,
      chipCount,
      addressInterval: Math.floor(ADDRESS_SPACE / chipCount),
      layout: "single",
      frequencyMHz: chip.nominalFrequencyMHz,
      ticketDifficulty: 256,
    }
  );
}
