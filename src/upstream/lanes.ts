/**
 * One upstream channel whose extranonce is partly ours, cut into lanes: sources of work that never meet, because the
 * first of our bytes numbers the lane. The others count: each roll is a new merkle root.
 */
import { equalBytes } from "../lib/bytes.ts";
import type { Tip, Work } from "../work/work.ts";
import { type CoinbaseJob, merkleRootOf, sameCoinbaseJob } from "./coinbase-job.ts";
import type { ChannelShares, WorkChannel } from "./pool-link.ts";
import { SubmittedShares } from "./submitted-shares.ts";

/** SV2 §3.1 (B0_32); Stratum V1 pools give 2 to 8. */
const MAX_EXTRANONCE_BYTES = 32;
/** More counting bytes than anybody can use up, and no more than a number holds exactly. */
const MAX_COUNTER_BYTES = 6;
/** Jobs whose used extranonces are remembered, for a pool that announces one again. */
const MAX_REMEMBERED_JOBS = 16;

/** A job and how many extranonces of it each lane number has been given. */
interface Announced {
  readonly job: CoinbaseJob;
  readonly prevHash: Uint8Array;
  readonly taken: Map<number, number>;
}

/** What every lane works on now. */
interface Present {
  readonly job: CoinbaseJob;
  readonly tip: Tip;
  readonly minNtime: number;
  readonly anchorMs: number;
  readonly target: Uint8Array;
  readonly announced: Announced;
}

/** Counts of one lane, kept by whoever sends its shares and hears the answers. */
export class LaneShares implements ChannelShares {
  accepted = 0;
  rejected = 0;
  unacknowledged = 0;
}

export class Lane implements WorkChannel {
  readonly channelId: number;
  /** The first byte of its extranonces. */
  readonly number: number;
  readonly shares = new LaneShares();
  readonly #lanes: Lanes;
  /** "due": there is a job, and nobody has asked for its work yet. */
  #work: Work | "due" | undefined;

  /** Made by `Lanes.open`. */
  constructor(lanes: Lanes, channelId: number, number: number) {
    this.#lanes = lanes;
    this.channelId = channelId;
    this.number = number;
  }

  /**
   * Made when first asked for: the first chain need not wait for the merkle roots of the others. Who only judges whether
   * there is work asks for it all the same, so a standby pool costs one per lane and job.
   */
  get work(): Work | undefined {
    if (this.#work === "due") this.#work = this.#lanes.firstWork(this);
    return this.#work;
  }

  get versionMask(): number {
    return this.#lanes.versionMask;
  }

  get target(): Uint8Array {
    return this.#lanes.target;
  }

  /** The same job and ntime with the next extranonce; false when all have been given out, or there is no work. */
  roll(): boolean {
    if (this.work === undefined) return false;
    const next = this.#lanes.nextWork(this);
    if (next === undefined) return false;
    this.#work = next;
    return true;
  }

  /** For the lanes: what it had is over. */
  renew(hasJob: boolean): void {
    this.#work = hasJob ? "due" : undefined;
  }
}

export class Lanes {
  readonly #extranonceBytes: number;
  readonly #maxLanes: number;
  readonly #rollsPerLane: number;
  readonly #byNumber = new Map<number, Lane>();
  readonly #submitted = new SubmittedShares();
  /** Oldest first. */
  readonly #announced: Announced[] = [];
  #present: Present | undefined;
  #nextNumber = 0;
  /** Version bits that may be changed: those of the present job. */
  versionMask: number;
  /** For jobs from now on. */
  target: Uint8Array;

  /**
   * `extranonceBytes`: how many are ours, 0 to 32. None leave one lane that cannot roll, one byte leaves 256 of them.
   * Throws RangeError for other numbers; `versionMask` and `target` count until the first job says more.
   */
  constructor(extranonceBytes: number, versionMask: number, target: Uint8Array) {
    if (
      !(
        Number.isInteger(extranonceBytes) &&
        extranonceBytes >= 0 &&
        extranonceBytes <= MAX_EXTRANONCE_BYTES
      )
    )
      throw new RangeError(
        `extranonce of ${extranonceBytes} bytes; allowed: 0 to ${MAX_EXTRANONCE_BYTES}`,
      );
    this.#extranonceBytes = extranonceBytes;
    this.#maxLanes = extranonceBytes === 0 ? 1 : 256;
    this.#rollsPerLane = 256 ** Math.min(MAX_COUNTER_BYTES, Math.max(0, extranonceBytes - 1));
    this.versionMask = versionMask;
    this.target = target;
  }

