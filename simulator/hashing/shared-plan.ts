/**
 * A chain's plan in memory that all threads see: the main thread replaces it without waiting for anybody, a worker
 * notices between two batches of hashes. Words are written between two steps of a sequence number; a reader that saw it
 * odd or changed reads again.
 */
import type { ChainGeometry, ChainPlan, ChipSweep } from "./chain-searcher.ts";

const SEQUENCE = 0;
const GENERATION = 1;
const HAS_JOB = 2;
const HEADER = 3;
const HEADER_WORDS = 19;
const CHIPS = 24;
const WORDS_PER_CHIP = 6;

export interface SharedPlanMemory {
  readonly words: SharedArrayBuffer;
  /** Hashes per second, by chip. */
  readonly rates: SharedArrayBuffer;
  /** Hashes done, by chip; each written by one worker only. */
  readonly hashesDone: SharedArrayBuffer;
  /** The last sequence number that each worker has taken up. */
  readonly seen: SharedArrayBuffer;
}

export function createSharedPlanMemory(
  { chipCount }: ChainGeometry,
  workerCount: number,
): SharedPlanMemory {
  return {
    words: new SharedArrayBuffer(4 * (CHIPS + WORDS_PER_CHIP * chipCount)),
    rates: new SharedArrayBuffer(8 * chipCount),
    hashesDone: new SharedArrayBuffer(8 * chipCount),
    seen: new SharedArrayBuffer(4 * workerCount),
  };
}

export class SharedPlan {
  readonly hashesDone: Float64Array;
  readonly #words: Int32Array;
  readonly #rates: Float64Array;
  readonly #seen: Int32Array;

  constructor(memory: SharedPlanMemory) {
    this.#words = new Int32Array(memory.words);
    this.#rates = new Float64Array(memory.rates);
    this.hashesDone = new Float64Array(memory.hashesDone);
    this.#seen = new Int32Array(memory.seen);
  }

  get sequence(): number {
    return Atomics.load(this.#words, SEQUENCE);
  }

  /** Whether every worker has taken up what was published last. */
  get isSeenByAll(): boolean {
    const sequence = this.sequence;
    return this.#seen.every((_, worker) => Atomics.load(this.#seen, worker) === sequence);
  }

  markSeen(worker: number, sequence: number): void {
    Atomics.store(this.#seen, worker, sequence);
  }

  /** One writer only. */
  write(plan: ChainPlan): void {
    const words = this.#words;
    Atomics.add(words, SEQUENCE, 1);
    words[GENERATION] = plan.jobGeneration;
    words[HAS_JOB] = plan.headerWords === undefined ? 0 : 1;
    if (plan.headerWords !== undefined) words.set(plan.headerWords, HEADER);
    plan.chips.forEach((chip, index) => {
      const at = CHIPS + WORDS_PER_CHIP * index;
      words[at] = chip.nonceStart;
      words[at + 1] = chip.counterMask;
      words[at + 2] = chip.windowNonces;
      words[at + 3] = chip.versionMask;
      words[at + 4] = chip.ticketMask;
      words[at + 5] = chip.quarters;
      this.#rates[index] = chip.hashesPerSecond;
    });
    Atomics.add(words, SEQUENCE, 1);
  }

  /** `undefined` while somebody writes. */
  read(): { readonly plan: ChainPlan; readonly sequence: number } | undefined {
    const words = this.#words;
    const sequence = this.sequence;
    if (sequence % 2 !== 0) return undefined;
    const plan: ChainPlan = {
      jobGeneration: words[GENERATION] as number,
      headerWords:
        words[HAS_JOB] === 1
          ? Int32Array.from(words.subarray(HEADER, HEADER + HEADER_WORDS))
          : undefined,
      chips: Array.from(this.#rates, (rate, index) => this.#readChip(rate, index)),
    };
    return this.sequence === sequence ? { plan, sequence } : undefined;
  }

  #readChip(hashesPerSecond: number, index: number): ChipSweep {
    const at = CHIPS + WORDS_PER_CHIP * index;
    const word = (offset: number) => this.#words[at + offset] as number;
    return {
      hashesPerSecond,
      nonceStart: word(0),
      counterMask: word(1),
      windowNonces: word(2),
      versionMask: word(3),
      ticketMask: word(4) >>> 0,
      quarters: word(5),
    };
  }
}
