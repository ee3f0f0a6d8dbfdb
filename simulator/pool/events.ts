/** What a simulated pool tells about itself: one event per thing that happened, and counts. */
import type { ChannelKind, ChannelStatistics } from "./channel.ts";
import type { LeniencyName } from "./leniencies.ts";
import type { RejectReason } from "./share-validator.ts";

/** `connection` counts connections from 1; `channel` is the channel id on that connection. */
export type PoolEvent =
  | { readonly event: "connected"; readonly connection: number; readonly remote: string }
  | {
      readonly event: "set-up";
      readonly connection: number;
      readonly vendor: string;
      readonly hardwareVersion: string;
      readonly firmware: string;
      readonly flags: number;
    }
  | { readonly event: "set-up-refused"; readonly connection: number; readonly code: string }
  | {
      readonly event: "channel-opened";
      readonly connection: number;
      readonly channel: number;
      readonly kind: ChannelKind;
      readonly userIdentity: string;
      readonly nominalHps: number;
      readonly difficulty: number;
    }
  | { readonly event: "channel-refused"; readonly connection: number; readonly code: string }
  | {
      readonly event: "channel-closed";
      readonly connection: number;
      readonly channel: number;
      readonly reason: string;
    }
  | {
      readonly event: "target";
      readonly connection: number;
      readonly channel: number;
      readonly difficulty: number;
      readonly by: "vardiff" | "update" | "control";
    }
  | {
      readonly event: "share-accepted";
      readonly connection: number;
      readonly channel: number;
      readonly jobId: number;
      /** Who found it: the channel's user, or the worker that the share names. */
      readonly user: string;
      /** What it counts. */
      readonly difficulty: number;
      /** What its hash would have met. */
      readonly hashDifficulty: number;
      readonly forgiven: readonly LeniencyName[];
    }
  | {
      readonly event: "share-rejected";
      readonly connection: number;
      readonly channel: number;
      readonly jobId: number;
      readonly user: string;
      /** As on the wire; of Stratum V1 the number. */
      readonly code: string;
      readonly reason: RejectReason;
      readonly detail: string;
    }
  | {
      /** A share met the network target. */
      readonly event: "block-found";
      readonly connection: number;
      readonly user: string;
      /** As people write it. */
      readonly hash: string;
    }
  | {
      readonly event: "block";
      readonly height: number;
      /** "source": the template source by itself. */
      readonly by: "schedule" | "share" | "control" | "source";
    }
  | {
      /** A device answered a question of the pool's (Stratum V1: client.get_version, mining.ping). */
      readonly event: "answer";
      readonly connection: number;
      readonly method: string;
      readonly result: string;
    }
  | { readonly event: "template"; readonly height: number; readonly jobId: number }
  | { readonly event: "ignored"; readonly connection: number; readonly what: string }
  | { readonly event: "disconnected"; readonly connection: number; readonly reason: string };

export interface PoolTotals {
  /** Since the start, of both protocols. */
  readonly connections: number;
  /** For want of room. */
  readonly turnedAway: number;
  readonly openConnections: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Partial<Record<RejectReason, number>>>;
  /** Shares, or set-ups, that only a leniency let pass. */
  readonly forgiven: Readonly<Partial<Record<LeniencyName, number>>>;
  /** Network blocks found by shares. */
  readonly blocksFound: number;
  readonly height: number;
}

export interface PoolStatistics extends PoolTotals {
  /** Of the channels that are open now. */
  readonly channels: readonly (ChannelStatistics & { readonly connection: number })[];
}
