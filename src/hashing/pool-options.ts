/** What the operator chose about pools. Data only: it crosses from one process into another. */
import { toHex } from "../lib/bytes.ts";
import type { PoolAddress } from "../upstream/pool-address.ts";

export type ChannelKind = "standard" | "extended" | "auto";

export interface PoolOptions {
  /** As shown to people; unique. */
  readonly name: string;
  /** As the operator wrote it; a URL carries no credentials. */
  readonly url: string;
  readonly address: PoolAddress;
  /** These belong to this pool and are given to no other. */
  readonly user: string;
  /** Stratum V1 only. */
  readonly password: string;
  /** BIP320 or BIP323 mask; what the server allows may be less. */
  readonly versionMask: number;
  /** Without a byte for this long the pool counts as dead. */
  readonly silenceMs: number;
  /** Hosts that the pool may send us to, beside its own domain. */
  readonly redirectHosts: readonly string[];
  /** Easiest target that we accept, 32 bytes little-endian. Stratum V2 only. */
  readonly maxTarget: Uint8Array;
  readonly channel: ChannelKind;
  readonly tolerateFlagEcho: boolean;
  /** Extensions of Stratum V2 that are asked for. */
  readonly extensions: readonly number[];
  /** Of extension 0x0002; empty: none. */
  readonly workerName: string;
  /** Stratum V1: "auto" by the hash rate; absent: the pool chooses. */
  readonly suggestDifficulty?: number | "auto";
}

export interface PoolGroupOptions {
  readonly name: string;
  /** Part of the hash power, 0 to 1; all groups together make 1. */
  readonly part: number;
  readonly warmStandby: boolean;
  /** In order: the first that gives work has the group's hash power. */
  readonly pools: readonly PoolOptions[];
}

/** What a connection depends on; neither the name nor how the address was written does. Holds secrets: never to be shown. */
export function poolKey({ name: _, url: __, ...rest }: PoolOptions): string {
  return JSON.stringify(rest, (_key, value: unknown) =>
    value instanceof Uint8Array ? toHex(value) : value,
  );
}

export const SILENCE_V1_MS = 120_000;
export const SILENCE_V2_MS = 300_000;