  get all(): readonly Lane[] {
    return [...this.#byNumber.values()];
  }

  get size(): number {
    return this.#byNumber.size;
  }

  /** Whether `roll` can give more headers for one job. */
  get rolls(): boolean {
    return this.#rollsPerLane > 1;
  }

  get hasTip(): boolean {
    return this.#present !== undefined;
  }

  /** A lane under this channel id, with the present job if there is one; `undefined` when no number is free. */
  open(laneId: number): Lane | undefined {
    if (this.#byNumber.size >= this.#maxLanes) return undefined;
    // In turn, so that a number comes back as late as possible.
    while (this.#byNumber.has(this.#nextNumber)) this.#advance();
    const lane = new Lane(this, laneId, this.#nextNumber);
    this.#advance();
    this.#byNumber.set(lane.number, lane);
    lane.renew(this.hasTip);
    return lane;
  }

  close(lane: Lane): void {
    if (this.#byNumber.get(lane.number) === lane) this.#byNumber.delete(lane.number);
    lane.renew(false);
  }

  /**
   * Every lane gets its own work on this job. Another `tip` object than that of the job before makes the earlier one dead.
   * `anchorMs`: monotonic arrival of the message that supplied `minNtime`; `target` is that of this job.
   */
  begin(
    job: CoinbaseJob,
    tip: Tip,
    minNtime: number,
    anchorMs: number,
    target: Uint8Array = this.target,
  ): void {
    const before = this.#present?.tip;
    if (before !== undefined && before !== tip) before.live = false;
    const announced = this.#remember(job, tip.prevHash);
    this.#present = { job, tip, minNtime, anchorMs, target, announced };
    this.versionMask = job.versionMask;
    this.target = target;
    for (const lane of this.#byNumber.values()) lane.renew(true);
  }

  /** For jobs from now on; the present one keeps its own. */
  retarget(target: Uint8Array): void {
    this.target = target;
  }

  /** The tip is dead, and no job is known on another one: nothing may be hashed. */
  invalidate(): void {
    if (this.#present !== undefined) this.#present.tip.live = false;
    this.#present = undefined;
    for (const lane of this.#byNumber.values()) lane.renew(false);
  }

  /** For a lane: its work on a job that just came. */
  firstWork(lane: Lane): Work | undefined {
    const present = this.#present;
    if (present === undefined) return undefined;
    // Announced again with nothing left: a later ntime may still be new, and what was sent is remembered.
    return this.nextWork(lane) ?? this.#workOf(present, lane, this.#rollsPerLane - 1);
  }

  /** For a lane: work on the present job with an extranonce never given out for it; `undefined` when there is none. */
  nextWork(lane: Lane): Work | undefined {
    const present = this.#present;
    if (present === undefined) return undefined;
    const { taken } = present.announced;
    const counter = taken.get(lane.number) ?? 0;
    if (counter >= this.#rollsPerLane) return undefined;
    taken.set(lane.number, counter + 1);
    return this.#workOf(present, lane, counter);
  }

  #workOf(present: Present, lane: Lane, counter: number): Work {
    const { job, tip, minNtime, anchorMs, target } = present;
    const extranonce = this.#extranonce(lane.number, counter);
    const merkleRoot = merkleRootOf(job, extranonce);
    return {
      channelId: lane.channelId,
      extranonce,
      poolJobId: job.jobId,
      tip,
      version: job.version,
      versionMask: job.versionMask,
      merkleRoot,
      minNtime,
      anchorMs,
      target,
      submitted: this.#submitted.of(tip.prevHash, merkleRoot, job.version),
    };
  }

  #extranonce(number: number, counter: number): Uint8Array {
    const extranonce = new Uint8Array(this.#extranonceBytes);
    if (extranonce.length > 0) extranonce[0] = number;
    for (let at = 1, rest = counter; rest > 0; at++, rest = Math.floor(rest / 256)) {
      extranonce[at] = rest % 256;
    }
    return extranonce;
  }

  #remember(job: CoinbaseJob, prevHash: Uint8Array): Announced {
    const at = this.#announced.findIndex(
      (known) => equalBytes(known.prevHash, prevHash) && sameCoinbaseJob(known.job, job),
    );
    const [known] = at < 0 ? [] : this.#announced.splice(at, 1);
    const announced = known ?? { job, prevHash, taken: new Map<number, number>() };
    this.#announced.push(announced);
    if (this.#announced.length > MAX_REMEMBERED_JOBS) this.#announced.shift();
    return announced;
  }

  #advance(): void {
    this.#nextNumber = (this.#nextNumber + 1) % this.#maxLanes;
  }
}
