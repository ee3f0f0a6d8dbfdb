/**
 * Takes chips through their nonces in the order in which the silicon does, each at its own rate: cores in parallel, one
 * version per small core, the counter up to the window, then the next batch of versions. Knows no clock and no thread.
 */
import type { ChainGeometry, ChainHit, ChainPlan, ChipSweep } from "./chain-searcher.ts";
import {
  byteSwapped,
  type HitMasks,
  hitMasks,
  leadingZeroBits,
  maxGroups,
  type NonceSearch,
} from "./nonce-search.ts";
import { digestOf, midstateOf } from "./sha256d-plain.ts";

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
  readonly #chips: readonly ChipState[];
  readonly #hashesDone: Float64Array;
  readonly #maxCreditMs: number;
  readonly #turnHashes: number;
  #active: readonly ChipState[] = [];
  #headerWords: Int32Array | undefined;
  #jobGeneration = -1;
  #nextChip = 0;
  /** Prepared batches of versions of the current job, by version mask and batch. */
  readonly #batches = new Map<number, Batch>();

  constructor(options: ChainSweeperOptions) {
    this.#search = options.search;
    this.#geometry = options.geometry;
    this.#chips = options.chipIndices.map((index) => new ChipState(index));
    this.#hashesDone = options.hashesDone;
    this.#maxCreditMs = options.maxCreditMs;
    this.#turnHashes = options.turnHashes;
  }

  /** Whether there is anything to hash at all. */
  get isActive(): boolean {
    return this.#active.length > 0;
  }

  load(plan: ChainPlan): void {
    if (plan.jobGeneration !== this.#jobGeneration) {
      this.#jobGeneration = plan.jobGeneration;
      this.#headerWords = plan.headerWords;
      this.#batches.clear();
      for (const chip of this.#chips) chip.restart();
    }
    for (const chip of this.#chips) {
      const sweep = plan.chips[chip.index];
      if (sweep !== undefined) chip.use(sweep, this.#geometry);
    }
    this.#active =
      plan.headerWords === undefined ? [] : this.#chips.filter((chip) => chip.isHashing);
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
      const chip = this.#active[this.#nextChip++] as ChipState;
      if (chip.creditHashes < this.#turnHashes) continue;
      const due = Math.min(Math.floor(chip.creditHashes), maxHashes - total);
      const done = this.#hash(chip, due, onHit);
      chip.creditHashes -= done;
      this.#hashesDone[chip.index] = (this.#hashesDone[chip.index] as number) + done;
      total += done;
    }
    return total;
  }

  /** Up to `hashes` along the chip's sweep, in whole groups. */
  #hash(chip: ChipState, hashes: number, onHit: (hit: ChainHit) => void): number {
    let done = 0;
    for (;;) {
      const batch = this.#batchOf(chip);
      const span = chip.span as CoreSpan;
      const affordable = Math.floor((hashes - done) / batch.lanes);
      const groups = Math.min(affordable, span.cores - chip.core, maxGroups);
      if (groups <= 0) return done;
      const low = (chip.sweep.nonceStart + (chip.counter & chip.sweep.counterMask)) & LOW_25_BITS;
      const nonce = (((span.first + chip.core) << 25) | low) >>> 0;
      lanesOfNonces.fill(nonce);
      const hitCount = this.#search.search(
        batch.firstQuad + chip.quad,
        lanesOfNonces,
        1 << 25,
        groups,
        chip.masks.lastWord,
      );
      for (let i = 0; i < hitCount; i++) {
        const hit = this.#search.hits[i] as number;
        const lane = hit & 3;
        if (lane < batch.lanes)
          this.#examine(chip, batch, 4 * chip.quad + lane, nonce + (hit >>> 2) * 2 ** 25, onHit);
      }
      done += groups * batch.lanes;
      chip.core += groups;
      if (chip.core === span.cores) chip.nextSpan(batch.quads, batch.count);
    }
  }

  #examine(
    chip: ChipState,
    batch: Batch,
    smallCore: number,
    nonce: number,
    onHit: (hit: ChainHit) => void,
  ): void {
    const tail = (this.#headerWords as Int32Array).subarray(16);
    const digest = digestOf(batch.midstates[smallCore] as Int32Array, tail, nonce);
    if (((digest[6] as number) & chip.masks.wordBeforeLast) !== 0) return;
    onHit({
      chipIndex: chip.index,
      jobGeneration: this.#jobGeneration,
      nonce,
      versionField: batch.versionFields[smallCore] as number,
      smallCore,
      zeroBits: leadingZeroBits(digest),
      ticketMask: chip.sweep.ticketMask,
    });
  }

  #batchOf(chip: ChipState): Batch {
    const key = chip.sweep.versionMask * 0x10000 + chip.batch;
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

  #prepare({ sweep, batch }: ChipState, firstQuad: number): Batch {
    const headerWords = this.#headerWords as Int32Array;
    const versions = 2 ** bitCount(sweep.versionMask);
    // With fewer versions than small cores all of them search what there is [?]; a quad with idle lanes is possible.
    const perBatch = Math.min(this.#geometry.versionsPerSweep, versions);
    const versionFields = Array.from({ length: perBatch }, (_, i) =>
      depositBits(batch * perBatch + i, sweep.versionMask),
    );
    const midstates = versionFields.map((field) =>
      midstateOf(withVersion(headerWords, field, sweep.versionMask)),
    );
    const lanes = Math.min(4, perBatch);
    const quads = perBatch / lanes;
    for (let quad = 0; quad < quads; quad++) {
      const four = [0, 1, 2, 3].map((i) => midstates[4 * quad + (i % lanes)] as Int32Array);
      this.#search.prepare(firstQuad + quad, four, headerWords.subarray(16));
    }
    const count = Math.max(1, versions / perBatch);
    return { firstQuad, quads, lanes, count, versionFields, midstates };
  }
}

