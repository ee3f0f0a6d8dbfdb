/** What standard and extended channels have in common, and what they need of the connection that they are on. */
import type { Clock } from "../ports/clock.ts";
import type { Frame } from "../sv2/codec.ts";
import type { Work } from "../work/work.ts";
import type { Deadlines } from "./deadlines.ts";
import type { SetNewPrevHashFields } from "./job-book.ts";
import type { LinkHandlers, WorkChannel } from "./pool-link.ts";
import type { ShareAnswers } from "./share-answers.ts";
import type { ShareLedger } from "./share-ledger.ts";

/** What a share says besides its channel and job. */
export interface ShareFields {
  readonly sequenceNumber: number;
  readonly nonce: number;
  readonly ntime: number;
  readonly version: number;
}

/** A channel of the protocol, standard or extended: state only. */
export interface Sv2Channel {
  readonly channelId: number;
  /** Messages to this id reach the channel as well (SV2 §5.2.3). */
  groupChannelId: number;
  readonly shares: ShareLedger;
  /** What dispatch sees of it. */
  readonly sources: readonly WorkChannel[];
  readonly hasTip: boolean;
  readonly hasWork: boolean;
  extranoncePrefix: Uint8Array;
  setNewPrevHash(message: SetNewPrevHashFields, nowMs: number): "active" | "unknown-job";
  setTarget(target: Uint8Array): void;
  shareFrame(work: Work, fields: ShareFields): Frame;
  close(): void;
}

/** What the channels need of the connection that they are on. */
export interface ChannelLink {
  send(frame: Frame): void;
  /** Logs what a server should not have sent, within a budget. */
  noteStrange(what: string, fields: object): void;
  /** Ends the connection: the server broke the protocol in a way that cannot be lived with. */
  fail(reason: string): void;
}

export interface ChannelTerms {
  readonly userIdentity: string;
  /** Easiest target that we accept, 32 bytes little-endian. */
  readonly maxTarget: Uint8Array;
}

/** What all channels of a connection share. */
export interface ChannelContext {
  readonly link: ChannelLink;
  readonly terms: ChannelTerms;
  /** 0 where the server demands a fixed version. */
  readonly versionMask: number;
  readonly handlers: Pick<
    LinkHandlers,
    "onChannelOpened" | "onChannelRefused" | "onWork" | "onChannelClosed"
  >;
  readonly answers: ShareAnswers;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** For requests and lanes: never the same number twice in a run. */
  readonly nextId: () => number;
}
