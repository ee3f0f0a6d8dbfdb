/** The seam between a chain of simulated chips, which knows registers and bytes, and whatever hashes for it. */

/** What never changes about the chips of a chain. */
export interface ChainGeometry {
  readonly chipCount: number;
  /** Cores of a chip: the top seven bits of the nonce [C]. */
  readonly cores: number;
  /** Versions that a core searches side by side, one per small core: 8 or 16 [C]. */
  readonly versionsPerSweep: number;
  /** Leading zero bits that a hash needs to be looked at; 32 on a real chip [C], less on a scaled one. */
  readonly requiredZeroBits: number;
}

/** All that a chain shall search from now on: a value that is replaced, never a queue. */
export interface ChainPlan {
  /** Another number means: start again from the first nonce. Hits carry it. */
  readonly jobGeneration: number;
  /** The first 76 bytes of the header as big-endian words; `undefined`: nothing to search. */
  readonly headerWords: Int32Array | undefined;
  /** One per chip, nearest first. */
  readonly chips: readonly ChipSweep[];
}

/** How one chip goes through its nonces and versions, and how fast. */
export interface ChipSweep {
  /** Zero: the chip stands still. */
  readonly hashesPerSecond: number;
  /** Where its counter begins in the low 25 bits of the nonce. */
  readonly nonceStart: number;
  /** The counter counts under this mask: 18 bits on BM1362, 25 on BM1370 [C]. */
  readonly counterMask: number;
  /** Nonces per core before the next batch of versions. */
  readonly windowNonces: number;
  /** Which of the 16 bits of the version field roll; 0: the version is fixed. */
  readonly versionMask: number;
  /** Register 0x14 as written. */
  readonly ticketMask: number;
  /** Which quarters of the cores work, bit 0 the first. */
  readonly quarters: number;
}

/** A hash that a chip reports. */
export interface ChainHit {
  readonly chipIndex: number;
  readonly jobGeneration: number;
  /** The header's last four bytes read big-endian, which is their order on the wire too. */
  readonly nonce: number;
  /** The 16 rolled bits, i.e. version bits 28 to 13. */
  readonly versionField: number;
  readonly smallCore: number;
  /** Leading zero bits of the hash. */
  readonly zeroBits: number;
  /** The ticket that it met. */
  readonly ticketMask: number;
}

export interface ChainSearcher extends Disposable {
  publish(plan: ChainPlan): void;
  onHit(listener: (hit: ChainHit) => void): Disposable;
  /** Hashes made for the chip since the searcher was opened. */
  hashesDone(chipIndex: number): number;
}
