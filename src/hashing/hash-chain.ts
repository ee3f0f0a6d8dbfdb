import type { DeviceError } from "../lib/errors.ts";

/** The header that a chain shall search now. Byte order is that of the header: internal, as on the SV2 wire. */
export interface ChipJob {
  readonly chipJobId: number;
  /** Base version: bits inside the chain's version mask are zero. */
  readonly version: number;
  readonly prevHash: Uint8Array;
  readonly merkleRoot: Uint8Array;
  readonly ntime: number;
  readonly nbits: number;
}

/**
 * A nonce as a chip reported it, nothing verified. `versionBits` are already in place (OR them into the base version).
 * Plain numbers, so that the hot path allocates nothing.
 */
export type NonceListener = (
  chipJobId: number,
  nonce: number,
  versionBits: number,
  chipIndex: number,
  coreIndex: number,
) => void;

/** What can go wrong on the wire, counted one by one since the chain was opened. */
export interface WireCounters {
  framesReceived: number;
  bytesDropped: number;
  crcErrors: number;
  /** Register answers whose id is not of the chip family. */
  wrongChipIds: number;
  /** Valid frames that nobody asked for. */
  unexpectedFrames: number;
}

/** What one chip says about itself; `null` where its kind cannot tell, or did not answer. */
export interface ChipHealth {
  readonly chipIndex: number;
  /** Nonces that failed the chip's own check, since its reset. */
  readonly nonceErrors: number | null;
  /** Work done by its own count, in hashes after scaling, since its reset. */
  readonly hashesDone: number | null;
  readonly temperatureC: number | null;
}

/** A chain of chips after bring-up: it takes headers and gives nonces. The only thing that work dispatch knows of hardware. */
export interface HashChain extends AsyncDisposable {
  readonly chipName: string;
  readonly chipsFound: number;
  /** The hash clock now; while it changes, that of the last step made. */
  readonly frequencyMHz: number;
  /** MHz × small cores × chips ÷ scale, H/s. */
  readonly nominalHps: number;
  /** Leading zero bits that every reported hash must have (on real chips 32 + log2 of the ticket difficulty). */
  readonly ticketZeroBits: number;
  /** The job ids that the chip can tell apart, in order of use. */
  readonly chipJobIds: readonly number[];
  /** Share of the 2^32 nonces that the chain searches per version, 0 to 1. */
  readonly nonceCoverage: number;
  /** Version bits that the chips can roll by themselves. */
  readonly rollableMask: number;
  readonly counters: Readonly<WireCounters>;
  /** Milliseconds until the chips have searched all of a job and silently repeat it, for this many rolled version bits. */
  epochMs(rolledBits: number): number;
  /** Tells the chips which version bits to roll; a no-op when unchanged. Takes effect with the next job. */
  setVersionMask(mask: number): void;
  /** Writes the job frame before it returns; wakes the chips when they were idle. */
  dispatch(job: ChipJob): void;
  /** Tells the chips to stop hashing, before it returns: a chip without a new job would repeat its last one. */
  idle(): void;
  /**
   * Moves the hash clock of all chips in the family's steps, up or down, while they hash, and what depends on it along;
   * resolves there. A later call takes over from an earlier one, which then rejects with AbortError. Rejects with the
   * signal's reason when aborted (the clock stays at the last step made), RangeError for what the PLL cannot make.
   */
  setFrequency(frequencyMHz: number, signal: AbortSignal): Promise<void>;
  /** Slows one chip down, or gives it the others' clock back (`undefined`). Never above that of the others. */
  setChipFrequency(chipIndex: number, frequencyMHz: number | undefined): void;
  /** Asks the chips about themselves while they hash; a chip that does not answer in time has only `null`s. */
  readHealth(signal: AbortSignal): Promise<readonly ChipHealth[]>;
  onNonce(listener: NonceListener): Disposable;
  onGone(listener: (reason: DeviceError) => void): Disposable;
}
