/** What a connection needs of its pool, and the pool of a connection. */
import type { PoolChannel } from "./channel.ts";
import type { PoolEvent } from "./events.ts";
import type { LeniencyName } from "./leniencies.ts";
import type { PoolOptions } from "./options.ts";
import type { QuirkName } from "./quirks.ts";
import type { SharedFrames } from "./shared-frames.ts";
import type { FoundBlock } from "./template-source.ts";
import type { Template } from "./templates.ts";
import type { SharedLines } from "./v1/shared-lines.ts";
import type { SubscriptionBook } from "./v1/subscriptions.ts";

export interface PoolHost {
  readonly options: PoolOptions;
  readonly template: Template;
  /** Messages that many connections get alike, encoded once. */
  readonly sharedFrames: SharedFrames;
  readonly sharedLines: SharedLines;
  readonly subscriptions: SubscriptionBook;
  has(quirk: QuirkName): boolean;
  /** Start time for a job of the present tip, Unix seconds. */
  minNtime(): number;
  /** Eight bytes that no other channel of the pool has. */
  nextExtranonce(): Uint8Array;
  /** Whether this user, or the user before the worker's dot, may mine here. */
  mayMine(userIdentity: string): boolean;
  emit(event: PoolEvent): void;
  forgave(names: readonly LeniencyName[]): void;
  /** A share met the network target; its acknowledgement is already sent. */
  blockFound(block: FoundBlock, connection: number, user: string): void;
  connectionEnded(connectionId: number): void;
}

/** What a device said of itself. */
export interface DeviceIdentity {
  readonly protocol: "sv2" | "v1";
  readonly remote: string;
  readonly connectedAtMs: number;
  readonly vendor: string;
  readonly hardwareVersion: string;
  readonly firmware: string;
}

/** One device's connection, whatever it speaks. */
export interface DeviceConnection {
  readonly id: number;
  readonly identity: DeviceIdentity;
  readonly groupChannelId: number;
  readonly channels: ReadonlyMap<number, PoolChannel>;
  readonly link: DeviceLink;
  /** Tells the device of the pool's present template, unless it knows. */
  catchUp(): void;
  /** Looks at every channel's rate, and corrects targets. */
  adjustTargets(): void;
  /** Throws RangeError for a channel that is not there; so do the following. */
  setTarget(channelId: number, target: Uint8Array): void;
  setExtranoncePrefix(channelId: number, prefix: Uint8Array): void;
  closeChannel(channelId: number, reasonCode: string): void;
  /** Asks the device to go elsewhere; an empty host or port 0 keeps the present one. */
  reconnect(host: string, port: number, waitS: number): void;
}

export interface DeviceLink {
  /** While true nothing is sent and what arrives is ignored. */
  isSilent: boolean;
  readonly remote: string;
  sendBytes(bytes: Uint8Array): void;
  close(reason: string): void;
  destroy(reason: string): void;
}
