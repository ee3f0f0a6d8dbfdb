/**
 * Takes chips through their nonces in the order in which the silicon does, each at its own rate: cores in parallel, one
 * version per small core, the counter up to the window, then the next batch of versions. Knows no clock and no thread.
 */
import {
  type ChainGeometry,
  type ChainHit,
  type ChainPlan,
  jobsOfPlan,
  type SearchJob,
} from "./chain-searcher.ts";
import type { CoreSpan } from "./core-spans.ts";
import {
  firstNonceOf,
  midstateOfVersion,
  tailOf,
  versionBatches,
  versionFieldOf,
} from "./job-versions.ts";
import { leadingZeroBits, maxGroups, type NonceSearch } from "./nonce-search.ts";
import { digestOf } from "./sha256d-plain.ts";
import { SweepPosition } from "./sweep-position.ts";

export interface ChainSweeperOptions {
  /** Of its own: the sweeper fills its quads. */
  readonly search: NonceSearch;
  readonly geometry: ChainGeometry;
  /** The chips that this sweeper cares for. */
  readonly chipIndices: readonly number[];
  /** Hashes done, by chip index; counted up here. */
  readonly hashesDone: Float64Array;
  /** Credit that a chip can save up, as time: what a pause costs more than this is not made up for. */
  readonly maxCreditMs: number;
  /** A chip's turn comes when it has credit for so many hashes; short turns cost more than they hash. */
  readonly turnHashes: number;
}

export class ChainSweeper {
  readonly #search: NonceSearch;
  readonly #geometry: ChainGeometry;
  readonly #coreShift: number;
  readonly #chips: readonly SweepPosition[];
  readonly #hashesDone: Float64Array;
  readonly #maxCreditMs: number;
  readonly #turnHashes: number;
  #active: readonly SweepPosition[] = [];
  #jobs: ReadonlyMap<number, SearchJob> = new Map();
  #jobGeneration = -1;
  #nextChip = 0;
  /** Prepared batches of versions of the present jobs. */
  readonly #batches = new Map<number, Batch>();

  constructor(options: ChainSweeperOptions) {
    this.#search = options.search;
    this.#geometry = options.geometry;
    this.#coreShift = options.geometry.coreShift ?? 25;
    this.#chips = options.chipIndices.map((index) => new SweepPosition(index));
    this.#hashesDone = options.hashesDone;
    this.#maxCreditMs = options.maxCreditMs;
    this.#turnHashes = options.turnHashes;
  }

  /** Whether there is anything to hash at all. */
  get isActive(): boolean {
    return this.#active.length > 0;
  }

