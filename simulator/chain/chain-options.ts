/** What a simulated chain is made of, and what it counts. */
import type { Bm13xxChip } from "../../drivers/bm13xx/chips.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { ChainSearcher } from "../hashing/chain-searcher.ts";
import type { ChainFault, TimedFault } from "./faults.ts";

export interface ChainModelOptions {
  readonly chip: Bm13xxChip;
  readonly chipCount: number;
  /** Leading zero bits that a hash needs before the ticket mask: 32 on a real chip, 32 - log2(scale) on a scaled one. */
  readonly requiredZeroBits: number;
  readonly clock: Clock;
  /** Of everything that is left to chance here: damage and faults. */
  readonly seed: number;
  /** What hashes for the chain; opened with `geometryOf` the same chip. Disposed of with the model. */
  readonly searcher: ChainSearcher;
  /**
   * Real speed ÷ simulated speed; 2^(32 - requiredZeroBits) when absent. Beyond 2^32, with no required zero bits left,
   * each doubling takes one bit off every ticket: at 2^40 all hashes meet a ticket of difficulty 256.
   */
  readonly scale?: number;
  /** The host's rate at this moment, for what the chips send; when absent the rate of the host's last bytes. */
  readonly hostBaudRate?: () => number;
  readonly faults?: readonly (ChainFault | TimedFault)[];
}

export interface ChainModelCounters {
  /** Valid commands, jobs among them. */
  readonly commandsReceived: number;
  readonly jobsReceived: number;
  readonly checksumErrors: number;
  /** Bytes of the host that belong to no command. */
  readonly bytesDropped: number;
}
