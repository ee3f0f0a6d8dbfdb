/** The parameters of mining.submit, read strictly. */
import { fromHex } from "../../../src/lib/bytes.ts";

export interface Submission {
  readonly worker: string;
  /** NaN for a name that no job of ours ever had. */
  readonly jobId: number;
  readonly extranonce2: Uint8Array;
  readonly ntime: number;
  readonly nonce: number;
  /** The sixth parameter of BIP310. */
  readonly versionBits: number | undefined;
}

const MAX_EXTRANONCE_BYTES = 32;

/** Text: what is wrong with them. */
export function readSubmission(params: readonly unknown[]): Submission | string {
  if (params.length < 5 || params.length > 6) return "five parameters, or six with version bits";
  const [worker, job, extranonce2, ntime, nonce, bits] = params;
  if (typeof worker !== "string") return "the worker's name is a string";
  if (typeof job !== "string") return "the job's id is a string";
  const own = bytesOf(extranonce2);
  if (own === undefined) return "extranonce2 is hex";
  const [time, number] = [number32(ntime), number32(nonce)];
  if (time === undefined) return "ntime is eight hex digits";
  if (number === undefined) return "the nonce is eight hex digits";
  const versionBits = bits === undefined ? undefined : number32(bits);
  if (bits !== undefined && versionBits === undefined) return "version bits are eight hex digits";
  const jobId = /^[0-9a-f]{1,8}$/.test(job) ? Number.parseInt(job, 16) : Number.NaN;
  return { worker, jobId, extranonce2: own, ntime: time, nonce: number, versionBits };
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== "string" || value.length % 2 !== 0) return undefined;
  if (value.length > 2 * MAX_EXTRANONCE_BYTES || !/^[0-9a-f]*$/i.test(value)) return undefined;
  return fromHex(value);
}

function number32(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^[0-9a-f]{8}$/i.test(value)) return undefined;
  return Number.parseInt(value, 16);
}