  /** Until the first chip has earned a turn, or Infinity. */
  get nextTurnMs(): number {
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const { sweep, creditHashes } of this.#active)
      soonestMs = Math.min(
        soonestMs,
        ((this.#turnHashes - creditHashes) * 1_000) / sweep.hashesPerSecond,
      );
    return soonestMs;
  }

  load(plan: ChainPlan): void {
    if (plan.jobGeneration !== this.#jobGeneration) {
      this.#jobGeneration = plan.jobGeneration;
      this.#batches.clear();
    }
    this.#jobs = jobsOfPlan(plan);
    for (const chip of this.#chips) {
      const sweep = plan.chips[chip.chipIndex];
      if (sweep === undefined) continue;
      const jobGeneration = sweep.jobGeneration ?? plan.jobGeneration;
      if (jobGeneration !== chip.jobGeneration) {
        chip.jobGeneration = jobGeneration;
        chip.restart();
      }
      chip.use(sweep, this.#geometry);
    }
    this.#active = this.#chips.filter(
      (chip) => chip.isHashing && this.#jobs.has(chip.jobGeneration),
    );
  }

  /** Time passes: every working chip earns its hashes. */
  credit(elapsedMs: number): void {
    for (const chip of this.#active) {
      const perMs = chip.sweep.hashesPerSecond / 1_000;
      const limit = Math.max(perMs * this.#maxCreditMs, this.#turnHashes);
      chip.creditHashes = Math.min(limit, chip.creditHashes + perMs * elapsedMs);
    }
  }

  /** Hashes what has been earned, chip after chip, up to about `maxHashes`; returns how many that were. */
  work(maxHashes: number, onHit: (hit: ChainHit) => void): number {
    let total = 0;
    for (let visited = 0; visited < this.#active.length && total < maxHashes; visited++) {
      if (this.#nextChip >= this.#active.length) this.#nextChip = 0;
      const chip = this.#active[this.#nextChip++] as SweepPosition;
      if (chip.creditHashes < this.#turnHashes) continue;
      const due = Math.min(Math.floor(chip.creditHashes), maxHashes - total);
      const done = this.#hash(chip, due, onHit);
      chip.creditHashes -= done;
      this.#hashesDone[chip.chipIndex] = (this.#hashesDone[chip.chipIndex] as number) + done;
      total += done;
    }
    return total;
  }

  /** Up to `hashes` along the chip's sweep, in whole groups. */
  #hash(chip: SweepPosition, hashes: number, onHit: (hit: ChainHit) => void): number {
    const coreStep = 2 ** this.#coreShift;
    let done = 0;
    for (;;) {
      const batch = this.#batchOf(chip);
      const span = chip.span as CoreSpan;
      const affordable = Math.floor((hashes - done) / batch.lanes);
      const groups = Math.min(affordable, span.cores - chip.core, maxGroups);
      if (groups <= 0) return done;
      const { nonceStart, counterMask } = chip.sweep;
      const low = (nonceStart + batch.firstNonce + (chip.counter & counterMask)) & (coreStep - 1);
      const nonce = (((span.first + chip.core) << this.#coreShift) | low) >>> 0;
      lanesOfNonces.fill(nonce);
      const hitCount = this.#search.search(
        batch.firstQuad + chip.quad,
        lanesOfNonces,
        coreStep,
        groups,
        chip.masks.lastWord,
      );
      for (let i = 0; i < hitCount; i++) {
        const hit = this.#search.hits[i] as number;
        const lane = hit & 3;
        if (lane < batch.lanes)
          this.#examine(chip, batch, 4 * chip.quad + lane, nonce + (hit >>> 2) * coreStep, onHit);
      }
      done += groups * batch.lanes;
      chip.core += groups;
      if (chip.core === span.cores) chip.nextSpan(batch.quads, batch.count);
    }
  }

  #examine(
    chip: SweepPosition,
    batch: Batch,
    smallCore: number,
    nonce: number,
    onHit: (hit: ChainHit) => void,
  ): void {
    const digest = digestOf(batch.midstates[smallCore] as Int32Array, batch.tail, nonce);
    if (((digest[6] as number) & chip.masks.wordBeforeLast) !== 0) return;
    onHit({
      chipIndex: chip.chipIndex,
      jobGeneration: chip.jobGeneration,
      nonce,
      versionField: batch.versionFields[smallCore] as number,
      smallCore,
      zeroBits: leadingZeroBits(digest),
      ticketMask: chip.sweep.ticketMask,
    });
  }

  #batchOf(chip: SweepPosition): Batch {
    const jobAge = this.#jobGeneration - chip.jobGeneration;
    const key = jobAge * 2 ** 32 + chip.sweep.versionMask * 0x10000 + chip.batch;
    let batch = this.#batches.get(key);
    if (batch === undefined) {
      const quadsPerBatch = Math.ceil(this.#geometry.versionsPerSweep / 4);
      if ((this.#batches.size + 1) * quadsPerBatch > this.#search.quadCapacity)
        this.#batches.clear();
      batch = this.#prepare(chip, this.#batches.size * quadsPerBatch);
      this.#batches.set(key, batch);
    }
    return batch;
  }

  #prepare({ sweep, batch, jobGeneration }: SweepPosition, firstQuad: number): Batch {
    const job = this.#jobs.get(jobGeneration) as SearchJob;
    const { versionMask } = sweep;
    const { perBatch, count } = versionBatches(job, versionMask, this.#geometry.versionsPerSweep);
    const indices = Array.from({ length: perBatch }, (_, i) => batch * perBatch + i);
    const midstates = indices.map((index) => midstateOfVersion(job, index, versionMask));
    const tail = tailOf(job);
    // A quad with idle lanes is possible.
    const lanes = Math.min(4, perBatch);
    const quads = perBatch / lanes;
    for (let quad = 0; quad < quads; quad++) {
      const four = [0, 1, 2, 3].map((i) => midstates[4 * quad + (i % lanes)] as Int32Array);
      this.#search.prepare(firstQuad + quad, four, tail);
    }
    return {
      firstQuad,
      quads,
      lanes,
      count,
      versionFields: indices.map((index) => versionFieldOf(job, index, versionMask)),
      midstates,
      tail,
      firstNonce: firstNonceOf(job),
    };
  }
}

const lanesOfNonces = new Uint32Array(4);

/** The versions that the small cores of a core search side by side. */
interface Batch {
  readonly firstQuad: number;
  readonly quads: number;
  /** Lanes of a quad that count. */
  readonly lanes: number;
  /** How many batches there are for this version mask. */
  readonly count: number;
  readonly versionFields: readonly number[];
  readonly midstates: readonly Int32Array[];
  readonly tail: Int32Array;
  readonly firstNonce: number;
}
