/** What can be chosen of a simulated pool, and what holds when nothing is. */
import { fromHex } from "../../src/lib/bytes.ts";
import type { Leniencies } from "./leniencies.ts";
import type { Quirks } from "./quirks.ts";
import type { VersionMaskName } from "./share-validator.ts";

export interface PoolOptions {
  /** Signs the certificates, 32 bytes; `undefined`: plaintext. */
  readonly authoritySecret: Uint8Array | undefined;
  /** How often each channel should find a share; sets its target. */
  readonly sharesPerMinute: number;
  /** Accepted shares per SubmitShares.Success. */
  readonly shareBatchSize: number;
  /** A smaller batch is sent after this time; absent: never, as in the reference pool. */
  readonly acknowledgeWithinMs: number | undefined;
  /** Between two looks at a channel's rate; absent: its target stays. */
  readonly vardiffPeriodMs: number | undefined;
  /** Between blocks that others find; absent: none. */
  readonly blockIntervalMs: number | undefined;
  /** Between templates with higher fees on the same tip; absent: none. */
  readonly templateIntervalMs: number | undefined;
  /** The network target in compact form; a share that meets it is a block. */
  readonly nbits: number;
  /** Of the first block looked for. */
  readonly height: number;
  readonly versionMask: VersionMaskName;
  /** Whom SetNewPrevHash is addressed to. */
  readonly prevHashTo: "channel" | "group";
  readonly leniencies: Leniencies;
  readonly quirks: Quirks;
}

/**
 * The sample key of the reference implementation's configuration files, so that the pool's URL is the same at every
 * start. Everybody knows it: good for a simulator only.
 */
const SAMPLE_AUTHORITY_SECRET = fromHex(
  "65995eb19631f478a46ffa5cf1e545091efe950eaeac7482ffdc06eb6a89f697",
);

export const defaultPoolOptions: PoolOptions = {
  authoritySecret: SAMPLE_AUTHORITY_SECRET,
  sharesPerMinute: 60,
  shareBatchSize: 10,
  acknowledgeWithinMs: 1_000,
  vardiffPeriodMs: 60_000,
  blockIntervalMs: 30_000,
  templateIntervalMs: 10_000,
  // The difficulty of 2026, about 1.4e14: no simulated share will be a block.
  nbits: 0x17020000,
  height: 950_000,
  versionMask: "bip323",
  prevHashTo: "channel",
  leniencies: new Map(),
  quirks: new Map(),
};
