/** One pool as work dispatch sees it, whatever protocol it speaks: channels that give work, and a way back for shares. */
import type { LatencyRecorder } from "../telemetry/latency.ts";
import type { UpstreamPhase } from "../telemetry/snapshot.ts";
import type { Work } from "../work/work.ts";

/**
 * A source of work for one chain (or for several that divide its version space). A standard channel of SV2 is one; an
 * extended channel and a Stratum V1 connection are cut into several, each with its own part of the extranonce.
 */
export interface WorkChannel {
  /** Unique among the channels that this link has open. */
  readonly channelId: number;
  /** Version bits that the pool lets us change here. */
  readonly versionMask: number;
  /** What to hash now; `undefined`: nothing that could be submitted. */
  readonly work: Work | undefined;
  /** For jobs from now on, 32 bytes little-endian. */
  readonly target: Uint8Array;
  readonly shares: ChannelShares;
  /**
   * Replaces `work` by headers never given out before (the next extranonce of the same job); false where there is none to
   * roll. Tells nobody: the caller is who wants the work.
   */
  roll(nowMs: number): boolean;
}

export interface ChannelShares {
  readonly accepted: number;
  readonly rejected: number;
  readonly unacknowledged: number;
}

/** What the pool agreed to, for the connection that stands now. */
export interface LinkTerms {
  /** 0 where a fixed version is demanded. */
  readonly versionMask: number;
  /** Whether `WorkChannel.roll` can give more headers for the same job. */
  readonly rollsExtranonce: boolean;
}

/** A share that was sent, remembered until its answer comes. */
export interface SentShare {
  readonly chainIndex: number;
  /** Expected hashes for such a share: 2^256 ÷ (target + 1) of the job's frozen target. */
  readonly hashes: bigint;
  readonly sentMs: number;
}

/** Why a link has no connection, in the order in which it becomes harder to mend. */
export interface LinkEnd {
  /**
   * "network" passes by itself; "silence": it may have been alive; "protocol": the server broke the rules; "time": its
   * certificate fails by our clock only; "refused" needs a person; "asked" was our wish or the server's (Reconnect).
   */
  readonly kind: "network" | "silence" | "protocol" | "time" | "refused" | "asked";
  readonly reason: string;
}

/** Called in the tick in which the bytes arrived, in order. */
export interface LinkHandlers {
  /** The server agreed to talk: open channels now. */
  onReady(terms: LinkTerms): void;
  /** Every channel is dead; the next attempt comes by itself. */
  onDown(end: LinkEnd): void;
  onChannelOpened(requestId: number, channel: WorkChannel): void;
  onChannelRefused(requestId: number, code: string): void;
  /** `channel.work` changed. `newBlockAtMs`: when a new block arrived, on a channel that had one before. */
  onWork(channel: WorkChannel, newBlockAtMs?: number): void;
  onChannelClosed(channel: WorkChannel, reason: string): void;
  onShareAccepted(share: SentShare): void;
  /** `code` in the pool's own words, printable. */
  onShareRejected(share: SentShare, code: string): void;
  /** Answers that will never come: the connection is gone, or they are too many to be remembered. */
  onSharesLost(count: number): void;
}

/** Counts over all connections of this run. */
export interface LinkCounts {
  readonly connects: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  readonly lostUnacknowledged: number;
  /** Different previous hashes seen after the first. */
  readonly blocksSeen: number;
}

export interface PoolLink {
  readonly phase: UpstreamPhase;
  /** Why there is no connection, or why the last one ended. */
  readonly reason: string | null;
  readonly encrypted: boolean;
  /** Without a byte for this long the connection is given up; may be changed at any time. */
  silenceMs: number;
  readonly counts: LinkCounts;
  /** Of the present connection. */
  readonly channels: readonly WorkChannel[];
  /** From a received chunk with a new block to its last chain's job handed to the kernel. */
  readonly newBlockLatency: LatencyRecorder;
  /** Connects, and goes on trying with growing pauses. */
  start(): void;
  /** Closes every channel in order and ends the connection; `start` may follow. */
  stop(reason?: string): Promise<void>;
  /** Asks for one more channel; the answer comes as `onChannelOpened` or `onChannelRefused` with the returned id, never before the return. */
  openChannel(nominalHps: number): number;
  /** Tells the pool a new rate, where the protocol has words for it; the last one wins. */
  updateChannel(channel: WorkChannel, nominalHps: number): void;
  closeChannel(channel: WorkChannel, reason: string): void;
  /** Gives the present connection up, for a reason that needs a person or a long pause. */
  fail(reason: string): void;
  /**
   * Sends one share before it returns. The caller has checked that the work's tip is live and the target met; `hash` is
   * its hash, borrowed.
   */
  submit(
    work: Work,
    chainIndex: number,
    nonce: number,
    ntime: number,
    version: number,
    hash: Uint8Array,
  ): void;
}
