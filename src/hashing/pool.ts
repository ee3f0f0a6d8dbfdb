/** One pool of the operator's list: its link, its scheduler, its account, and how it is doing. */
import { printable } from "../lib/bytes.ts";
import type { Logger } from "../lib/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { PoolAccount } from "../upstream/account.ts";
import type { Standing } from "../upstream/fail-over.ts";
import type {
  LinkEnd,
  LinkHandlers,
  LinkTerms,
  PoolLink,
  SentShare,
  WorkChannel,
} from "../upstream/pool-link.ts";
import type { Work } from "../work/work.ts";
import type { Feed, SubmitShare } from "./feed.ts";
import { PoolConduct } from "./pool-conduct.ts";
import { Scheduler } from "./scheduler.ts";

export interface PoolParts {
  /** Two with the same key are the same pool, whatever they are called and wherever they stand. */
  readonly key: string;
  /** As shown to people; no secrets. */
  readonly name: string;
  readonly url: string;
  readonly protocol: "sv2" | "sv1";
  readonly encrypted: boolean;
  readonly group: number;
  /** Part of the hash power that its group gets, 0 to 1. */
  readonly part: number;
  readonly account: PoolAccount;
  openLink(handlers: LinkHandlers): PoolLink;
  /** Something changed by which it may gain or lose the hash power. Called before its chains lose their work. */
  onChange(pool: Pool): void;
  onBlock(pool: Pool, chainIndex: number, hash: Uint8Array): void;
  /** A connection that gave work has ended. */
  onEnd(pool: Pool, end: LinkEnd): void;
}

const CLAIM_HOLDS_MS = 10_000;

export class Pool implements Feed, LinkHandlers, Standing {
  /** Name, place and part change while it lives. */
  parts: PoolParts;
  readonly link: PoolLink;
  readonly scheduler: Scheduler;
  readonly account: PoolAccount;
  readonly #clock: Clock;
  readonly #conduct: PoolConduct;
  weight = 0;
  isWell = false;
  wellSinceMs = 0;
  hasFailed = false;
  mustProve = false;
  lastEnd: LinkEnd["kind"] | undefined;
  /** Since when it is well, or is not. */
  stateSinceMs: number;
  /** Another pool has the same account and tells it what it is at. */
  #hasForeignAccount = false;
  #isWanted = false;
  #isRunning = false;
  #stopping: Promise<void> | undefined;

  constructor(parts: PoolParts, clock: Clock, log: Logger) {
    this.parts = parts;
    this.account = parts.account;
    this.#clock = clock;
    this.stateSinceMs = clock.nowMs();
    this.scheduler = new Scheduler(clock, this, log);
    this.link = parts.openLink(this);
    this.scheduler.bind(this.link);
    this.#conduct = new PoolConduct(this.link);
  }

  get group(): number {
    return this.parts.group;
  }

  get part(): number {
    return this.parts.part;
  }

