/** What we ask of a server, as bytes. */
import { bitCount } from "../work/version-space.ts";
import { u32Hex } from "./hex.ts";
import { encodeCall } from "./json-rpc.ts";
import { encodeLine } from "./line-codec.ts";
import type { JobName } from "./notify-job.ts";

/** BIP310 wants to hear how many bits we need; with fewer we go on all the same, so this is for its statistics. */
const MIN_ROLLED_BITS = 2;

export interface Wishes {
  /** 0: the version stays as the job has it. */
  readonly versionMask: number;
  readonly minDifficulty: number | undefined;
  readonly subscribeExtranonce: boolean;
}

/** mining.configure (BIP310); `undefined` when there is nothing to ask for. */
export function configure(id: number, wishes: Wishes): Uint8Array | undefined {
  const { versionMask, minDifficulty, subscribeExtranonce } = wishes;
  const extensions: string[] = [];
  const parameters: Record<string, string | number> = {};
  if (versionMask !== 0) {
    extensions.push("version-rolling");
    parameters["version-rolling.mask"] = u32Hex(versionMask);
    parameters["version-rolling.min-bit-count"] = Math.min(MIN_ROLLED_BITS, bitCount(versionMask));
  }
  if (minDifficulty !== undefined) {
    extensions.push("minimum-difficulty");
    parameters["minimum-difficulty.value"] = minDifficulty;
  }
  if (subscribeExtranonce) extensions.push("subscribe-extranonce");
  if (extensions.length === 0) return undefined;
  return encodeCall(id, "mining.configure", [extensions, parameters]);
}

/** The start of every mining.submit of one user, so that only the share is put into words per share. */
export function submitPrefix(user: string): string {
  return `"method":"mining.submit","params":[${JSON.stringify(user)},`;
}

export interface ShareFields {
  readonly job: JobName;
  /** Our part of the extranonce, in hex. */
  readonly extranonce2: string;
  readonly ntime: number;
  readonly nonce: number;
  /** Bits inside the mask; `undefined` where version rolling was not agreed on. */
  readonly versionBits: number | undefined;
}

/** One mining.submit; numbers as eight hex digits, most significant first. */
export function submit(id: number, prefix: string, share: ShareFields): Uint8Array {
  const { job, extranonce2, ntime, nonce, versionBits } = share;
  const bits = versionBits === undefined ? "" : `,"${u32Hex(versionBits)}"`;
  return encodeLine(
    `{"id":${id},${prefix}${JSON.stringify(job)},"${extranonce2}","${u32Hex(ntime)}","${u32Hex(nonce)}"${bits}]}`,
  );
}
