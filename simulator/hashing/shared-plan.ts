/**
 * A chain's plan in memory that all threads see: the main thread replaces it without waiting for anybody, a worker
 * notices between two batches of hashes. Words are written between two steps of a sequence number; a reader that saw it
 * odd or changed reads again.
 */
import {
  type ChainGeometry,
  type ChainPlan,
  type ChipSweep,
  jobOfPlan,
  type SearchJob,
} from "./chain-searcher.ts";
import { isMidstateJob } from "./job-versions.ts";

const SEQUENCE = 0;
/** The plan's own job and three earlier ones. */
const JOBS = 1;
const JOB_SLOTS = 4;
/** Of a job: its generation, its kind, its first nonce, and up to four midstates and the header's tail, or the header. */
const GENERATION = 0;
const KIND = 1;
const FIRST_NONCE = 2;
const JOB_WORDS = 3;
const MAX_MIDSTATES = 4;
const TAIL_WORDS = 3;
const HEADER_WORDS = 19;
const WORDS_PER_JOB = JOB_WORDS + 8 * MAX_MIDSTATES + TAIL_WORDS;
/** Kinds of a job; one to four are so many midstates. */
const NO_JOB = 0;
const HEADER = -1;
const CHIPS = JOBS + JOB_SLOTS * WORDS_PER_JOB;
const WORDS_PER_CHIP = 7;

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
    this.#writeJob(0, plan.jobGeneration, jobOfPlan(plan));
    for (let slot = 1; slot < JOB_SLOTS; slot++) {
      const earlier = plan.earlierJobs?.[slot - 1];
      this.#writeJob(slot, earlier?.jobGeneration ?? 0, earlier?.job);
    }
    plan.chips.forEach((chip, index) => {
      const at = CHIPS + WORDS_PER_CHIP * index;
      words[at] = chip.nonceStart;
      words[at + 1] = chip.counterMask;
      words[at + 2] = chip.windowNonces;
      words[at + 3] = chip.versionMask;
      words[at + 4] = chip.ticketMask;
      words[at + 5] = chip.quarters;
      words[at + 6] = chip.jobGeneration ?? plan.jobGeneration;
      this.#rates[index] = chip.hashesPerSecond;
    });
    Atomics.add(words, SEQUENCE, 1);
  }

  /** `undefined` while somebody writes. */
  read(): { readonly plan: ChainPlan; readonly sequence: number } | undefined {
    const sequence = this.sequence;
    if (sequence % 2 !== 0) return undefined;
    const current = this.#readJob(0);
    const earlierJobs = Array.from({ length: JOB_SLOTS - 1 }, (_, i) => this.#readJob(i + 1));
    const plan: ChainPlan = {
      jobGeneration: current.jobGeneration,
      headerWords:
        current.job !== undefined && !isMidstateJob(current.job)
          ? current.job.headerWords
          : undefined,
      midstateJob:
        current.job !== undefined && isMidstateJob(current.job) ? current.job : undefined,
      earlierJobs: earlierJobs.flatMap(({ jobGeneration, job }) =>
        job === undefined ? [] : [{ jobGeneration, job }],
      ),
      chips: Array.from(this.#rates, (rate, index) => this.#readChip(rate, index)),
    };
    return this.sequence === sequence ? { plan, sequence } : undefined;
  }

  #writeJob(slot: number, jobGeneration: number, job: SearchJob | undefined): void {
    const words = this.#words;
    const at = JOBS + WORDS_PER_JOB * slot;
    words[at + GENERATION] = jobGeneration;
    if (job === undefined) {
      words[at + KIND] = NO_JOB;
    } else if (isMidstateJob(job)) {
      words[at + KIND] = job.midstates.length;
      words[at + FIRST_NONCE] = job.firstNonce;
      job.midstates.forEach((midstate, i) => {
        words.set(midstate, at + JOB_WORDS + 8 * i);
      });
      words.set(job.tail, at + JOB_WORDS + 8 * MAX_MIDSTATES);
    } else {
      words[at + KIND] = HEADER;
      words.set(job.headerWords, at + JOB_WORDS);
    }
  }

  #readJob(slot: number): { readonly jobGeneration: number; readonly job: SearchJob | undefined } {
    const at = JOBS + WORDS_PER_JOB * slot;
    const copy = (from: number, count: number) =>
      Int32Array.from(this.#words.subarray(at + from, at + from + count));
    const kind = this.#words[at + KIND] as number;
    const job: SearchJob | undefined =
      kind === NO_JOB
        ? undefined
        : kind === HEADER
          ? { headerWords: copy(JOB_WORDS, HEADER_WORDS) }
          : {
              midstates: Array.from({ length: kind }, (_, i) => copy(JOB_WORDS + 8 * i, 8)),
              tail: copy(JOB_WORDS + 8 * MAX_MIDSTATES, TAIL_WORDS),
              firstNonce: this.#words[at + FIRST_NONCE] as number,
            };
    return { jobGeneration: this.#words[at + GENERATION] as number, job };
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
      jobGeneration: word(6),
    };
  }
}
