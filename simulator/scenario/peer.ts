/** What the steps of a scenario need of a connection, whichever protocol it speaks. */
import { equalBytes } from "../../src/lib/bytes.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import { FaultyStream } from "./faulty-stream.ts";
import type { Scope } from "./scope.ts";
import type { Judgement } from "./share-rules.ts";
import type { SourceNode } from "./source.ts";
import type { ShareTally } from "./tally.ts";

/** A message from the device, of either protocol. */
export interface Received {
  /** "SetupConnection", "mining.subscribe"; "response" for an answer to a request of ours, "unknown" for the rest. */
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What becomes of right shares. */
export type Acknowledging =
  | { readonly how: "each" }
  | { readonly how: "never" }
  | { readonly how: "batch"; readonly size: number }
  /** A code in Stratum V2, any JSON value in Stratum V1. */
  | { readonly how: "reject"; readonly error: unknown };

/** How the bytes of a message depart from what they should be. */
export interface Deviation {
  /** Bytes that are missing at the end. */
  readonly cut: number;
  /** Bytes behind the last field. */
  readonly append: Uint8Array;
  readonly channelBit: boolean | undefined;
}

export const noDeviation: Deviation = { cut: 0, append: new Uint8Array(0), channelBit: undefined };

/** What a connection tells the scenario it belongs to. */
export interface PeerHost {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly graceMs: number;
  /** Of this place, and of all together. */
  readonly tallies: readonly ShareTally[];
  /** Something came or ended: whoever waits looks again. */
  notify(): void;
  /** The device did what no device may do; the scenario fails. */
  violation(what: string): void;
}

/** A device that floods us is to be told, not to be believed. */
const MAX_UNREAD = 10_000;

export abstract class Peer {
  abstract readonly protocol: "sv2" | "sv1";
  readonly tap: FaultyStream;
  readonly placeName: string;
  readonly host: PeerHost;
  readonly openedMs: number;
  readonly unread: Received[] = [];
  /** How many of each message came. */
  readonly counts = new Map<string, number>();
  acknowledging: Acknowledging = { how: "each" };
  /** Valid shares, by job. */
  readonly sharesOfJob = new Map<number | string, number>();
  shares = 0;
  firstJobMs: number | undefined;
  endReason: string | undefined;
  /** We ended it ourselves. */
  isOurEnd = false;

  constructor(stream: ByteStream, placeName: string, host: PeerHost) {
    this.tap = new FaultyStream(stream, host.clock);
    this.placeName = placeName;
    this.host = host;
    this.openedMs = host.clock.nowMs();
    this.tap.onEnd((error) => {
      this.endReason ??= error?.message ?? "closed by the device";
      host.notify();
    });
  }

  /** The names that stand for something of this connection. */
  abstract readonly names: Readonly<Record<string, () => unknown>>;
  /** Sends one message; fields that are not named get their defaults. Throws ValueProblem. */
  abstract send(
    name: string,
    fields: SourceNode | undefined,
    scope: Scope,
    deviation?: Deviation,
  ): void;
  /** Reads what a scenario expects of a field as the field's type. Throws ValueProblem. */
  abstract literal(message: Received, field: string, node: SourceNode, scope: Scope): unknown;
  abstract get isEncrypted(): boolean;
  /** Steps have begun to talk here; until then nothing that came was looked at. */
  abstract get hasBegun(): boolean;
  /** Idempotent. */
  abstract begin(): void;
  /** A step looks at this message now: answers that name no request are for it. */
  abstract taken(message: Received): void;

  get isEnded(): boolean {
    return this.tap.isEnded;
  }

  sendRaw(bytes: Uint8Array): void {
    this.tap.write(bytes);
  }

  end(how: "close" | "reset"): void {
    this.isOurEnd = true;
    this.endReason ??= how === "close" ? "closed by the scenario" : "reset by the scenario";
    if (how === "close") this.tap.close();
    else this.tap.destroy();
  }

  protected received(message: Received): void {
    this.counts.set(message.name, (this.counts.get(message.name) ?? 0) + 1);
    this.unread.push(message);
    if (this.unread.length > MAX_UNREAD) this.unread.shift();
    this.host.notify();
  }

  /** Counts a share; true when it is to be acknowledged. */
  protected judged(jobId: number | string, judgement: Judgement): boolean {
    const { clock, tallies } = this.host;
    if (judgement.verdict === "accepted") {
      const isFirstOfConnection = this.shares++ === 0;
      this.sharesOfJob.set(jobId, (this.sharesOfJob.get(jobId) ?? 0) + 1);
      if (this.sharesOfJob.size > MAX_UNREAD)
        this.sharesOfJob.delete(this.sharesOfJob.keys().next().value as number | string);
      const nowMs = clock.nowMs();
      const firstJobMs = this.firstJobMs ?? nowMs;
      for (const tally of tallies) tally.accept({ nowMs, firstJobMs, isFirstOfConnection });
      return true;
    }
    for (const tally of tallies) tally[judgement.verdict]++;
    if (judgement.verdict === "invalid")
      this.host.violation(
        `the device sent a wrong share: ${judgement.reason} (${judgement.detail})`,
      );
    return false;
  }

  /** Whether the other connection began with the same key, which must be fresh each time (SV2 §4.5.1). */
  beganLike(other: Peer): boolean {
    const { firstBytes } = this.tap;
    return firstBytes.length === 64 && equalBytes(firstBytes, other.tap.firstBytes);
  }
}
