/**
 * Finds hits by chance instead of in order: when one is due, it comes from a chip drawn by its rate and from a random
 * place of that chip's sweep. As many hashes are made as a sweep would need, and every hit is a real double SHA-256, but
 * nothing is done for a chip until it has something to report. Knows no clock.
 */
import type { SeededRandom } from "../chain/random.ts";
import {
  type ChainGeometry,
  type ChainHit,
  type ChainPlan,
  type ChipSweep,
  jobsOfPlan,
  type SearchJob,
} from "./chain-searcher.ts";
import { type CoreSpan, coreSpans } from "./core-spans.ts";
import {
  bitCount,
  firstNonceOf,
  midstateOfVersion,
  tailOf,
  versionBatches,
  versionFieldOf,
} from "./job-versions.ts";
import { hitMasks, leadingZeroBits, maxGroups, type NonceSearch } from "./nonce-search.ts";
import { digestOf } from "./sha256d-plain.ts";

export interface ChainSamplerOptions {
  /** Of its own: the sampler fills its quads. */
  readonly search: NonceSearch;
  readonly geometry: ChainGeometry;
  readonly random: SeededRandom;
}

export class ChainSampler {
  readonly #search: NonceSearch;
  readonly #geometry: ChainGeometry;
  readonly #coreShift: number;
  readonly #random: SeededRandom;
  #plan: ChainPlan | undefined;
  #jobs: ReadonlyMap<number, SearchJob> = new Map();
  /** Hits per second up to and with each chip. */
  readonly #hitsUpTo: Float64Array;

  constructor({ search, geometry, random }: ChainSamplerOptions) {
    this.#search = search;
    this.#geometry = geometry;
    this.#coreShift = geometry.coreShift ?? 25;
    this.#random = random;
    this.#hitsUpTo = new Float64Array(geometry.chipCount);
  }

  /** Of all chips together, on average. */
  get hitsPerSecond(): number {
    return this.#hitsUpTo.at(-1) ?? 0;
  }

  load(plan: ChainPlan): void {
    const before = this.#plan;
    this.#plan = plan;
    const jobsBefore = this.#jobs;
    this.#jobs = jobsOfPlan(plan);
    const isSameWork = before?.chips === plan.chips && jobsBefore.size === this.#jobs.size;
    if (isSameWork) return;
    let total = 0;
    for (let i = 0; i < this.#hitsUpTo.length; i++) {
      total += this.hashesPerSecond(i) * 2 ** -this.#bitsOf(plan.chips[i]);
      this.#hitsUpTo[i] = total;
    }
  }

  /** 0 for a chip that stands still or has no job. */
  hashesPerSecond(chipIndex: number): number {
    const plan = this.#plan;
    const sweep = plan?.chips[chipIndex];
    if (plan === undefined || sweep === undefined || sweep.windowNonces <= 0) return 0;
    const hasJob = this.#jobs.has(sweep.jobGeneration ?? plan.jobGeneration);
    return hasJob && sweep.quarters !== 0 ? sweep.hashesPerSecond : 0;
  }

