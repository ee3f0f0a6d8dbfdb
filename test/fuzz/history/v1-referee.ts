/** Knows Stratum V1 as a server does, from the lines alone: which shares could count, and which header they are for. */
import { toHex } from "../../../src/lib/bytes.ts";
import type { Work } from "../../../src/work/work.ts";
import { V1_METHODS } from "../targets/v1-words.ts";
import { foldedRoot } from "./folded-root.ts";
import type { Referee } from "./play.ts";

interface Job {
  readonly prevHash: string;
  readonly coinbase1: string;
  readonly coinbase2: string;
  readonly branches: readonly string[];
  readonly nbits: string;
  readonly ntime: number;
  readonly extranonce1: string;
  readonly extranonce2Bytes: number;
}

type Json = Record<string, unknown>;

export class V1Referee implements Referee {
  readonly broken: string[] = [];
  readonly #submitting: () => Work | undefined;
  readonly #asked = new Map<number, string>();
  readonly #live = new Map<string, Job>();
  #extranonce: { readonly extranonce1: string; readonly bytes: number } | undefined;
  #tip: { readonly prevHash: string; readonly nbits: string } | undefined;
  /** `undefined`: not agreed on. */
  #mask: number | undefined;
  #isAuthorized = false;
  #isOver = false;
  /** A line came that may or may not mean something: what the device makes of it is its own affair. */
  #isLost = false;
  #fromServer = "";
  #fromDevice = "";

  /** `submitting`: the work that the share being sent was found for. */
  constructor(submitting: () => Work | undefined) {
    this.#submitting = submitting;
  }

