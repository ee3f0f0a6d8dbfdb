/** Server messages with sensible values for what a case does not care about. */
import type { Frame } from "../../src/sv2/codec.ts";
import { NewMiningJob, SetNewPrevHash, SetTarget } from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";

/** The group of all channels; the first channel has the next number. */
export const GROUP = 1;
export const FIRST_CHANNEL = 2;
export const EASIEST = new Uint8Array(32).fill(0xff);
export const MIN_NTIME = 1_750_000_000;
export const VERSION = 0x20000000;

export interface JobOptions {
  readonly channelId?: number;
  readonly version?: number;
  readonly merkleRoot?: Uint8Array;
}

/** Any 32 bytes that are not those of another number. */
export function hashOf(fill: number): Uint8Array {
  return new Uint8Array(32).fill(fill);
}

export function futureJob(jobId: number, options: JobOptions = {}): Frame {
  return encodeMessage(NewMiningJob, {
    channelId: options.channelId ?? FIRST_CHANNEL,
    jobId,
    minNtime: undefined,
    version: options.version ?? VERSION,
    merkleRoot: options.merkleRoot ?? hashOf(jobId & 0xff),
  });
}

export function activeJob(jobId: number, minNtime: number, options: JobOptions = {}): Frame {
  return encodeMessage(NewMiningJob, {
    channelId: options.channelId ?? FIRST_CHANNEL,
    jobId,
    minNtime,
    version: options.version ?? VERSION,
    merkleRoot: options.merkleRoot ?? hashOf(jobId & 0xff),
  });
}

export function prevHash(
  jobId: number,
  fill = 0xaa,
  options: { channelId?: number; minNtime?: number; nbits?: number } = {},
): Frame {
  return encodeMessage(SetNewPrevHash, {
    channelId: options.channelId ?? FIRST_CHANNEL,
    jobId,
    prevHash: hashOf(fill),
    minNtime: options.minNtime ?? MIN_NTIME,
    nbits: options.nbits ?? 0x1d00ffff,
  });
}

/** A future job and the previous hash that names it. */
export function block(
  jobId: number,
  fill = 0xaa,
  options: JobOptions & { minNtime?: number } = {},
): Frame[] {
  const { channelId = FIRST_CHANNEL, minNtime = MIN_NTIME } = options;
  return [futureJob(jobId, options), prevHash(jobId, fill, { channelId, minNtime })];
}

export function target(maximumTarget: Uint8Array, channelId = FIRST_CHANNEL): Frame {
  return encodeMessage(SetTarget, { channelId, maximumTarget });
}

/** A frame that no message table knows. */
export function rawFrame(
  extensionType: number,
  messageType: number,
  options: { channelMessage?: boolean; payload?: Uint8Array } = {},
): Frame {
  const { channelMessage = false, payload = new Uint8Array(0) } = options;
  return { extensionType, channelMessage, messageType, payload };
}
