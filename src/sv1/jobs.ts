/** From notifications to the job that lanes work on: tips, targets, extranonces. State only, no I/O. */
import { equalBytes } from "../lib/bytes.ts";
import { type CoinbaseJob, sameCoinbaseJob } from "../upstream/coinbase-job.ts";
import { Lanes } from "../upstream/lanes.ts";
import type { Tip } from "../work/work.ts";
import { DEFAULT_DIFFICULTY, targetOfDifficulty } from "./difficulty.ts";
import type { Extranonce } from "./messages.ts";
import { coinbaseJobOf, type JobName, type NotifyJob } from "./notify-job.ts";

/** Jobs of one tip that shares may still come for; a server would have to send two a second to run out of them. */
const MAX_JOBS = 256;

/** A notification with all that was in force when it came. */
interface Announced {
  readonly notify: NotifyJob;
  readonly tip: Tip;
  readonly target: Uint8Array;
  readonly extranonce: Extranonce;
  readonly arrivedMs: number;
}

export class V1Jobs {
  /** Our number for a job → the server's name for it. */
  readonly #known = new Map<number, { readonly name: JobName; readonly job: CoinbaseJob }>();
  #nextJobId = 1;
  #tip: Tip | undefined;
  #lastPrevHash: Uint8Array | undefined;
  #extranonce: Extranonce | undefined;
  #beforeSubscription: { readonly notify: NotifyJob; readonly arrivedMs: number } | undefined;
  /** The last notification, worked on or about to be. */
  #latest: Announced | undefined;
  #isBegun = true;
  #target = targetOfDifficulty(DEFAULT_DIFFICULTY);
  #versionMask = 0;
  /** Survive the connection, so that a job that is resumed goes on where its extranonces ended. */
  lanes: Lanes | undefined;
  /** How many bytes of extranonce the lanes divide. */
  #laneBytes: number | undefined;
  blocksSeen = 0;

  /** A job has come on this connection. */
  get hasJob(): boolean {
    return this.#latest !== undefined;
  }

  /** Version bits that we may change. */
  get versionMask(): number {
    return this.#versionMask;
  }

  /** For jobs that begin from now on. */
  allow(versionMask: number): void {
    this.#versionMask = versionMask;
    if (this.lanes !== undefined) this.lanes.versionMask = versionMask;
  }

  /** The answer to mining.subscribe; a job that came before it becomes one now. */
  subscribed(extranonce: Extranonce): void {
    this.#extranonce = extranonce;
    this.#prepareLanes(extranonce);
    const early = this.#beforeSubscription;
    this.#beforeSubscription = undefined;
    if (early !== undefined) this.announce(early.notify, early.arrivedMs);
  }

  /** mining.set_difficulty: for the jobs that follow. */
  setTarget(target: Uint8Array): void {
    this.#target = target;
    this.lanes?.retarget(target);
  }

  /** mining.set_extranonce: for the jobs that follow. */
  setExtranonce(extranonce: Extranonce): void {
    this.#extranonce = extranonce;
  }

  /**
   * Takes a job in, and kills the tip that it replaces at once; lanes hear of it when `begin` is called, so that of many
   * jobs in one chunk only the last is worked out. Returns whether it is on a new block.
   */
  announce(notify: NotifyJob, arrivedMs: number): boolean {
    const extranonce = this.#extranonce;
    if (extranonce === undefined) {
      this.#beforeSubscription = { notify, arrivedMs };
      return false;
    }
    const last = this.#lastPrevHash;
    const isNewBlock = last !== undefined && !equalBytes(last, notify.prevHash);
    if (isNewBlock) this.blocksSeen++;
    this.#lastPrevHash = notify.prevHash;
    const tip = this.#tipFor(notify);
    this.#latest = { notify, tip, target: this.#target, extranonce, arrivedMs };
    this.#isBegun = false;
    return isNewBlock;
  }

  /** The number of lanes that the next job has room for differs from now: every channel must be opened anew. */
  get needsOtherLanes(): boolean {
    return this.#latest !== undefined && this.#laneBytes !== this.#latest.extranonce.ownBytes;
  }

  /** Lanes work on the last job announced; false when they already do. */
  begin(): boolean {
    if (this.#isBegun || this.#latest === undefined) return false;
    this.#isBegun = true;
    const { notify, tip, target, extranonce, arrivedMs } = this.#latest;
    this.#prepareLanes(extranonce);
    const jobId = this.#nextJobId++;
    const job = coinbaseJobOf(notify, jobId, this.#versionMask, extranonce.prefix);
    this.#remember(jobId, notify.name, job);
    this.lanes?.begin(job, tip, notify.ntime, arrivedMs, target);
    return true;
  }

  /** The rules of the present job changed: nothing found for it may be submitted. */
  suspend(): void {
    if (this.#tip !== undefined) this.#tip.live = false;
    this.lanes?.invalidate();
  }

  /** After `suspend`: the last job again, by the rules of now. */
  beginAnew(): void {
    const latest = this.#latest;
    if (latest === undefined) return;
    this.#tip = { ...latest.tip, live: true };
    this.#latest = { ...latest, tip: this.#tip };
    this.#isBegun = false;
    this.begin();
  }

  /** `undefined`: the job is so old that nobody should find shares of it. */
  nameOf(jobId: number): JobName | undefined {
    return this.#known.get(jobId)?.name;
  }

  /** The connection is gone, and all that the server said on it. */
  lost(): void {
    this.suspend();
    this.#tip = undefined;
    this.#known.clear();
    this.#extranonce = undefined;
    this.#beforeSubscription = undefined;
    this.#latest = undefined;
    this.#isBegun = true;
    this.#lastPrevHash = undefined;
    this.#target = targetOfDifficulty(DEFAULT_DIFFICULTY);
  }

  /** Another previous hash is another tip whatever the server says, and clean_jobs drops what was before on the same one. */
  #tipFor(notify: NotifyJob): Tip {
    const { prevHash, nbits, clean } = notify;
    const present = this.#tip;
    if (
      present !== undefined &&
      !clean &&
      present.nbits === nbits &&
      equalBytes(present.prevHash, prevHash)
    )
      return present;
    if (present !== undefined) present.live = false;
    this.#tip = { prevHash, nbits, live: true };
    return this.#tip;
  }

  #prepareLanes({ ownBytes }: Extranonce): void {
    if (this.#laneBytes === ownBytes) return;
    this.#laneBytes = ownBytes;
    this.lanes?.invalidate();
    this.lanes = new Lanes(ownBytes, this.#versionMask, this.#target);
  }

  #remember(jobId: number, name: JobName, job: CoinbaseJob): void {
    // A name that comes again with other content means that from now on: a share of the old one would be judged by it.
    for (const [id, known] of this.#known) {
      if (known.name === name && !sameCoinbaseJob(known.job, job)) this.#known.delete(id);
    }
    this.#known.set(jobId, { name, job });
    if (this.#known.size > MAX_JOBS) {
      const oldest = this.#known.keys().next().value;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
  }
}
