/** The jobs that the chips of a chain hash: normally the latest, and what a chip that is stuck has not let go of. */
import type { ChainPlan, ChipSweep, SearchJob } from "../hashing/chain-searcher.ts";
import { isMidstateJob } from "../hashing/job-versions.ts";

export interface LatchedJob {
  readonly generation: number;
  readonly idByte: number;
  readonly job: SearchJob;
}

export class ChainWork {
  #generation = 0;
  #latest: LatchedJob | undefined;
  #earlier: readonly LatchedJob[] = [];
  #previousIdByte: number | undefined;

  get hasJob(): boolean {
    return this.#latest !== undefined;
  }

  /** Of the job before the latest. */
  get previousIdByte(): number | undefined {
    return this.#previousIdByte;
  }

  /** The latest job's; without a job one that no chip has. */
  get generation(): number {
    return this.#generation;
  }

  /** `stillHashed`: generations that some chip goes on with. Returns the new job's generation. */
  take(idByte: number, job: SearchJob, stillHashed: ReadonlySet<number>): number {
    const known = this.#latest === undefined ? this.#earlier : [...this.#earlier, this.#latest];
    this.#earlier = known.filter(({ generation }) => stillHashed.has(generation));
    this.#previousIdByte = this.#latest?.idByte;
    this.#latest = { generation: ++this.#generation, idByte, job };
    return this.#generation;
  }

  clear(): void {
    this.#generation++;
    this.#latest = undefined;
    this.#earlier = [];
    this.#previousIdByte = undefined;
  }

  find(generation: number | undefined): LatchedJob | undefined {
    return this.#latest?.generation === generation
      ? this.#latest
      : this.#earlier.find((one) => one.generation === generation);
  }

  plan(chips: readonly ChipSweep[]): ChainPlan {
    const job = this.#latest?.job;
    const isMidstates = job !== undefined && isMidstateJob(job);
    return {
      jobGeneration: this.#generation,
      headerWords: job === undefined || isMidstates ? undefined : job.headerWords,
      midstateJob: isMidstates ? job : undefined,
      earlierJobs: this.#earlier.map(({ generation: jobGeneration, job }) => ({
        jobGeneration,
        job,
      })),
      chips,
    };
  }
}