  /** Without chains there is nothing that it could do wrong. */
  get hasChains(): boolean {
    return this.scheduler.hasChains;
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** Connects, or closes the connection in order. A wish that comes while the last one is carried out waits for it. */
  want(isWanted: boolean, reason: string): void {
    if (this.#isWanted !== isWanted) {
      this.#isWanted = isWanted;
      this.#tellAccount(this.#clock.nowMs());
    }
    if (this.#stopping !== undefined || isWanted === this.#isRunning) return;
    if (isWanted) {
      this.#isRunning = true;
      this.link.start();
      return;
    }
    this.#stopping = this.link.stop(reason).then(() => {
      this.#stopping = undefined;
      this.#isRunning = false;
      this.#lostAll();
      if (this.#isWanted) this.want(true, "");
    });
  }

  /** Ends for good. */
  async close(reason = "shutdown"): Promise<void> {
    this.scheduler.stop();
    this.want(false, reason);
    await this.#stopping;
  }

  readonly submit: SubmitShare = (work, chainIndex, nonce, ntime, version, hash) => {
    const { target, tip } = work;
    const unixSeconds = this.#clock.unixSeconds();
    // Counted first (some 0.4 µs): what the link says about a share at once must find it.
    const isBlock = this.account.sent({ chainIndex, target, hash, nbits: tip.nbits, unixSeconds });
    this.link.submit(work, chainIndex, nonce, ntime, version, hash);
    if (isBlock) this.parts.onBlock(this, chainIndex, hash);
  };

  credit(hashes: number): void {
    this.account.hashed(hashes);
  }

  creditStale(chainIndex: number, work: Work): void {
    this.account.foundStale(chainIndex, work.target);
  }

  onReady(terms: LinkTerms): void {
    this.account.connected();
    this.scheduler.onReady(terms);
  }

  onDown(end: LinkEnd): void {
    const nowMs = this.#clock.nowMs();
    this.lastEnd = end.kind;
    this.account.ended(end.kind);
    this.#conduct.ended(end);
    const wasWell = this.isWell;
    if (end.kind !== "asked") {
      this.hasFailed = true;
      // One that never worked has disappointed nobody: at boot the network may be late.
      if (wasWell) this.mustProve = true;
    }
    this.#judge(false, nowMs);
    if (wasWell) this.parts.onEnd(this, end);
    this.scheduler.onDown();
  }

  onChannelOpened(requestId: number, channel: WorkChannel): void {
    this.scheduler.onChannelOpened(requestId, channel);
    // A lane of a channel that has a job is given out with its work.
    if (channel.work !== undefined) this.#hasWork(channel.work);
  }

  onChannelRefused(requestId: number, code: string): void {
    this.scheduler.onChannelRefused(requestId, code);
  }

  onWork(channel: WorkChannel, newBlockAtMs?: number): void {
    this.scheduler.onWork(channel, newBlockAtMs);
    const { work } = channel;
    if (work !== undefined) this.#hasWork(work);
    else if (this.isWell && !this.#givesWork()) this.#judge(false, this.#clock.nowMs());
  }

  onChannelClosed(channel: WorkChannel, reason: string): void {
    const nowMs = this.#clock.nowMs();
    const tooMany = this.#conduct.closedChannel(nowMs);
    const isWell = this.#givesWork(channel);
    // Closing the last channel is no way to be trusted at once again.
    if (!isWell) this.mustProve = true;
    this.#judge(isWell, nowMs);
    this.scheduler.onChannelClosed(channel, reason);
    if (tooMany !== undefined) this.link.fail(`${tooMany}: ${printable(reason, 80)}`);
  }

  onShareAccepted(share: SentShare): void {
    const nowMs = this.#clock.nowMs();
    this.account.accepted(share, nowMs);
    this.#conduct.answered(false, nowMs);
    this.scheduler.onShareAccepted(share.chainIndex);
  }

  onShareRejected(share: SentShare, code: string): void {
    const nowMs = this.#clock.nowMs();
    this.account.rejected(share, code, nowMs);
    this.scheduler.onShareRejected(share.chainIndex);
    this.#conduct.answered(true, nowMs);
  }

  onSharesLost(count: number): void {
    this.account.lost(count);
  }

  /** It gets the hash power, or loses it. Returns whether that is a change. */
  weigh(weight: number): boolean {
    if (this.weight === weight) return false;
    const wasStandby = this.weight === 0;
    this.weight = weight;
    // Whatever it had to prove, it has the hash power again.
    if (weight > 0) this.mustProve = false;
    const nowMs = this.#clock.nowMs();
    this.#tellAccount(nowMs);
    // What it was told when its channels opened still holds.
    const isFresh = nowMs - this.wellSinceMs < CLAIM_HOLDS_MS;
    if (wasStandby && this.isWell && !isFresh) this.scheduler.renewClaims();
    return true;
  }

  /** Why it should be left although it gives work; asked only where there is somebody else to go to. */
  misconduct(nowMs: number): string | undefined {
    return this.#conduct.rejectsTooMany(nowMs);
  }

  /** While it stands by, a pool may conclude from the silence that the device is slow, and make shares too easy. */
  holdClaims(): void {
    if (this.weight === 0 && this.isWell) this.scheduler.renewClaims();
  }

  #hasWork(work: Work): void {
    this.#conduct.gaveWork(work.tip.prevHash);
    if (!this.isWell) this.#judge(true, this.#clock.nowMs());
  }

  /** Whether it is to be told what becomes of the pool: of two with one account only one does. */
  ownAccount(isOwn: boolean): void {
    this.#hasForeignAccount = !isOwn;
    this.#tellAccount(this.#clock.nowMs());
  }

  /** Chains came or went: its channels may have gone with the last one. */
  reconsider(): void {
    this.#tellAccount(this.#clock.nowMs());
    if (this.isWell && !this.#givesWork()) this.#judge(false, this.#clock.nowMs());
  }

  #judge(isWell: boolean, nowMs: number): void {
    if (isWell === this.isWell) return;
    this.isWell = isWell;
    if (!isWell && this.#conduct.lostWork(nowMs)) this.mustProve = true;
    this.stateSinceMs = nowMs;
    if (isWell) {
      this.wellSinceMs = nowMs;
      this.hasFailed = false;
    }
    this.#tellAccount(nowMs);
    this.parts.onChange(this);
  }

  #tellAccount(nowMs: number): void {
    if (this.#hasForeignAccount) return;
    const isMissed = this.#isWanted && this.hasChains;
    if (!this.isWell) this.account.becomes(isMissed ? "down" : "off", nowMs);
    else this.account.becomes(this.weight > 0 ? "active" : "standby", nowMs);
  }

  #givesWork(except?: WorkChannel): boolean {
    return this.link.channels.some((one) => one !== except && one.work !== undefined);
  }

  #lostAll(): void {
    this.#judge(false, this.#clock.nowMs());
  }
}