const LOW_25_BITS = 0x1ffffff;
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
}

/** Neighbouring cores that all work. */
interface CoreSpan {
  readonly first: number;
  readonly cores: number;
}

const stopped: ChipSweep = {
  hashesPerSecond: 0,
  nonceStart: 0,
  counterMask: 0,
  windowNonces: 0,
  versionMask: 0,
  ticketMask: 0,
  quarters: 0,
};

/** One chip: what it shall do and how far it is. */
class ChipState {
  readonly index: number;
  sweep: ChipSweep = stopped;
  masks: HitMasks = hitMasks(32, 0);
  creditHashes = 0;
  batch = 0;
  counter = 0;
  quad = 0;
  core = 0;
  #spans: readonly CoreSpan[] = [];
  #span = 0;

  constructor(index: number) {
    this.index = index;
  }

  get isHashing(): boolean {
    return this.sweep.hashesPerSecond > 0 && this.sweep.windowNonces > 0 && this.#spans.length > 0;
  }

  get span(): CoreSpan | undefined {
    return this.#spans[this.#span];
  }

  use(sweep: ChipSweep, { cores, requiredZeroBits }: ChainGeometry): void {
    if (sweep.quarters !== this.sweep.quarters) {
      this.#spans = coreSpans(sweep.quarters, cores);
      this.#span = 0;
      this.core = 0;
    }
    if (sweep.versionMask !== this.sweep.versionMask) this.restart();
    this.masks = hitMasks(requiredZeroBits, sweep.ticketMask);
    this.sweep = sweep;
    if (!this.isHashing) this.creditHashes = 0;
  }

  restart(): void {
    this.batch = 0;
    this.counter = 0;
    this.quad = 0;
    this.core = 0;
    this.#span = 0;
  }

  /** The next cores; after the last the next four versions, then the next nonce, then the next batch of versions. */
  nextSpan(quads: number, batches: number): void {
    this.core = 0;
    if (++this.#span < this.#spans.length) return;
    this.#span = 0;
    if (++this.quad < quads) return;
    this.quad = 0;
    if (++this.counter < this.sweep.windowNonces) return;
    this.counter = 0;
    // After the last batch the chip repeats itself without a sign [C].
    this.batch = (this.batch + 1) % batches;
  }
}

function coreSpans(quarters: number, cores: number): readonly CoreSpan[] {
  const spans: CoreSpan[] = [];
  for (let quarter = 0; quarter < 4; quarter++) {
    if (((quarters >>> quarter) & 1) === 0) continue;
    const first = Math.floor((quarter * cores) / 4);
    const end = Math.floor(((quarter + 1) * cores) / 4);
    const before = spans.at(-1);
    if (before !== undefined && before.first + before.cores === first)
      spans[spans.length - 1] = { first: before.first, cores: end - before.first };
    else spans.push({ first, cores: end - first });
  }
  return spans;
}

/** Header words with the rolled bits of the version replaced; word 0 is the version little-endian. */
function withVersion(headerWords: Int32Array, field: number, mask: number): Int32Array {
  const version = byteSwapped(headerWords[0] as number);
  const words = headerWords.slice();
  words[0] = byteSwapped((version & ~(mask << 13)) | (field << 13));
  return words;
}

/** The low bits of `value`, laid from the right into the set bits of `mask`. */
function depositBits(value: number, mask: number): number {
  let deposited = 0;
  let rest = value;
  for (let bit = 0; bit < 16; bit++) {
    if (((mask >>> bit) & 1) === 0) continue;
    deposited |= (rest & 1) << bit;
    rest >>>= 1;
  }
  return deposited;
}

function bitCount(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}
