/** Channels of a Stratum V1 connection: lanes of its one extranonce, with the jobs, targets and shares of all of them. */
import type { Logger } from "../lib/log.ts";
import type { Clock } from "../ports/clock.ts";
import { LatencyRecorder } from "../telemetry/latency.ts";
import type { Lane } from "../upstream/lanes.ts";
import { LaneShares } from "../upstream/lanes.ts";
import type { LinkCounts, LinkHandlers, WorkChannel } from "../upstream/pool-link.ts";
import { RateBound } from "../upstream/rate-bound.ts";
import type { Work } from "../work/work.ts";
import type { V1Connection } from "./connection.ts";
import { V1Jobs } from "./jobs.ts";
import type { RpcError } from "./json-rpc.ts";
import type { Extranonce } from "./messages.ts";
import type { NotifyJob } from "./notify-job.ts";
import type { V1Options } from "./options.ts";
import { ShareDesk } from "./share-desk.ts";
import { Suggestion } from "./suggestion.ts";

const JOB_WITHIN_MS = 30_000;
/** Times that a server may change what channels were opened on, on one connection; well-meaning ones do so once. */
const MAX_RENEWALS = 5;
const RENEWALS_WITHIN_MS = 60_000;

export type ChannelOptions = Pick<V1Options, "user" | "versionMask" | "suggestDifficulty">;

export class V1Channels {
  readonly #options: ChannelOptions;
  readonly #handlers: LinkHandlers;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #shares: ShareDesk;
  readonly #jobs = new V1Jobs();
  /** Asked for and not answered yet: request → H/s. */
  readonly #requests = new Map<number, number>();
  /** Open: lane → H/s. */
  readonly #rates = new Map<Lane, number>();
  readonly #renewals = new RateBound(MAX_RENEWALS, RENEWALS_WITHIN_MS);
  #turn: Disposable | undefined;
  #nextId = 1;
  #connection: V1Connection | undefined;
  #suggestion: Suggestion | undefined;
  /** Bits that the server allows, ours or not; `undefined`: version rolling was not agreed on. */
  #serverMask: number | undefined;
  #readySinceMs: number | undefined;
  #newBlockInChunk = false;
  readonly newBlockLatency = new LatencyRecorder();

  constructor(options: ChannelOptions, handlers: LinkHandlers, clock: Clock, log: Logger) {
    this.#options = options;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#log = log;
    this.#shares = new ShareDesk(options.user, handlers, log);
  }

