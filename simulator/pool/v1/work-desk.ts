/** What one Stratum V1 connection mines on: its one channel, its difficulty, its jobs. */
import { difficultyOfTarget, targetFromDifficulty } from "../../../src/bitcoin/target.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { PoolChannel } from "../channel.ts";
import type { PoolHost } from "../host.ts";
import { HASHES_PER_DIFFICULTY } from "../vardiff.ts";
import type { Answers } from "./answers.ts";

/** There is one channel, and the protocol has no number for it. */
export const V1_CHANNEL_ID = 1;
const NO_LIMIT = new Uint8Array(32).fill(0xff);

export class WorkDesk {
  readonly channels = new Map<number, PoolChannel>();
  readonly #connectionId: number;
  readonly #host: PoolHost;
  readonly #clock: Clock;
  readonly #say: Answers;
  readonly #send: (line: Uint8Array) => void;
  #minimumDifficulty = 0;
  #suggestedDifficulty: number | undefined;

  constructor(
    connectionId: number,
    host: PoolHost,
    clock: Clock,
    say: Answers,
    send: (line: Uint8Array) => void,
  ) {
    this.#connectionId = connectionId;
    this.#host = host;
    this.#clock = clock;
    this.#say = say;
    this.#send = send;
  }

  get channel(): PoolChannel | undefined {
    return this.channels.get(V1_CHANNEL_ID);
  }

  /** The first difficulty and the first job; nothing if they were sent before. */
  begin(user: string, extranonce1: Uint8Array): void {
    if (this.channel !== undefined) return;
    const { sharesPerMinute, extranonceSize } = this.#host.options;
    const terms = {
      channelId: V1_CHANNEL_ID,
      kind: "v1" as const,
      userIdentity: user,
      extranoncePrefix: extranonce1,
      extranonceSize,
      sharesPerMinute,
      nominalHps: this.#rateAt(this.startDifficulty),
      maxTarget: this.#maxTarget,
      versionRollingAllowed: true,
    };
    const channel = new PoolChannel(terms, this.#clock.nowMs());
    this.channels.set(V1_CHANNEL_ID, channel);
    this.#host.emit({
      event: "channel-opened",
      connection: this.#connectionId,
      channel: V1_CHANNEL_ID,
      kind: "v1",
      userIdentity: user,
      nominalHps: terms.nominalHps,
      difficulty: difficultyOfTarget(channel.target),
    });
    this.sendDifficulty();
    this.catchUp();
  }

  get startDifficulty(): number {
    const wanted = this.#suggestedDifficulty ?? this.#host.options.v1Difficulty;
    return Math.max(wanted, this.#minimumDifficulty);
  }

  catchUp(): void {
    const { channel } = this;
    const { template } = this.#host;
    if (channel === undefined || channel.told === template) return;
    const isNewBlock = channel.told?.tip !== template.tip;
    const minNtime = this.#host.minNtime();
    const nowMs = this.#clock.nowMs();
    if (isNewBlock) {
      channel.addFutureJob(template);
      channel.activate(template.jobId, minNtime, nowMs);
    } else {
      channel.addActiveJob(template, minNtime, nowMs);
    }
    const { lineEnd } = this.#say;
    if (this.#host.has("v1-goal"))
      this.#say.notify("mining.set_goal", ["block", { malgo: "SHA256d" }]);
    const cleanJobs = this.#host.has("v1-clean-never")
      ? false
      : isNewBlock || this.#host.has("v1-clean-always");
    this.#send(this.#host.sharedLines.notify(template, minNtime, cleanJobs, lineEnd));
  }

  /** BIP310's minimum-difficulty: from now on nothing easier. */
  demandDifficulty(minimum: number): void {
    this.#minimumDifficulty = minimum;
    const { channel } = this;
    if (channel === undefined) return;
    channel.update(channel.claim.nominalHps, this.#maxTarget, this.#clock.nowMs());
    this.announceDifficulty("update");
  }

  /** A wish, and this pool obeys it. */
  suggestDifficulty(difficulty: number): void {
    this.#suggestedDifficulty = difficulty;
    const { channel } = this;
    if (channel === undefined) return;
    channel.update(this.#rateAt(difficulty), this.#maxTarget, this.#clock.nowMs());
    this.announceDifficulty("update");
  }

  adjust(): void {
    const isLikeTheReferencePool = this.#host.has("reference-vardiff");
    if (this.channel?.adjust(this.#clock.nowMs(), isLikeTheReferencePool) === true)
      this.announceDifficulty("vardiff");
  }

  announceDifficulty(by: "vardiff" | "update" | "control"): void {
    const difficulty = this.sendDifficulty();
    if (this.#host.has("immediate-target")) this.channel?.applyTargetToRunningJobs();
    const connection = this.#connectionId;
    this.#host.emit({ event: "target", connection, channel: V1_CHANNEL_ID, difficulty, by });
  }

  /** Counts for jobs from now on, as SetTarget does. What was said is what counts: a number, not the target it came from. */
  sendDifficulty(): number {
    const exact =
      this.channel === undefined ? this.startDifficulty : difficultyOfTarget(this.channel.target);
    const isWhole = this.#host.has("v1-whole-difficulty");
    const difficulty = isWhole ? Math.max(1, Math.floor(exact)) : exact;
    if (this.channel !== undefined) this.channel.target = targetFromDifficulty(difficulty);
    this.#say.notify("mining.set_difficulty", [difficulty]);
    return difficulty;
  }

  /** For jobs from now on. Throws RangeError where the coinbase has no room for it. */
  setExtranonce(extranonce1: Uint8Array): void {
    const { channel } = this;
    if (channel === undefined) throw new RangeError("set_extranonce before the first job");
    const whole = channel.extranoncePrefix.length + channel.extranonceSize;
    if (extranonce1.length > whole)
      throw new RangeError(`extranonce1: ${extranonce1.length} bytes; allowed: 0 to ${whole}`);
    channel.extranoncePrefix = extranonce1;
    channel.extranonceSize = whole - extranonce1.length;
    this.#say.notify("mining.set_extranonce", [toHex(extranonce1), channel.extranonceSize]);
  }

  get #maxTarget(): Uint8Array {
    const minimum = this.#minimumDifficulty;
    return minimum > 0 ? targetFromDifficulty(minimum) : NO_LIMIT;
  }

  #rateAt(difficulty: number): number {
    return (difficulty * HASHES_PER_DIFFICULTY * this.#host.options.sharesPerMinute) / 60;
  }
}
