/** The jobs of one Stratum V1 connection as the messages that were sent have made them, and the device's shares by them. */
import { targetFromDifficulty } from "../../src/bitcoin/target.ts";
import { concatBytes, fromHex } from "../../src/lib/bytes.ts";
import { rootOf } from "./coinbase-work.ts";
import { JobBook, type Judgement } from "./share-rules.ts";
import { swapWords } from "./v1-messages.ts";

export class V1Book {
  extranonce1: Uint8Array = new Uint8Array(0);
  extranonce2Size = 4;
  difficulty: number;
  /** What was agreed; 0 where version rolling was not. */
  versionMask = 0;
  #maskBefore = { mask: 0, untilMs: 0 };
  readonly #jobs: JobBook;
  readonly #graceMs: number;
  readonly #versionOf = new Map<string, number>();
  #sequence = 0;

  constructor(graceMs: number, difficulty: number) {
    this.#graceMs = graceMs;
    this.#jobs = new JobBook(graceMs);
    this.difficulty = difficulty;
  }

  /** From a message that went to the device; what makes no sense changes nothing. */
  sent(method: string, params: readonly unknown[], nowMs: number): void {
    const [first, second] = params;
    if (method === "mining.set_difficulty" && typeof first === "number" && first > 0)
      this.difficulty = first;
    if (method === "mining.set_extranonce") this.setExtranonce(first, second);
    if (method === "mining.set_version_mask") this.setVersionMask(first, nowMs);
    if (method === "mining.notify") this.#notify(params, nowMs);
  }

  setExtranonce(extranonce1: unknown, extranonce2Size: unknown): void {
    const bytes = hexOf(extranonce1);
    if (bytes !== undefined) this.extranonce1 = bytes;
    if (typeof extranonce2Size === "number") this.extranonce2Size = extranonce2Size;
  }

  /** Counts at once (BIP310), but for what is under way. */
  setVersionMask(mask: unknown, nowMs: number): void {
    const bytes = hexOf(mask);
    if (bytes?.length !== 4) return;
    this.#maskBefore = { mask: this.versionMask, untilMs: nowMs + this.#graceMs };
    this.versionMask = numberOf(bytes);
  }

  judge(params: readonly unknown[], nowMs: number): { jobId: string; judgement: Judgement } {
    const [, job, extranonce2, ntime, nonce, versionBits] = params;
    const jobId = String(job);
    const wrong = (detail: string) => ({
      jobId,
      judgement: { verdict: "invalid", reason: "malformed", detail } as const,
    });
    const extra = hexOf(extranonce2);
    if (extra === undefined) return wrong("extranonce2 is no hex");
    const [time, number] = [word(ntime), word(nonce)];
    if (time === undefined || number === undefined) return wrong("ntime or nonce has not 8 digits");
    const bits = versionBits === undefined ? undefined : word(versionBits);
    if (versionBits !== undefined && bits === undefined)
      return wrong("the version bits have not 8 digits");
    const mask =
      nowMs <= this.#maskBefore.untilMs
        ? (this.versionMask | this.#maskBefore.mask) >>> 0
        : this.versionMask;
    if (bits !== undefined && (bits & ~mask) !== 0)
      return wrong(`version bits ${bits.toString(16)} outside ${mask.toString(16)}`);
    if (bits === undefined && this.versionMask !== 0) return wrong("no version bits");
    // The bits replace the job's own under the mask (BIP310).
    const base = this.#versionOf.get(jobId) ?? 0;
    const version = bits === undefined ? base : ((base & ~mask) | bits) >>> 0;
    const share = {
      jobId,
      sequenceNumber: ++this.#sequence,
      nonce: number,
      ntime: time,
      version,
      extranonce: extra,
    };
    return { jobId, judgement: this.#jobs.judge(share, nowMs) };
  }

  #notify(params: readonly unknown[], nowMs: number): void {
    const [id, prevHash, prefix, suffix, branches, version, nbits, ntime, cleanJobs] = params;
    if (cleanJobs === true) this.#jobs.endAll(nowMs);
    const [hash, coinbase1, coinbase2] = [hexOf(prevHash), hexOf(prefix), hexOf(suffix)];
    const numbers = [word(version), word(nbits), word(ntime)];
    const path = Array.isArray(branches) ? branches.map(hexOf) : [undefined];
    if (hash?.length !== 32 || coinbase1 === undefined || coinbase2 === undefined) return;
    if ([...numbers, ...path].includes(undefined)) return;
    const [base = 0, bits = 0, minNtime = 0] = numbers as number[];
    const jobId = String(id);
    const { extranonce1, extranonce2Size } = this;
    this.#versionOf.set(jobId, base);
    const oldest = this.#versionOf.keys().next().value;
    if (this.#versionOf.size > 4_096 && oldest !== undefined) this.#versionOf.delete(oldest);
    this.#jobs.begin({
      jobId,
      prevHash: swapWords(hash),
      nbits: bits,
      version: base,
      versionMask: 0xffffffff,
      minNtime,
      sentMs: nowMs,
      target: targetFromDifficulty(this.difficulty),
      rootOf(extranonce2) {
        if (extranonce2?.length !== extranonce2Size)
          return `extranonce2 of ${extranonce2?.length} bytes, not ${extranonce2Size}`;
        const merklePath = path as readonly Uint8Array[];
        const whole = concatBytes(extranonce1, extranonce2);
        return rootOf({ merklePath, prefix: coinbase1, suffix: coinbase2 }, whole);
      },
    });
  }
}

function hexOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== "string" || !/^([0-9a-fA-F]{2})*$/.test(value)) return undefined;
  return fromHex(value);
}

function word(value: unknown): number | undefined {
  return typeof value === "string" && /^[0-9a-fA-F]{8}$/.test(value)
    ? Number.parseInt(value, 16)
    : undefined;
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
