/** A connection whose bytes to the device can be split, gathered, corrupted, stalled and cut, at a byte chosen beforehand. */
import { concatBytes } from "../../src/lib/bytes.ts";
import { Signal } from "../../src/lib/signal.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Clock } from "../../src/ports/clock.ts";

/** What a device may send before anybody reads it. */
const MAX_UNREAD_BYTES = 256 * 1024;
/** Pieces of a split write leave this far apart, so that they arrive as pieces over real TCP, too. */
const PIECE_EVERY_MS = 1;
const REMEMBERED_WRITES = 16;

/** Where, counted in bytes sent to the device so far, something happens. */
interface PlannedFault {
  readonly at: number;
  readonly what: "reset" | "close" | "stall" | "corrupt";
}

export class FaultyStream implements ByteStream {
  readonly #inner: ByteStream;
  readonly #clock: Clock;
  readonly #data = new Signal<Uint8Array>();
  readonly #end = new Signal<Error | undefined>();
  #ended: { readonly reason: Error | undefined } | undefined;
  #unread: Uint8Array[] = [];
  #hasReader = false;
  #faults: PlannedFault[] = [];
  #sentBytes = 0;
  #isStalled = false;
  #gathered: Uint8Array[] | undefined;
  #pieces: readonly number[] | undefined;
  #nextPiece = 0;
  readonly #queue: Uint8Array[] = [];
  #pacing: Disposable | undefined;
  #isClosing = false;
  readonly #lastWrites: Uint8Array[] = [];
  /** From the device. */
  receivedBytes = 0;
  /** The first bytes from the device, up to 64. */
  firstBytes: Uint8Array = new Uint8Array(0);

  constructor(inner: ByteStream, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
    inner.onEnd((reason) => this.#finish(reason));
    inner.onData((chunk) => this.#receive(chunk));
  }

  get remote(): string {
    return this.#inner.remote;
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** From now on: after `afterBytes` more bytes to the device. */
  plan(what: PlannedFault["what"], afterBytes: number): void {
    if (afterBytes === 0 && what !== "corrupt") this.#strike(what);
    else this.#faults.push({ at: this.#sentBytes + afterBytes, what });
    this.#faults.sort((a, b) => a.at - b.at);
  }

  /** Every write from now on leaves in pieces of these sizes, over and over; `undefined`: whole again. */
  split(pieces: readonly number[] | undefined): void {
    this.#pieces = pieces;
    this.#nextPiece = 0;
  }

  /** Holds back what is written from now on; false: that is so already. */
  gather(): boolean {
    if (this.#gathered !== undefined) return false;
    this.#gathered = [];
    return true;
  }

  /** Lets everything that was held back go in one write. */
  release(): void {
    const gathered = this.#gathered ?? [];
    this.#gathered = undefined;
    if (gathered.length > 0) this.#transmit(concatBytes(...gathered));
  }

  /** The last `count` writes once more, byte by byte the same. */
  replay(count: number): void {
    for (const bytes of this.#lastWrites.slice(-count)) this.#transmit(bytes);
  }

  write(bytes: Uint8Array): void {
    if (this.#isClosing || this.isEnded || bytes.length === 0) return;
    this.#lastWrites.push(bytes.slice());
    if (this.#lastWrites.length > REMEMBERED_WRITES) this.#lastWrites.shift();
    if (this.#gathered !== undefined) this.#gathered.push(bytes.slice());
    else this.#transmit(bytes);
  }

  onData(listener: (chunk: Uint8Array) => void): Disposable {
    const subscription = this.#data.on(listener);
    if (!this.#hasReader) {
      this.#hasReader = true;
      queueMicrotask(() => {
        for (const chunk of this.#unread.splice(0)) this.#data.emit(chunk);
      });
    }
    return subscription;
  }

  onEnd(listener: (reason: Error | undefined) => void): Disposable {
    const ended = this.#ended;
    if (ended === undefined) return this.#end.on(listener);
    let isWanted = true;
    queueMicrotask(() => isWanted && listener(ended.reason));
    return {
      [Symbol.dispose]: () => {
        isWanted = false;
      },
    };
  }

  /** When all that waits has been sent. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#queue.length === 0 && this.#pacing === undefined) this.#inner.close();
  }

  destroy(): void {
    this.#isClosing = true;
    this.#queue.length = 0;
    this.#inner.destroy();
  }

  #receive(chunk: Uint8Array): void {
    this.receivedBytes += chunk.length;
    if (this.firstBytes.length < 64)
      this.firstBytes = concatBytes(
        this.firstBytes,
        chunk.subarray(0, 64 - this.firstBytes.length),
      );
    if (this.#hasReader && this.#unread.length === 0) {
      this.#data.emit(chunk);
      return;
    }
    this.#unread.push(chunk.slice());
    const unread = this.#unread.reduce((sum, { length }) => sum + length, 0);
    if (unread > MAX_UNREAD_BYTES) this.destroy();
  }

  #transmit(bytes: Uint8Array): void {
    if (this.#pieces === undefined && this.#queue.length === 0) {
      this.#push(bytes);
      return;
    }
    for (let at = 0; at < bytes.length; ) {
      const pieces = this.#pieces ?? [bytes.length];
      const size = pieces[this.#nextPiece++ % pieces.length] ?? 1;
      this.#queue.push(bytes.slice(at, at + size));
      at += size;
    }
    this.#pace();
  }

  #pace(): void {
    if (this.#pacing !== undefined) return;
    const piece = this.#queue.shift();
    if (piece === undefined) {
      if (this.#isClosing) this.#inner.close();
      return;
    }
    this.#push(piece);
    this.#pacing = this.#clock.after(PIECE_EVERY_MS, () => {
      this.#pacing = undefined;
      this.#pace();
    });
  }

  /** Past this point the bytes are on their way, but for what was planned. */
  #push(bytes: Uint8Array): void {
    if (this.#isStalled || this.isEnded) return;
    const from = this.#sentBytes;
    const reached = this.#faults.filter(({ at, what }) =>
      what === "corrupt" ? at < from + bytes.length : at <= from + bytes.length,
    );
    this.#faults = this.#faults.filter((fault) => !reached.includes(fault));
    const last = reached.find(({ what }) => what !== "corrupt");
    const sent = bytes.slice(0, last === undefined ? bytes.length : last.at - from);
    for (const { at, what } of reached)
      if (what === "corrupt" && at - from < sent.length)
        sent[at - from] = (sent[at - from] as number) ^ 1;
    this.#sentBytes += sent.length;
    this.#inner.write(sent);
    if (last !== undefined) this.#strike(last.what);
  }

  #strike(what: PlannedFault["what"]): void {
    if (what === "reset") this.destroy();
    if (what === "close") {
      this.#queue.length = 0;
      this.#isStalled = true;
      this.#isClosing = true;
      this.#inner.close();
    }
    if (what === "stall") this.#isStalled = true;
  }

  #finish(reason: Error | undefined): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason };
    this.#pacing?.[Symbol.dispose]();
    this.#queue.length = 0;
    this.#end.emit(reason);
  }
}
