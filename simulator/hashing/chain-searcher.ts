/** The seam between a chain of simulated chips, which knows registers and bytes, and whatever hashes for it. */

/** What never changes about the chips of a chain. */
export interface ChainGeometry {
  readonly chipCount: number;
  /** Cores of a chip, as far as the top bits of the nonce tell them apart [C]. */
  readonly cores: number;
  /** Place of the core in the nonce: 25 when absent. BM1397: 22, where its small cores count as cores [D]. */
  readonly coreShift?: number;
  /** Versions that a core searches side by side, one per small core: 8 or 16 [C]. */
  readonly versionsPerSweep: number;
  /** Leading zero bits that a hash needs to be looked at; 32 on a real chip [C], less on a scaled one. */
  readonly requiredZeroBits: number;
}

/** All that a chain shall search from now on: a value that is replaced, never a queue. */
export interface ChainPlan {
  /** Another number means: start again from the first nonce. Hits carry it. */
  readonly jobGeneration: number;
  /** The first 76 bytes of the header as big-endian words; `undefined`: nothing to search, or a midstate job. */
  readonly headerWords: Int32Array | undefined;
  /** In place of a header. */
  readonly midstateJob?: MidstateJob | undefined;
  /** Jobs that single chips still hash, by their `ChipSweep.jobGeneration`. Worker threads know of three at most. */
  readonly earlierJobs?: readonly EarlierJob[] | undefined;
  /** One per chip, nearest first. The same object as before means the same sweep. */
  readonly chips: readonly ChipSweep[];
}

/** A job whose first 64 bytes only the host knows: one SHA-256 state for each version that it has made of them. */
export interface MidstateJob {
  /** One to four, as eight big-endian words each. */
  readonly midstates: readonly Int32Array[];
  /** Words 16 to 18 of the header: the end of the merkle root, time, bits. */
  readonly tail: Int32Array;
  /** The counters begin so much later. */
  readonly firstNonce: number;
}

export type SearchJob = { readonly headerWords: Int32Array } | MidstateJob;

export interface EarlierJob {
  readonly jobGeneration: number;
  readonly job: SearchJob;
}

/** How one chip goes through its nonces and versions, and how fast. */
export interface ChipSweep {
  /** Zero: the chip stands still. */
  readonly hashesPerSecond: number;
  /** Where its counter begins in the bits below the core. */
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
  /** Of an earlier job that this chip has not let go of; the plan's when absent. */
  readonly jobGeneration?: number | undefined;
}

/** A hash that a chip reports. */
export interface ChainHit {
  readonly chipIndex: number;
  readonly jobGeneration: number;
  /** The header's last four bytes read big-endian, which is their order on the wire too. */
  readonly nonce: number;
  /** The 16 rolled bits, i.e. version bits 28 to 13; 0 of a midstate job. */
  readonly versionField: number;
  /** Which of the versions side by side it was; of a midstate job, which midstate. */
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

/** The plan's own job; `undefined`: nothing to search. */
export function jobOfPlan(plan: ChainPlan): SearchJob | undefined {
  if (plan.midstateJob !== undefined) return plan.midstateJob;
  return plan.headerWords === undefined ? undefined : { headerWords: plan.headerWords };
}

/** All jobs of the plan by their generation. */
export function jobsOfPlan(plan: ChainPlan): ReadonlyMap<number, SearchJob> {
  const jobs = new Map<number, SearchJob>();
  for (const { jobGeneration, job } of plan.earlierJobs ?? []) jobs.set(jobGeneration, job);
  const current = jobOfPlan(plan);
  if (current !== undefined) jobs.set(plan.jobGeneration, current);
  return jobs;
}
