/** A connection on which a scenario plays a Stratum V1 server. */
import { concatBytes, printable, toHex } from "../../src/lib/bytes.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import {
  DEFAULT_NBITS,
  DEFAULT_VERSION,
  inventPrevHash,
  inventSplitWork,
} from "./coinbase-work.ts";
import { type Deviation, noDeviation, Peer, type PeerHost, type Received } from "./peer.ts";
import type { Scope } from "./scope.ts";
import type { SourceNode } from "./source.ts";
import { V1Book } from "./v1-book.ts";
import { checkV1Field, hex32, readV1Field, swapWords, v1Names, v1Spec } from "./v1-messages.ts";

/** No line of a device is anywhere near. */
const MAX_LINE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export class V1Peer extends Peer {
  readonly protocol = "sv1";
  readonly book: V1Book;
  #line: Uint8Array = new Uint8Array(0);
  #jobId = 0;
  #prevHash: Uint8Array;
  #requestId: unknown = null;
  #ownId = 0;
  #hasBegun = false;
  /** Answers what comes after the opening and is no share; absent: a step does. */
  onFurtherRequest: ((request: Received) => void) | undefined;

  constructor(stream: ByteStream, placeName: string, host: PeerHost, difficulty: number) {
    super(stream, placeName, host);
    this.book = new V1Book(host.graceMs, difficulty);
    this.#prevHash = inventPrevHash(host.entropy);
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  taken({ name, fields }: Received): void {
    if (name !== "response" && name !== "unknown") this.#requestId = fields["id"];
  }

  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.tap.onData((chunk) => this.#receive(chunk));
  }

  readonly names = {
    job: () => hex32(this.#jobId),
    prevHash: () => toHex(swapWords(this.#prevHash)),
    /** Of the last request that came. */
    id: () => this.#requestId,
    extranonce1: () => toHex(this.book.extranonce1),
    extranonce2Size: () => this.book.extranonce2Size,
    difficulty: () => this.book.difficulty,
  };

  get isEncrypted(): boolean {
    return false;
  }

  send(
    name: string,
    fields: SourceNode | undefined,
    scope: Scope,
    deviation: Deviation = noDeviation,
  ): void {
    const given: Record<string, unknown> = {};
    for (const [field, node] of fields?.kind === "map" ? fields.entries : []) {
      checkV1Field(name, field);
      given[field] = readV1Field(field, node, scope);
    }
    this.sendValues(name, given, deviation);
  }

  /** Fields that are not given have their defaults. */
  sendValues(
    name: string,
    given: Record<string, unknown>,
    { cut, append }: Deviation = noDeviation,
  ): void {
    const text = JSON.stringify(
      name === "response" ? this.#response(given) : this.#call(name, given),
    );
    const bytes = new TextEncoder().encode(text);
    const whole = cut > 0 ? bytes.subarray(0, Math.max(0, bytes.length - cut)) : bytes;
    this.tap.write(concatBytes(whole, append, Uint8Array.of(NEWLINE)));
  }

  /** As it is, with a line end. */
  sendLine(text: string): void {
    this.begin();
    this.tap.write(new TextEncoder().encode(`${text}\n`));
  }

  literal(message: Received, field: string, node: SourceNode, scope: Scope): unknown {
    checkV1Field(message.name, field);
    return readV1Field(field, node, scope);
  }

  #response(given: Record<string, unknown>): object {
    const values = { id: this.#requestId, result: true, error: null, ...given };
    const { result } = values as { result: unknown };
    // An answer to mining.subscribe carries the extranonce, whoever wrote it.
    if (Array.isArray(result) && Array.isArray(result[0]) && result.length >= 3)
      this.book.setExtranonce(result[1], result[2]);
    if (typeof result === "object" && result !== null && "version-rolling" in result)
      if (result["version-rolling"] === true && "version-rolling.mask" in result)
        this.book.setVersionMask(result["version-rolling.mask"], this.host.clock.nowMs());
    return values;
  }

  #call(name: string, given: Record<string, unknown>): object {
    const spec = v1Spec(name);
    const defaults = this.#defaults(name);
    const { id = spec.isRequest === true ? ++this.#ownId : null, params } = given;
    const named: unknown[] = spec.params.map((key) => given[key] ?? defaults[key]);
    while (named.length > 0 && named.at(-1) === undefined) named.pop();
    const values = Array.isArray(params) ? params : named;
    const nowMs = this.host.clock.nowMs();
    this.book.sent(name, values, nowMs);
    if (name === "mining.notify") this.firstJobMs ??= nowMs;
    return { id, method: name, params: values };
  }

  #defaults(name: string): Record<string, unknown> {
    switch (name) {
      case "mining.notify":
        return this.#notify();
      case "mining.set_difficulty":
        return { difficulty: this.book.difficulty };
      case "mining.set_extranonce":
        return {
          extranonce1: toHex(this.host.entropy.randomBytes(4)),
          extranonce2Size: this.book.extranonce2Size,
        };
      case "mining.set_version_mask":
        return { mask: "1fffe000" };
      case "client.show_message":
        return { message: "hello" };
      default:
        return {};
    }
  }

  #notify(): Record<string, unknown> {
    const { entropy, clock } = this.host;
    const { extranonce1, extranonce2Size } = this.book;
    const work = inventSplitWork(entropy, extranonce1.length + extranonce2Size);
    return {
      jobId: hex32(++this.#jobId),
      prevHash: toHex(swapWords(this.#prevHash)),
      coinbase1: toHex(work.prefix),
      coinbase2: toHex(work.suffix),
      branches: work.merklePath.map(toHex),
      version: hex32(DEFAULT_VERSION),
      nbits: hex32(DEFAULT_NBITS),
      ntime: hex32(clock.unixSeconds()),
      cleanJobs: false,
    };
  }

  /** The next jobs are for another block. */
  newTip(): void {
    this.#prevHash = inventPrevHash(this.host.entropy);
  }

  #receive(chunk: Uint8Array): void {
    let rest = chunk;
    for (;;) {
      const end = rest.indexOf(NEWLINE);
      const part = end < 0 ? rest : rest.subarray(0, end);
      this.#line = concatBytes(this.#line, part);
      if (this.#line.length > MAX_LINE_BYTES) {
        this.host.violation(`a line of more than ${MAX_LINE_BYTES} bytes`);
        this.tap.destroy();
        return;
      }
      if (end < 0) return;
      const line = new TextDecoder().decode(this.#line);
      this.#line = new Uint8Array(0);
      rest = rest.subarray(end + 1);
      this.#takeLine(line);
    }
  }

  #takeLine(line: string): void {
    if (line.trim() === "") return;
    const message = parsed(line);
    if (message === undefined) {
      this.host.violation(`a line that is no JSON object: ${printable(line, 80)}`);
      return;
    }
    const { id, method, result, error } = message;
    const params: readonly unknown[] = Array.isArray(message["params"]) ? message["params"] : [];
    if (typeof method !== "string") {
      this.received({ name: "response", fields: { id, result, error } });
      return;
    }
    if (!v1Names().includes(method)) {
      this.received({ name: "unknown", fields: { line } });
      return;
    }
    const fields: Record<string, unknown> = { id, params };
    v1Spec(method).params.forEach((key, index) => {
      fields[key] = params[index];
    });
    const received: Received = { name: method, fields };
    if (method === "mining.submit") {
      this.#submit(id, params);
      this.received(received);
    } else if (this.onFurtherRequest !== undefined) {
      this.counts.set(method, (this.counts.get(method) ?? 0) + 1);
      this.onFurtherRequest(received);
    } else {
      this.received(received);
    }
  }

  #submit(id: unknown, params: readonly unknown[]): void {
    const { jobId, judgement } = this.book.judge(params, this.host.clock.nowMs());
    const isRight = this.judged(jobId, judgement);
    const how = this.acknowledging;
    if (how.how === "never") return;
    if (!isRight) {
      const isLate = judgement.verdict === "late";
      const error = isLate ? [21, "Job not found", null] : [20, "Invalid share", null];
      this.sendValues("response", { id, result: null, error });
    } else if (how.how === "reject") {
      const error = how.error ?? null;
      this.sendValues("response", { id, result: error === null ? false : null, error });
    } else {
      this.sendValues("response", { id, result: true, error: null });
    }
  }
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