  fromServer(bytes: Uint8Array): void {
    const lines = (this.#fromServer + Buffer.from(bytes).toString("latin1")).split("\n");
    this.#fromServer = lines.pop() ?? "";
    for (const line of lines) if (!this.#isLost) this.#serverSaid(line);
  }

  fromDevice(bytes: Uint8Array): void {
    if (this.#isOver) this.#say("bytes after the end of the connection");
    const lines = (this.#fromDevice + Buffer.from(bytes).toString("utf8")).split("\n");
    this.#fromDevice = lines.pop() ?? "";
    for (const line of lines) this.#deviceSaid(JSON.parse(line) as Json);
  }

  lose(): void {
    this.#isLost = true;
    this.#live.clear();
  }

  ended(): void {
    this.#isOver = true;
    this.#live.clear();
  }

  #deviceSaid({ id, method, params }: Json): void {
    if (typeof method !== "string") return;
    if (typeof id !== "number" || this.#asked.has(id)) this.#say("a request id was used twice");
    else if (method !== "mining.submit") this.#asked.set(id, method);
    if (method === "mining.submit" && !this.#isLost) this.#judgeShare(params as string[]);
  }

  #judgeShare(params: readonly string[]): void {
    const [user, name = "", extranonce2 = "", ntime = "", nonce = "", bits] = params;
    const job = this.#live.get(name);
    if (!this.#isAuthorized) this.#say("a share before authorization");
    if (user !== "acct.worker") this.#say("a share for somebody else");
    if (job === undefined) {
      this.#say("a share on a dead tip, or for a job never given");
      return;
    }
    if (extranonce2.length !== 2 * job.extranonce2Bytes)
      this.#say(`extranonce2 ${extranonce2} for ${job.extranonce2Bytes} bytes`);
    if (!/^[0-9a-f]{8}$/.test(ntime) || !/^[0-9a-f]{8}$/.test(nonce)) this.#say("not 8 hex digits");
    if (Number.parseInt(ntime, 16) < job.ntime) this.#say("ntime below that of the job");
    if ((bits === undefined) !== (this.#mask === undefined))
      this.#say("the sixth parameter goes with version rolling, and only with it");
    if (bits !== undefined && (Number.parseInt(bits, 16) & ~(this.#mask ?? 0)) !== 0)
      this.#say(`version bits ${bits} outside of the mask`);
    const work = this.#submitting();
    if (work === undefined) return;
    if (toHex(work.merkleRoot) !== rootOf(job, extranonce2))
      this.#say("the pool would look at another merkle root than the chips did");
    if (toHex(work.tip.prevHash) !== wordsSwapped(job.prevHash)) this.#say("another previous hash");
  }

  #serverSaid(line: string): void {
    let value: Json;
    try {
      value = JSON.parse(Buffer.from(line, "latin1").toString("utf8")) as Json;
    } catch {
      return;
    }
    if (typeof value !== "object" || value === null) return;
    const { id, method, params, result } = value;
    if (typeof method === "string") {
      const isUsual = id === null || typeof id === "number";
      if (isUsual && Array.isArray(params) && this.#took(method, params)) return;
      if (V1_METHODS.includes(method)) this.#isLost = true;
      return;
    }
    const number = typeof id === "string" ? Number(id) : id;
    const asked = typeof number === "number" ? this.#asked.get(number) : undefined;
    if (asked === undefined) return;
    this.#asked.delete(number as number);
    const isClean = (value["error"] ?? null) === null;
    if (asked === "mining.authorize") this.#isAuthorized = isClean && result === true;
    if (asked === "mining.authorize" && typeof result !== "boolean") this.#isLost = true;
    if (asked === "mining.subscribe" && isClean) {
      const [, extranonce1, bytes] = Array.isArray(result) ? (result as unknown[]) : [];
      if (isHex(extranonce1) && typeof bytes === "number")
        this.#extranonce = { extranonce1, bytes };
      else this.#isLost = true;
    }
    if (asked === "mining.configure" && isClean) {
      const rolling = (result as Json | null)?.["version-rolling"];
      const mask = (result as Json | null)?.["version-rolling.mask"];
      if (rolling === true && isHex(mask)) this.#mask = Number.parseInt(mask, 16);
      else this.#isLost = true;
    }
    if ((asked === "mining.authorize" || asked === "mining.subscribe") && !isClean)
      this.#isLost = true;
  }

  /** True for what any reader understands in the same way. */
  #took(method: string, params: readonly unknown[]): boolean {
    const [first, second] = params;
    switch (method) {
      case "mining.set_difficulty":
      case "client.show_message":
      case "client.get_version":
      case "client.reconnect":
      case "mining.ping":
        return true;
      case "mining.set_extranonce":
        if (!isHex(first) || typeof second !== "number" || second > 15) return false;
        this.#extranonce = { extranonce1: first, bytes: second };
        return true;
      case "mining.set_version_mask":
        if (!isHex(first) || first.length !== 8) return false;
        if (this.#mask !== undefined) this.#mask = Number.parseInt(first, 16);
        return true;
      case "mining.notify":
        return this.#notified(params);
      default:
        return false;
    }
  }

  #notified(params: readonly unknown[]): boolean {
    const [name, prevHash, coinbase1, coinbase2, branches, version, nbits, ntime, clean] = params;
    const isSound =
      typeof name === "string" &&
      [coinbase1, coinbase2].every(isHex) &&
      [version, nbits, ntime].every((word) => isHex(word) && word.length === 8) &&
      Array.isArray(branches) &&
      [prevHash, ...branches].every((hash) => isHex(hash) && hash.length === 64) &&
      typeof clean === "boolean" &&
      this.#extranonce !== undefined;
    if (!isSound || this.#extranonce === undefined) return false;
    const tip = { prevHash: prevHash as string, nbits: nbits as string };
    if (clean || tip.prevHash !== this.#tip?.prevHash || tip.nbits !== this.#tip.nbits)
      this.#live.clear();
    this.#tip = tip;
    this.#live.set(name, {
      ...tip,
      coinbase1: coinbase1 as string,
      coinbase2: coinbase2 as string,
      branches: branches as string[],
      ntime: Number.parseInt(ntime as string, 16),
      extranonce1: this.#extranonce.extranonce1,
      extranonce2Bytes: this.#extranonce.bytes,
    });
    return true;
  }

  #say(broken: string): void {
    this.broken.push(broken);
  }
}

function rootOf(job: Job, extranonce2: string): string {
  const coinbase = job.coinbase1 + job.extranonce1 + extranonce2 + job.coinbase2;
  const branches = job.branches.map((branch) => Buffer.from(branch, "hex"));
  return foldedRoot([Buffer.from(coinbase, "hex")], branches);
}

function wordsSwapped(hash: string): string {
  return Buffer.from(hash, "hex").swap32().toString("hex");
}

function isHex(value: unknown): value is string {
  return typeof value === "string" && /^([0-9a-f]{2})*$/.test(value);
}
