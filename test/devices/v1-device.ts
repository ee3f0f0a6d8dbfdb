/** A light Stratum V1 device: configure, subscribe, authorize, real shares at an easy target. */
import { encodeHeader, hashHeader } from "../../src/bitcoin/header.ts";
import { foldMerklePath } from "../../src/bitcoin/merkle.ts";
import { sha256d } from "../../src/bitcoin/sha256.ts";
import { meetsTarget, targetFromDifficulty } from "../../src/bitcoin/target.ts";
import { concatBytes, fromHex } from "../../src/lib/bytes.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Device, DeviceTerms, FarmCounts } from "./device.ts";

const HASHES_PER_DIFFICULTY = 2 ** 48 / 0xffff;
const FIRST_SHARE_ID = 100;

interface Present {
  readonly id: string;
  readonly ntimeHex: string;
  readonly header: Uint8Array;
  readonly target: Uint8Array;
}

export class V1Device implements Device {
  readonly kind = "v1";
  readonly #terms: DeviceTerms;
  readonly #stream: ByteStream;
  readonly #counts: FarmCounts;
  #rest = "";
  #extranonce1 = "";
  #extranonce2 = "";
  #target: Uint8Array = new Uint8Array(32);
  #present: Present | undefined;
  #cleanAtMs = 0;
  #nonce = 0;
  #nextId = FIRST_SHARE_ID;
  readonly #sent = new Map<number, number>();
  #isClosing = false;

  constructor(stream: ByteStream, terms: DeviceTerms, hashesPerShare: number, counts: FarmCounts) {
    this.#terms = terms;
    this.#stream = stream;
    this.#counts = counts;
    stream.onEnd((error) => {
      if (!this.#isClosing)
        counts.fail(`${terms.name}: connection ended: ${error?.message ?? "by the pool"}`);
    });
    stream.onData((chunk) => {
      try {
        this.#receive(Buffer.from(chunk).toString("latin1"));
      } catch (error) {
        counts.fail(`${terms.name}: ${String(error)}`);
        this.close();
      }
    });
    const rolling = { "version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2 };
    this.#request(1, "mining.configure", [["version-rolling"], rolling]);
    this.#request(2, "mining.suggest_difficulty", [hashesPerShare / HASHES_PER_DIFFICULTY]);
    this.#request(3, "mining.subscribe", ["asicd devices"]);
    this.#request(4, "mining.authorize", [terms.name, "x"]);
  }

  get isReady(): boolean {
    return this.#present !== undefined;
  }

  mine(): void {
    const present = this.#present;
    if (present === undefined || this.#isClosing) return;
    const view = new DataView(present.header.buffer);
    do view.setUint32(76, ++this.#nonce, true);
    while (!meetsTarget(hashHeader(present.header), present.target));
    const nonce = this.#nonce.toString(16).padStart(8, "0");
    const id = this.#nextId++;
    this.#counts.submitted++;
    this.#sent.set(id, performance.now());
    const share = [this.#terms.name, present.id, this.#extranonce2, present.ntimeHex, nonce];
    this.#request(id, "mining.submit", [...share, "00000000"]);
  }

  unansweredSince(beforeMs: number): number {
    return [...this.#sent.values()].filter((sentMs) => sentMs < beforeMs).length;
  }

  close(): void {
    this.#isClosing = true;
    this.#stream.close();
  }

  #request(id: number, method: string, params: readonly unknown[]): void {
    this.#stream.write(Buffer.from(`${JSON.stringify({ id, method, params })}\n`));
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(JSON.parse(line));
  }

  #take(line: {
    id: number | null;
    method?: string;
    params?: unknown[];
    result?: unknown;
    error?: unknown;
  }): void {
    const { id, method, params = [], result, error } = line;
    if (method === "mining.set_difficulty") this.#target = targetFromDifficulty(Number(params[0]));
    else if (method === "mining.notify") this.#begin(params);
    else if (id !== null && id >= FIRST_SHARE_ID) this.#answered(id, result, error);
    else if (id === 3) {
      const [, extranonce1, size] = result as [unknown, string, number];
      this.#extranonce1 = extranonce1;
      this.#extranonce2 = "5a".repeat(size);
    } else if (result !== true && id !== 1)
      this.#counts.fail(`${this.#terms.name}: request ${id}: ${JSON.stringify(error)}`);
  }

  #begin(params: readonly unknown[]): void {
    const [id, prevHash, prefix, suffix, path, version, nbits, ntime, isClean] = params as [
      ...[string, string, string, string],
      ...[string[], string, string, string, boolean],
    ];
    const coinbase = [prefix, this.#extranonce1, this.#extranonce2, suffix].map(fromHex);
    const merkleRoot = foldMerklePath(sha256d(concatBytes(...coinbase)), path.map(fromHex));
    const header = encodeHeader({
      version: Number.parseInt(version, 16),
      prevHash: Buffer.from(prevHash, "hex").swap32(),
      merkleRoot,
      ntime: Number.parseInt(ntime, 16),
      nbits: Number.parseInt(nbits, 16),
      nonce: 0,
    });
    this.#present = { id, ntimeHex: ntime, header, target: this.#target };
    if (isClean) this.#cleanAtMs = performance.now();
  }

  #answered(id: number, result: unknown, error: unknown): void {
    const sentMs = this.#sent.get(id) ?? 0;
    this.#sent.delete(id);
    if (result === true) {
      this.#counts.accepted++;
      this.#counts.acknowledgement.add(performance.now() - sentMs);
    } else if (Array.isArray(error) && error[0] === 21 && sentMs <= this.#cleanAtMs) {
      this.#counts.overtaken++;
    } else {
      this.#counts.reject(JSON.stringify(error));
    }
  }
}
