/** Jobs in Stratum V1's words, encoded once for all connections: the extranonce is not in them. */
import { toHex } from "../../../src/lib/bytes.ts";
import type { Template } from "../templates.ts";
import { encodeLine } from "./line-link.ts";

/** Enough for a template's line in its variants. */
const KEPT_LINES = 8;

export class SharedLines {
  readonly #lines = new Map<string, Uint8Array>();

  notify(template: Template, ntime: number, cleanJobs: boolean, lineEnd: string): Uint8Array {
    const key = `${template.jobId} ${ntime} ${cleanJobs} ${lineEnd}`;
    let line = this.#lines.get(key);
    if (line === undefined) {
      const params = notifyParams(template, ntime, cleanJobs);
      line = encodeLine({ id: null, method: "mining.notify", params }, lineEnd);
      this.#lines.set(key, line);
      const [oldest] = this.#lines.keys();
      if (this.#lines.size > KEPT_LINES && oldest !== undefined) this.#lines.delete(oldest);
    }
    return line;
  }
}

/** In the order that everybody knows by heart: job, previous hash, coinbase in two parts, merkle branch, version, nbits, ntime, clean. */
export function notifyParams(
  { jobId, tip, coinbase, merklePath, version }: Template,
  ntime: number,
  cleanJobs: boolean,
): unknown[] {
  return [
    jobName(jobId),
    toHex(wordsSwapped(tip.prevHash)),
    toHex(coinbase.prefix),
    toHex(coinbase.suffix),
    merklePath.map(toHex),
    hex32(version),
    hex32(tip.nbits),
    hex32(ntime),
    cleanJobs,
  ];
}

export function jobName(jobId: number): string {
  return jobId.toString(16);
}

/** Numbers as people write them, whatever the order of their bytes in the header. */
export function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}

/** The previous hash alone goes out as eight words whose bytes are turned round: internal order inside out. */
export function wordsSwapped(hash: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(hash.length);
  for (let at = 0; at < hash.length; at++) swapped[at] = hash[(at & ~3) + 3 - (at & 3)] as number;
  return swapped;
}
