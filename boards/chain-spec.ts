/** The shape of a chain's declaration: which chips, how they are addressed, how they are brought up and driven. */
import type { Bm13xxChip } from "../drivers/bm13xx/chips.ts";
import type { FastBaud, LayoutName } from "../drivers/bm13xx/layouts.ts";

export interface ChainSpec {
  readonly chip: Bm13xxChip;
  readonly chipCount: number;
  /** Step between the addresses of two neighbours. */
  readonly addressInterval: number;
  /** Chips of one voltage domain, where there are several. */
  readonly chipsPerDomain?: number;
  readonly layout: LayoutName;
  readonly frequencyMHz: number;
  /** A power of two: chips report only hashes of at least this difficulty. */
  readonly ticketDifficulty: number;
  /** Absent: the layout's own. */
  readonly fastBaud?: FastBaud;
}

export interface BoardSpec {
  readonly name: string;
  readonly chain: ChainSpec;
  /** Chains of the usual machine. */
  readonly chainsPerMachine: number;
  /** What the numbers rest on: bytes captured from hardware, or this project's simulation of them. */
  readonly evidence: "captured bytes" | "simulated";
}
