/** Work is a value: what to hash now. It is replaced, never queued. */

/** One chain tip as one channel sees it. When a new previous hash arrives, or the connection dies, all work on it dies with it. */
export interface Tip {
  readonly prevHash: Uint8Array;
  readonly nbits: number;
  /** False: nothing found on this tip may be submitted any more. */
  live: boolean;
}

/** A job on a live tip: everything of the 80-byte header except nonce, ntime and the rolled version bits. */
export interface Work {
  readonly channelId: number;
  /** Our part of the extranonce, which goes into the share; absent on a standard channel of SV2. */
  readonly extranonce?: Uint8Array;
  /** As the link numbers it; a link with other names keeps a table. */
  readonly poolJobId: number;
  readonly tip: Tip;
  /** As the pool sent it; bits inside the mask may be set and are replaced. */
  readonly version: number;
  /** Version bits that the device may change: BIP320, BIP323, or 0 for a fixed version. */
  readonly versionMask: number;
  readonly merkleRoot: Uint8Array;
  readonly minNtime: number;
  /** Monotonic arrival time of the message that supplied `minNtime`. */
  readonly anchorMs: number;
  /** Frozen when the job became active (SV2 §5.3.21); 32 bytes, little-endian. */
  readonly target: Uint8Array;
  /** Shares already sent for this job: chains may meet when the version space is divided anew, and each counts once. */
  readonly submitted: Set<string>;
}

/** The only ntime that may be hashed at this moment: anchor plus the whole seconds since it arrived (SV2 §5.3.11). */
export function ntimeAt(work: Work, nowMs: number): number {
  const elapsedS = Math.max(0, Math.floor((nowMs - work.anchorMs) / 1_000));
  return Math.min(work.minNtime + elapsedS, 0xffffffff);
}

/** Rolls 16 bits, 13 to 28: what every pool accepts. */
export const BIP320_MASK = 0x1fffe000;
/** Rolls 24 bits, 5 to 28: in the SV2 specification since June 2026 (SV2 §5.1.1). */
export const BIP323_MASK = 0x1fffffe0;
