/** A serial line in memory: the driver's end is a `Uart`, the chips' end a `SerialLine`. */

import { DeviceError } from "../src/lib/errors.ts";
import { Signal } from "../src/lib/signal.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { Uart } from "../src/ports/uart.ts";
import type { SerialLine } from "./serial-line.ts";

export interface SimUartOptions {
  readonly clock: Clock;
  readonly path?: string;
  readonly baudRate?: number;
  /**
   * Whether bytes take their time: ten bit times each, at the host's rate. Without, the device hears before `send`
   * returns; the host always hears from a timer of the clock, never from inside its own call.
   */
  readonly isPaced?: boolean;
}

export interface SimDevice extends SerialLine {
  /** The board is unplugged: what is under way is lost and the host's `onGone` listeners are called. Idempotent. */
  vanish(): void;
}

/** Two ends of one line; nothing can fail. */
export function openSimUart(options: SimUartOptions): { uart: Uart; device: SimDevice } {
  const line = new SimUart(options);
  return { uart: line, device: line.device };
}

/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;

class SimUart implements Uart {
  readonly path: string;
  readonly device: SimDevice;
  readonly #clock: Clock;
  readonly #isPaced: boolean;
  readonly #toDevice: Wire;
  readonly #toHost: Wire;
  readonly #gone = new Signal<DeviceError>();
  /** Aborted with the error that later calls get. */
  readonly #over = new AbortController();
  #baudRate: number;
  #isDisposed = false;

  constructor({ clock, path = "sim-uart", baudRate = 115_200, isPaced = false }: SimUartOptions) {
    this.path = path;
    this.#clock = clock;
    this.#baudRate = baudRate;
    this.#isPaced = isPaced;
    const over = this.#over.signal;
    this.#toDevice = new Wire(clock, over);
    this.#toHost = new Wire(clock, over);
    this.device = {
      write: (bytes) => this.#toHost.carry(bytes, this.#byteMs(), "later"),
      onData: (listener) => this.#toDevice.listen(listener),
      hostBaudRate: () => this.#baudRate,
      vanish: () => this.#vanish(),
    };
  }

  get baudRate(): number {
    return this.#baudRate;
  }

  send(bytes: Uint8Array): void {
    this.#toDevice.carry(bytes, this.#byteMs(), "at once");
  }

  onReceive(listener: (chunk: Uint8Array) => void): Disposable {
    return this.#toHost.listen(listener);
  }

  onGone(listener: (reason: DeviceError) => void): Disposable {
    return this.#gone.on(listener);
  }

  async drain(): Promise<void> {
    const over = this.#over.signal;
    over.throwIfAborted();
    // Bytes may be added meanwhile.
    for (let leftMs = this.#toDevice.busyMs(); leftMs > 0; leftMs = this.#toDevice.busyMs())
      await this.#clock.sleep(leftMs, over);
  }

  async setBaudRate(baudRate: number): Promise<void> {
    if (!Number.isInteger(baudRate) || baudRate <= 0)
      throw new DeviceError(this.path, "set baud rate", "refused", {
        detail: `${baudRate} baud; allowed: a whole number from 1`,
      });
    await this.drain();
    this.#baudRate = baudRate;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#over.abort(new DeviceError(this.path, "use", "gone", { detail: "closed" }));
  }

  #byteMs(): number {
    return this.#isPaced ? (BITS_PER_BYTE * 1_000) / this.#baudRate : 0;
  }

  #vanish(): void {
    const over = this.#over.signal;
    if (over.aborted) return;
    const reason = new DeviceError(this.path, "read", "gone");
    this.#over.abort(reason);
    // As with a real device, nobody is told from inside his own call.
    this.#clock.after(0, () => {
      if (!this.#isDisposed) this.#gone.emit(reason);
    });
  }
}

/** One direction. Chunks arrive whole, when their last byte has; before the first listener they are kept. */
class Wire {
  readonly #clock: Clock;
  readonly #over: AbortSignal;
  readonly #received = new Signal<Uint8Array>();
  readonly #underWay: Uint8Array[] = [];
  readonly #kept: Uint8Array[] = [];
  #isFlowing = false;
  #busyUntilMs = 0;

  constructor(clock: Clock, over: AbortSignal) {
    this.#clock = clock;
    this.#over = over;
  }

  carry(bytes: Uint8Array, byteMs: number, soonest: "at once" | "later"): void {
    if (this.#over.aborted || bytes.length === 0) return;
    const chunk = bytes.slice();
    if (byteMs === 0 && soonest === "at once") {
      this.#arrive(chunk);
      return;
    }
    const nowMs = this.#clock.nowMs();
    this.#busyUntilMs = Math.max(nowMs, this.#busyUntilMs) + bytes.length * byteMs;
    this.#underWay.push(chunk);
    // Each timer takes the first chunk, not its own: order must not hang on the order of a clock's timers.
    this.#clock.after(this.#busyUntilMs - nowMs, () => {
      const next = this.#underWay.shift();
      if (next !== undefined) this.#arrive(next);
    });
  }

  /** Time until the last byte has left. */
  busyMs(): number {
    return Math.max(0, this.#busyUntilMs - this.#clock.nowMs());
  }

  listen(listener: (chunk: Uint8Array) => void): Disposable {
    if (this.#kept.length === 0) this.#isFlowing = true;
    else if (!this.#isFlowing) this.#clock.after(0, () => this.#deliverKept());
    return this.#received.on(listener);
  }

  #arrive(chunk: Uint8Array): void {
    if (this.#over.aborted) return;
    if (this.#isFlowing) this.#deliver(chunk);
    else this.#kept.push(chunk);
  }

  #deliverKept(): void {
    for (let chunk = this.#kept.shift(); chunk !== undefined; chunk = this.#kept.shift())
      if (!this.#over.aborted) this.#deliver(chunk);
    this.#isFlowing = true;
  }

  #deliver(chunk: Uint8Array): void {
    this.#received.emit(chunk);
    // The chunk was only borrowed: who kept it without a copy shall notice.
    chunk.fill(0xee);
  }
}
