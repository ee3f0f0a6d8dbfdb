/** A small Stratum V1 device for tests of servers: sends what it is told, remembers what it hears. */
import type { ByteStream } from "../../../src/ports/byte-stream.ts";
import { type HeaderParts, referenceRoot } from "./reference-work.ts";

interface Line {
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: readonly unknown[];
  readonly result?: unknown;
  readonly error?: unknown;
}

export interface V1Job {
  readonly id: string;
  readonly header: HeaderParts;
  readonly ntimeHex: string;
  readonly cleanJobs: boolean;
  merkleRoot(extranonce2: string): Buffer;
}

export class ScriptedV1Client {
  readonly lines: Line[] = [];
  ended = false;
  raw = "";
  readonly #stream: ByteStream;
  #rest = "";
  #nextId = 1;

  constructor(stream: ByteStream) {
    this.#stream = stream;
    stream.onEnd(() => {
      this.ended = true;
    });
    stream.onData((chunk) => {
      const text = Buffer.from(chunk).toString();
      this.raw += text;
      const parts = (this.#rest + text).split("\n");
      this.#rest = parts.pop() ?? "";
      for (const part of parts) this.lines.push(JSON.parse(part) as Line);
    });
  }

  /** Returns the id that the answer will have. */
  request(method: string, params: unknown): number {
    const id = this.#nextId++;
    this.sendText(`${JSON.stringify({ id, method, params })}\n`);
    return id;
  }

  sendText(text: string): void {
    this.sendBytes(Buffer.from(text));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#stream.write(Uint8Array.from(bytes));
  }

  close(): void {
    this.#stream.close();
  }

  answer(id: number): Line {
    const found = this.lines.find((line) => line.id === id && line.method === undefined);
    if (found === undefined) throw new Error(`no answer to ${id} in ${this.raw}`);
    return found;
  }

  isAnswered(id: number): boolean {
    return this.lines.some((line) => line.id === id && line.method === undefined);
  }

  all(method: string): readonly (readonly unknown[])[] {
    return this.lines.filter((line) => line.method === method).map(({ params = [] }) => params);
  }

  last(method: string): readonly unknown[] {
    const found = this.all(method).at(-1);
    if (found === undefined) throw new Error(`no ${method} in ${this.raw}`);
    return found;
  }

  /** From the answer to mining.subscribe, the newest one. */
  get subscription(): { id: string; extranonce1: string; extranonce2Size: number } {
    const answers = this.lines.map(({ result }) => result).filter(Array.isArray);
    const [kinds, extranonce1, extranonce2Size] = answers.at(-1) as [string[][], string, number];
    return { id: kinds[1]?.[1] ?? "", extranonce1, extranonce2Size };
  }

  /** The newest job, its bytes put in the order of the header by the book. */
  job(extranonce1 = this.subscription.extranonce1): V1Job {
    const [id, prevHash, prefix, suffix, path, version, nbits, ntime, cleanJobs] = this.last(
      "mining.notify",
    ) as [string, string, string, string, string[], string, string, string, boolean];
    const parts = {
      prefix: Buffer.from(prefix, "hex"),
      suffix: Buffer.from(suffix, "hex"),
      merklePath: path.map((node) => Buffer.from(node, "hex")),
    };
    return {
      id,
      ntimeHex: ntime,
      cleanJobs,
      header: {
        version: Number.parseInt(version, 16),
        prevHash: Buffer.from(prevHash, "hex").swap32(),
        ntime: Number.parseInt(ntime, 16),
        nbits: Number.parseInt(nbits, 16),
      },
      merkleRoot: (extranonce2) =>
        referenceRoot(parts, Buffer.from(extranonce1, "hex"), Buffer.from(extranonce2, "hex")),
    };
  }

  /** A share of the newest job; returns the id of the request. */
  submit(share: {
    nonce: number;
    worker?: string;
    job?: string;
    extranonce2?: string;
    ntime?: string;
    bits?: string | null;
  }): number {
    const { id, ntimeHex } = this.job();
    const nonce = share.nonce.toString(16).padStart(8, "0");
    const extranonce2 = share.extranonce2 ?? "00".repeat(this.subscription.extranonce2Size);
    const params = [
      share.worker ?? "user.1",
      share.job ?? id,
      extranonce2,
      share.ntime ?? ntimeHex,
      nonce,
    ];
    const bits = share.bits === undefined ? "00000000" : share.bits;
    return this.request("mining.submit", bits === null ? params : [...params, bits]);
  }
}