  /** How long until the next hit: every moment is as likely as any other. Infinity when nothing hashes. */
  drawWaitMs(): number {
    if (this.hitsPerSecond === 0) return Number.POSITIVE_INFINITY;
    return (-Math.log(1 - this.#random.fraction()) * 1_000) / this.hitsPerSecond;
  }

  /** One hit of one chip. Only to be called while something hashes. */
  drawHit(): ChainHit {
    const plan = this.#plan as ChainPlan;
    const chipIndex = this.#drawChip();
    const sweep = plan.chips[chipIndex] as ChipSweep;
    const jobGeneration = sweep.jobGeneration ?? plan.jobGeneration;
    const job = this.#jobs.get(jobGeneration) as SearchJob;
    const { requiredZeroBits } = this.#geometry;
    const masks = hitMasks(requiredZeroBits, sweep.ticketMask);
    for (;;) {
      const place = this.#drawPlace(job, sweep);
      const found = this.#searchAt(job, sweep, place, masks.lastWord);
      if (found === undefined) continue;
      const { version, nonce } = found;
      const midstate = midstateOfVersion(job, version, sweep.versionMask);
      const digest = digestOf(midstate, tailOf(job), nonce);
      if (((digest[6] as number) & masks.wordBeforeLast) !== 0) continue;
      return {
        chipIndex,
        jobGeneration,
        nonce,
        versionField: versionFieldOf(job, version, sweep.versionMask),
        smallCore: version % place.perBatch,
        zeroBits: leadingZeroBits(digest),
        ticketMask: sweep.ticketMask,
      };
    }
  }

  #bitsOf(sweep: ChipSweep | undefined): number {
    return this.#geometry.requiredZeroBits + bitCount(sweep?.ticketMask ?? 0);
  }

  #drawChip(): number {
    const at = this.#random.fraction() * this.hitsPerSecond;
    let low = 0;
    let high = this.#hitsUpTo.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#hitsUpTo[middle] as number) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #drawPlace(job: SearchJob, sweep: ChipSweep): Place {
    const { cores, versionsPerSweep } = this.#geometry;
    const { perBatch, count } = versionBatches(job, sweep.versionMask, versionsPerSweep);
    const lanes = Math.min(4, perBatch);
    const core = nthCore(coreSpans(sweep.quarters, cores), (count) => this.#random.below(count));
    const counter = this.#random.below(sweep.windowNonces);
    const counted = counter & sweep.counterMask;
    const coreStep = 2 ** this.#coreShift;
    const low = (sweep.nonceStart + firstNonceOf(job) + counted) & (coreStep - 1);
    return {
      firstNonce: ((core << this.#coreShift) | low) >>> 0,
      noncesLeft: Math.min(
        sweep.windowNonces - counter,
        sweep.counterMask + 1 - counted,
        coreStep - low,
      ),
      firstVersion:
        this.#random.below(count) * perBatch + lanes * this.#random.below(perBatch / lanes),
      lanes,
      perBatch,
    };
  }

  /** The first hit from there on as the counter goes; of versions side by side any one. */
  #searchAt(
    job: SearchJob,
    sweep: ChipSweep,
    { firstNonce, firstVersion, lanes, noncesLeft }: Place,
    hitMask: number,
  ): { readonly version: number; readonly nonce: number } | undefined {
    // Where every hash is good enough there is nothing to search.
    if (hitMask === 0)
      return { version: firstVersion + this.#random.below(lanes), nonce: firstNonce };
    const midstates = Array.from({ length: lanes }, (_, i) =>
      midstateOfVersion(job, firstVersion + i, sweep.versionMask),
    );
    const four = [0, 1, 2, 3].map((i) => midstates[i % lanes] as Int32Array);
    this.#search.prepare(0, four, tailOf(job));
    const nonces = [firstNonce, firstNonce, firstNonce, firstNonce];
    // Twice as many hashes as a hit takes on average; after that another place is as good.
    const wanted = Math.ceil((2 * 2 ** bitCount(hitMask)) / lanes);
    const groups = Math.min(noncesLeft, maxGroups, wanted);
    const hitCount = this.#search.search(0, nonces, 1, groups, hitMask);
    const hits = [...this.#search.hits.subarray(0, hitCount)].filter((hit) => (hit & 3) < lanes);
    const first = hits[0];
    if (first === undefined) return undefined;
    const beside = hits.filter((hit) => hit >>> 2 === first >>> 2);
    const chosen = beside[this.#random.below(beside.length)] as number;
    return {
      version: firstVersion + (chosen & 3),
      nonce: (firstNonce + (chosen >>> 2)) >>> 0,
    };
  }
}

interface Place {
  readonly firstNonce: number;
  /** From there on without a step back, that one among them. */
  readonly noncesLeft: number;
  readonly firstVersion: number;
  readonly lanes: number;
  readonly perBatch: number;
}

/** One of all working cores, as `below` draws it. */
function nthCore(spans: readonly CoreSpan[], below: (count: number) => number): number {
  let left = below(spans.reduce((total, { cores }) => total + cores, 0));
  for (const { first, cores } of spans) {
    if (left < cores) return first + left;
    left -= cores;
  }
  return 0;
}