  get all(): readonly WorkChannel[] {
    return [...this.#rates.keys()];
  }

  get counts(): Omit<LinkCounts, "connects"> {
    return { ...this.#shares.counts, blocksSeen: this.#jobs.blocksSeen };
  }

  get phase(): "opening" | "waiting-for-job" | "mining" {
    if (this.#rates.size === 0) return "opening";
    return this.#jobs.hasJob ? "mining" : "waiting-for-job";
  }

  begin(connection: V1Connection): void {
    this.#connection = connection;
    this.#suggestion = new Suggestion(connection, this.#options.suggestDifficulty, this.#log);
  }

  /** The answer to mining.configure; for what follows, and at once where channels are open. */
  configured(serverMask: number | undefined): void {
    this.#serverMask = serverMask;
  }

  /** mining.set_version_mask; false: version rolling was never agreed on. */
  setVersionMask(serverMask: number): boolean {
    if (this.#serverMask === undefined) return false;
    this.#serverMask = serverMask;
    return true;
  }

  subscribed(extranonce: Extranonce): void {
    this.#jobs.subscribed(extranonce);
  }

  setExtranonce(extranonce: Extranonce): void {
    this.#jobs.setExtranonce(extranonce);
  }

  /** mining.set_difficulty: for the jobs that follow; the present one keeps its own. */
  setTarget(target: Uint8Array): void {
    this.#jobs.setTarget(target);
  }

  notify(job: NotifyJob, arrivedMs: number): void {
    if (this.#jobs.announce(job, arrivedMs)) this.#newBlockInChunk = true;
  }

  /** Subscribed and authorized: channels may be asked for. */
  ready(): void {
    this.#readySinceMs = this.#clock.nowMs();
    this.#jobs.allow(this.#usableMask);
    this.#jobs.begin();
    this.#suggestion?.refresh(0, this.#readySinceMs);
    this.#tellReady();
  }

  /** All that one chunk said is in force now: the chips get the last of its jobs before this returns. */
  chunkDone(arrivedMs: number): void {
    const isNewBlock = this.#newBlockInChunk;
    this.#newBlockInChunk = false;
    if (this.#readySinceMs === undefined) return;
    if (this.#usableMask !== this.#jobs.versionMask) {
      this.#renew("the pool changed the version mask");
    } else if (this.#jobs.needsOtherLanes) {
      this.#renew("the pool changed the size of the extranonce");
    } else if (this.#jobs.begin()) {
      for (const lane of [...this.#rates.keys()]) {
        if (this.#rates.has(lane)) this.#handlers.onWork(lane, isNewBlock ? arrivedMs : undefined);
      }
      if (isNewBlock && this.#rates.size > 0)
        this.newBlockLatency.add(this.#clock.nowMs() - arrivedMs);
    }
  }

  open(nominalHps: number): number {
    const requestId = this.#nextId++;
    this.#requests.set(requestId, nominalHps);
    this.#turn ??= this.#clock.after(0, () => {
      this.#turn = undefined;
      this.#serve();
    });
    return requestId;
  }

  update(channel: WorkChannel, nominalHps: number): void {
    for (const lane of this.#rates.keys()) {
      if (lane === channel) this.#rates.set(lane, nominalHps);
    }
  }

  close(channel: WorkChannel): void {
    for (const lane of this.#rates.keys()) {
      if (lane !== channel) continue;
      this.#rates.delete(lane);
      this.#jobs.lanes?.close(lane);
    }
  }

  submit(work: Work, chainIndex: number, nonce: number, ntime: number, version: number): void {
    const job = this.#jobs.nameOf(work.poolJobId);
    if (this.#connection === undefined || job === undefined) {
      this.#shares.notSent();
      return;
    }
    const share = { work, chainIndex, nonce, ntime, version, sentMs: this.#clock.nowMs() };
    this.#shares.send(this.#connection, share, job, this.#serverMask, this.#countsOf(work));
  }

  /** An answer to a share; false: to none that waits for one. */
  answered(id: number, result: unknown, error: RpcError | undefined): boolean {
    return this.#shares.answered(id, result, error);
  }

  /** What time alone brings about; returns why the connection is of no use, `undefined` when it is. */
  check(nowMs: number): string | undefined {
    if (this.#readySinceMs === undefined) return undefined;
    this.#suggestion?.refresh(this.#nominalHps, nowMs);
    if (!this.#jobs.hasJob && nowMs - this.#readySinceMs > JOB_WITHIN_MS)
      return `no job for ${JOB_WITHIN_MS / 1_000} s`;
    return undefined;
  }

  /** The connection is gone, and with it every channel and every share without an answer. */
  lost(): void {
    this.#connection = undefined;
    this.#suggestion = undefined;
    this.#readySinceMs = undefined;
    this.#serverMask = undefined;
    this.#newBlockInChunk = false;
    this.#renewals.clear();
    this.#closeAll();
    this.#jobs.lost();
    this.#shares.lost();
  }

  get #usableMask(): number {
    return ((this.#serverMask ?? 0) & this.#options.versionMask) >>> 0;
  }

  get #nominalHps(): number {
    let sum = 0;
    for (const nominalHps of this.#rates.values()) sum += nominalHps;
    return sum;
  }

  #tellReady(): void {
    const rollsExtranonce = this.#jobs.lanes?.rolls ?? false;
    this.#handlers.onReady({ versionMask: this.#jobs.versionMask, rollsExtranonce });
  }

  /** What channels were opened on no longer holds: they are opened again on the same connection. */
  #renew(reason: string): void {
    if (!this.#renewals.take(this.#clock.nowMs())) {
      const often = `more than ${MAX_RENEWALS} times within ${RENEWALS_WITHIN_MS / 60_000} minute`;
      this.#connection?.fail("protocol", `${reason}, ${often}`);
      return;
    }
    this.#log.info({ versionMask: this.#usableMask }, reason);
    this.#closeAll();
    this.#jobs.suspend();
    this.#handlers.onDown({ kind: "asked", reason });
    // Whoever heard that may have ended the connection.
    if (this.#readySinceMs === undefined) return;
    this.#jobs.allow(this.#usableMask);
    this.#jobs.beginAnew();
    this.#tellReady();
  }

  #closeAll(): void {
    this.#turn?.[Symbol.dispose]();
    this.#turn = undefined;
    this.#requests.clear();
    for (const lane of this.#rates.keys()) this.#jobs.lanes?.close(lane);
    this.#rates.clear();
  }

  #serve(): void {
    for (const [requestId, nominalHps] of [...this.#requests]) {
      // The answer before may have led to the end of the connection.
      if (!this.#requests.delete(requestId)) continue;
      const lane = this.#jobs.lanes?.open(this.#nextId++);
      if (lane === undefined) {
        const code = "the pool's extranonce has no room for another lane";
        this.#handlers.onChannelRefused(requestId, code);
        continue;
      }
      this.#rates.set(lane, nominalHps);
      this.#handlers.onChannelOpened(requestId, lane);
      // Who counts pools that give work hears of it here.
      if (this.#rates.has(lane) && lane.work !== undefined) this.#handlers.onWork(lane);
    }
    this.#suggestion?.refresh(this.#nominalHps, this.#clock.nowMs());
  }

  /** A chain may be gone before its last share is sent. */
  #countsOf({ channelId }: Work): LaneShares {
    for (const lane of this.#rates.keys()) if (lane.channelId === channelId) return lane.shares;
    return new LaneShares();
  }
}
