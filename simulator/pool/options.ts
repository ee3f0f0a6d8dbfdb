/** What can be chosen of a simulated pool, and what holds when nothing is. */
import { fromHex } from "../../src/lib/bytes.ts";
import { UNSPENDABLE_SCRIPT } from "./coinbase.ts";
import type { Leniencies } from "./leniencies.ts";
import type { Quirks } from "./quirks.ts";
import type { VersionMaskName } from "./share-validator.ts";

/** Which kinds of SV2 channels the pool opens; "extended" says so in its set-up answer. */
export const channelChoices = ["both", "standard", "extended"] as const;
export type ChannelChoice = (typeof channelChoices)[number];

/**
 * Extension 0x0002 (worker names on shares), and how a request for extensions is answered: "none" refuses all of them,
 * "silent" never answers, as a pool that knows no extensions.
 */
export const extensionChoices = ["supported", "required", "silent", "none"] as const;
export type ExtensionChoice = (typeof extensionChoices)[number];

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
  /** Whom SetNewPrevHash is addressed to, where the device requires standard jobs. */
  readonly prevHashTo: "channel" | "group";
  /** Whom jobs are addressed to where the device did not require standard jobs (SV2 §5.2.3). */
  readonly jobsTo: "channel" | "group";
  readonly channels: ChannelChoice;
  /** Bytes of the extranonce that a device may choose, on extended channels and on Stratum V1; 0 to 24. */
  readonly extranonceSize: number;
  readonly extension: ExtensionChoice;
  /** Who may mine, with or without a worker's name behind a dot; nobody named: everybody. */
  readonly users: readonly string[];
  /** Output script that blocks pay to. */
  readonly coinbaseScript: Uint8Array;
  /** A Stratum V1 connection begins with it, unless it suggests another one. */
  readonly v1Difficulty: number;
  /** Further ones are turned away. */
  readonly maxConnections: number;
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
  jobsTo: "group",
  channels: "both",
  extranonceSize: 8,
  extension: "supported",
  users: [],
  coinbaseScript: UNSPENDABLE_SCRIPT,
  v1Difficulty: 1_024,
  maxConnections: 10_000,
  leniencies: new Map(),
  quirks: new Map(),
};
