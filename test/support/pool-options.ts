/** Pools as a miner is told of them, with everything that a test does not care about filled in. */

import {
  type PoolGroupOptions,
  type PoolOptions,
  SILENCE_V1_MS,
  SILENCE_V2_MS,
} from "../../src/hashing/pool-options.ts";
import { parsePoolAddress } from "../../src/upstream/pool-address.ts";
import { BIP320_MASK } from "../../src/work/work.ts";

/** What a test may say of a pool; its URL at least. */
export type PoolWishes = Partial<Omit<PoolOptions, "url" | "address">> & { readonly url: string };

export function poolOptions({ url, ...wishes }: PoolWishes): PoolOptions {
  const address = parsePoolAddress(url, { allowUnauthenticated: true });
  const { host, port } = address.endpoint;
  return {
    name: `${host}:${port}`,
    url,
    address,
    user: "test",
    password: "x",
    versionMask: BIP320_MASK,
    silenceMs: address.protocol === "sv1" ? SILENCE_V1_MS : SILENCE_V2_MS,
    redirectHosts: [],
    maxTarget: new Uint8Array(32).fill(0xff),
    channel: "standard",
    tolerateFlagEcho: false,
    extensions: [],
    workerName: "",
    ...wishes,
  };
}

/** One group that has all of the hash power. */
export function oneGroup(pools: readonly PoolWishes[], warmStandby = true): PoolGroupOptions[] {
  return [{ name: "pools", part: 1, warmStandby, pools: pools.map(poolOptions) }];
}
