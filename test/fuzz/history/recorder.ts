/** The device's side of a link: asks for channels, keeps what it was given, and holds the link to its word. */
import type {
  LinkEnd,
  LinkHandlers,
  LinkTerms,
  PoolLink,
  SentShare,
  WorkChannel,
} from "../../../src/upstream/pool-link.ts";
import { ntimeAt, type Work } from "../../../src/work/work.ts";
import { demand, Violation } from "../target.ts";

/** Works that may still be submitted, as a chain has that many jobs under way. */
const REMEMBERED_WORKS = 40;
const HASH = new Uint8Array(32);

export class Recorder implements LinkHandlers {
  readonly #nowMs: () => number;
  link: PoolLink | undefined;
  /** Channels to ask for when the link is ready. */
  wanted = 1;
  /** What was broken inside a callback, where throwing would be taken for the link's own failure. */
  readonly broken: string[] = [];
  readonly open = new Map<number, WorkChannel>();
  readonly works: Work[] = [];
  /** What the share that is being sent was found for. */
  submitting: Work | undefined;
  submitted = 0;
  accepted = 0;
  rejected = 0;
  lost = 0;
  /** Between `onReady` and `onDown`. */
  isUp = false;
  #nonce = 0;
  readonly #asked = new Set<number>();
  readonly #answered = new Set<SentShare>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Connected, and neither has a channel nor waits for one. */
  get isIdle(): boolean {
    return this.isUp && this.open.size === 0 && this.#asked.size === 0;
  }

  get unanswered(): number {
    return this.submitted - this.accepted - this.rejected - this.lost;
  }

  onReady(_terms: LinkTerms): void {
    this.#expect(!this.isUp, "ready twice");
    this.isUp = true;
    for (let i = 0; i < this.wanted; i++) this.ask(1e12);
  }

  onDown(end: LinkEnd): void {
    this.#expect(end.reason !== "", "down without a reason");
    this.#expect(!/[\p{Cc}\p{Bidi_Control}]/u.test(end.reason), "a reason that can paint");
    this.isUp = false;
    this.open.clear();
    this.#asked.clear();
    for (const { tip } of this.works)
      this.#expect(!tip.live, "the connection is gone, and a tip of it lives");
    this.works.length = 0;
  }

  onChannelOpened(requestId: number, channel: WorkChannel): void {
    this.#expect(this.#asked.delete(requestId), "a channel that nobody asked for");
    this.#expect(!this.open.has(channel.channelId), "two channels of one id");
    this.open.set(channel.channelId, channel);
    this.#keep(channel);
  }

  onChannelRefused(requestId: number, code: string): void {
    this.#expect(this.#asked.delete(requestId), "a refusal that nobody asked for");
    this.#expect(!/[\p{Cc}\p{Bidi_Control}]/u.test(code), "a code that can paint");
  }

  onWork(channel: WorkChannel, newBlockAtMs?: number): void {
    this.#expect(
      this.open.get(channel.channelId) === channel,
      "work for a channel that is not open",
    );
    this.#expect((newBlockAtMs ?? 0) <= this.#nowMs(), "a block from the future");
    this.#keep(channel);
  }

  onChannelClosed(channel: WorkChannel, reason: string): void {
    this.#expect(this.open.get(channel.channelId) === channel, "closed, and was not open");
    this.#expect(!/[\p{Cc}\p{Bidi_Control}]/u.test(reason), "a reason that can paint");
    this.open.delete(channel.channelId);
    for (const work of this.works)
      this.#expect(
        work.channelId !== channel.channelId || !this.mayBeSubmitted(work),
        "the channel is closed, and its work may be submitted",
      );
  }

  onShareAccepted(share: SentShare): void {
    this.#answer(share);
    this.accepted++;
  }

  onShareRejected(share: SentShare, code: string): void {
    this.#answer(share);
    this.#expect(code.length <= 300, "a code without end");
    this.#expect(!/[\p{Cc}\p{Bidi_Control}]/u.test(code), "a code that can paint");
    this.rejected++;
  }

  onSharesLost(count: number): void {
    this.#expect(count > 0, "none lost, and it was told");
    this.lost += count;
  }

  ask(nominalHps: number): void {
    const id = this.link?.openChannel(nominalHps);
    if (id !== undefined) this.#asked.add(id);
  }

  mayBeSubmitted(work: Work): boolean {
    return work.tip.live && this.open.has(work.channelId);
  }

  /** Finds shares for the work given last but `back`, as a chain would: only while its tip lives. */
  submit(back: number, count: number): void {
    const work = this.works.at(-1 - back);
    if (work === undefined || !this.mayBeSubmitted(work)) return;
    this.submitting = work;
    for (let i = 0; i < count; i++) {
      this.submitted++;
      const nonce = this.#nonce++;
      this.link?.submit(work, nonce % 3, nonce, ntimeAt(work, this.#nowMs()), work.version, HASH);
    }
  }

  /** Between steps: what the link says of itself fits what it told. */
  check(): void {
    const link = this.link;
    if (link === undefined) return;
    for (const broken of this.broken) throw new Violation(broken);
    const ids = new Set(link.channels.map(({ channelId }) => channelId));
    demand(
      ids.size === this.open.size && [...this.open.keys()].every((id) => ids.has(id)),
      "the link's channels are not those that it told about",
    );
    const isWorking = link.channels.some(({ work }) => work !== undefined);
    demand(!isWorking || link.phase === "mining", () => `there is work in phase ${link.phase}`);
    demand(link.phase !== "mining" || isWorking, "mining, and there is no work");
    for (const { work, channelId } of link.channels) {
      demand(work === undefined || work.tip.live, "present work on a dead tip");
      demand(work === undefined || work.channelId === channelId, "another channel's work");
    }
    demand(this.unanswered >= 0, "more answers than shares");
    demand(link.counts.accepted === this.accepted, "accepted shares are counted otherwise");
    demand(link.counts.rejected === this.rejected, "rejected shares are counted otherwise");
    demand(Object.keys(link.counts.rejectedByReason).length <= 64, "reasons without end");
  }

  #keep({ work }: WorkChannel): void {
    if (work === undefined) return;
    this.#expect(work.target.length === 32 && work.merkleRoot.length === 32, "not 32 bytes");
    this.works.push(work);
    if (this.works.length > REMEMBERED_WORKS) this.works.shift();
  }

  keepRolled(channel: WorkChannel): void {
    this.#keep(channel);
  }

  #answer(share: SentShare): void {
    this.#expect(!this.#answered.has(share), "one share was answered twice");
    this.#answered.add(share);
    this.#expect(share.hashes > 0n, "a share for which nothing was done");
    this.#expect(share.sentMs <= this.#nowMs(), "a share from the future");
  }

  #expect(condition: boolean, broken: string): void {
    if (!condition) this.broken.push(broken);
  }
}
