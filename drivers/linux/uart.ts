/**
 * A UART of this machine. serialport's binding locks, configures, drains and closes; the bytes go through libuv's own
 * tty stream, because serialport's read and write wait for a free thread of the pool (README.md has the measurements).
 */

import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { isatty, ReadStream } from "node:tty";
import { DeviceError, type DeviceErrorCode } from "../../src/lib/errors.ts";
import { Signal } from "../../src/lib/signal.ts";
import type { Uart } from "../../src/ports/uart.ts";
import { isPseudoTerminal, setPseudoRate } from "./pseudo-rate.ts";

/** Loads what the first `openUart` would load, which takes the thread of a slow processor for seconds. Never rejects. */
export async function loadUarts(): Promise<void> {
  await import("serialport").catch(() => {
    // Whoever opens one is told.
  });
}

/**
 * Opens, locks and makes raw the tty at `path`. Throws DeviceError: "not-found", "busy" (locked by another program),
 * "refused" (no permission, not a tty, rate not possible, serialport not installed).
 */
export async function openUart(path: string, baudRate: number): Promise<Uart> {
  checkBaudRate(path, "open", baudRate);
  const binding = await loadBinding(path);
  const dataFd = openData(path);
  const isPseudo = isPseudoTerminal(fstatSync(dataFd).rdev);
  let control: Control;
  try {
    control = await binding.open({ path, baudRate });
  } catch (cause) {
    closeSync(dataFd);
    throw new DeviceError(path, "open", isLockFailure(cause) ? "busy" : "refused", {
      detail: (cause as Error).message,
      cause,
    });
  }
  try {
    return new LinuxUart({ path, baudRate, control, isPseudo, stream: openStream(path, dataFd) });
  } catch (error) {
    await control.close();
    throw error;
  }
}

/** Hundreds of jobs: a far end that is so late takes nothing any more, and every job in the queue is stale. */
const UNSENT_LIMIT_BYTES = 64 << 10;

/** What we use of serialport's binding: its own descriptor holds the lock and carries settings, never bytes. */
interface Control {
  update(options: { baudRate: number }): Promise<void>;
  drain(): Promise<void>;
  close(): Promise<void>;
}

interface OpenedTty {
  readonly path: string;
  readonly baudRate: number;
  readonly control: Control;
  readonly stream: ReadStream;
  readonly isPseudo: boolean;
}

class LinuxUart implements Uart {
  readonly path: string;
  readonly #control: Control;
  readonly #isPseudo: boolean;
  readonly #stream: ReadStream;
  readonly #received = new Signal<Uint8Array>();
  readonly #gone = new Signal<DeviceError>();
  /** Resolves when both descriptors are closed, whoever began it. */
  readonly #closed: Promise<void>;
  readonly #whenSent: (() => void)[] = [];
  #baudRate: number;
  #unsentWrites = 0;
  #isReading = false;
  #isDisposed = false;
  #goneReason: DeviceError | undefined;
  #streamError: Error | undefined;
  #lastOperation: Promise<void> = Promise.resolve();

  constructor({ path, baudRate, control, isPseudo, stream }: OpenedTty) {
    this.path = path;
    this.#baudRate = baudRate;
    this.#control = control;
    this.#isPseudo = isPseudo;
    this.#stream = stream;
    stream.on("error", (error) => {
      this.#streamError = error;
    });
    stream.on("end", () => stream.destroy());
    this.#closed = new Promise((resolve, reject) => {
      stream.once("close", () => this.#onStreamClose().then(resolve, reject));
    });
    // The one who disposes hears of a failing close; until then it must not count as unhandled.
    this.#closed.catch(() => {});
  }

  get baudRate(): number {
    return this.#baudRate;
  }

  send(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#isOver()) return;
    this.#unsentWrites++;
    this.#stream.write(bytes, this.#onWritten);
    if (this.#stream.writableLength > UNSENT_LIMIT_BYTES) this.#giveUp();
  }

  onReceive(listener: (chunk: Uint8Array) => void): Disposable {
    this.#startReading();
    return this.#received.on(listener);
  }

  onGone(listener: (reason: DeviceError) => void): Disposable {
    this.#startReading(); // a hang-up is noticed by reading
    return this.#gone.on(listener);
  }

  drain(): Promise<void> {
    return this.#inTurn("drain", async () => {
      await this.#allWritten();
      this.#throwIfOver("drain");
      await this.#control.drain();
    });
  }

  setBaudRate(baudRate: number): Promise<void> {
    return this.#inTurn("set baud rate", async () => {
      checkBaudRate(this.path, "set baud rate", baudRate);
      await this.#allWritten();
      this.#throwIfOver("set baud rate");
      await this.#control.drain();
      this.#throwIfOver("set baud rate");
      await this.#setRate(baudRate);
      this.#baudRate = baudRate;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#stream.destroy();
    await this.#closed;
  }

  /** Nothing is read before somebody listens: the kernel keeps the first 4 kB. */
  #startReading(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#stream.on("data", (chunk: Uint8Array) => {
      if (!this.#isDisposed) this.#received.emit(chunk);
    });
  }

  #giveUp(): void {
    const detail = "takes no more bytes";
    this.#goneReason = new DeviceError(this.path, "write", "gone", { detail });
    this.#stream.destroy();
  }

  /** A stream that closes unasked is a device that went: often there is no error at all, only the close. */
  async #onStreamClose(): Promise<void> {
    if (!this.#isDisposed) {
      this.#goneReason ??= new DeviceError(this.path, "read", "gone", { cause: this.#streamError });
      this.#gone.emit(this.#goneReason);
    }
    await this.#lastOperation;
    await this.#control.close();
  }

  readonly #onWritten = (): void => {
    this.#unsentWrites--;
    if (this.#unsentWrites === 0) for (const wake of this.#whenSent.splice(0)) wake();
  };

  /** Until the kernel has everything; also when it never will, since a destroyed stream calls back too. */
  #allWritten(): Promise<void> {
    if (this.#unsentWrites === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenSent.push(resolve));
  }

  async #setRate(baudRate: number): Promise<void> {
    const fd = this.#isPseudo ? descriptorOf(this.#stream) : undefined;
    if (fd !== undefined && (await setPseudoRate(this.path, fd, baudRate))) return;
    await this.#control.update({ baudRate });
  }

  #isOver(): boolean {
    return this.#isDisposed || this.#stream.destroyed;
  }

  #throwIfOver(operation: string): void {
    if (!this.#isOver()) return;
    if (this.#isDisposed) throw new DeviceError(this.path, operation, "gone", { detail: "closed" });
    throw new DeviceError(this.path, operation, "gone", { cause: this.#goneReason });
  }

  /**
   * One operation of the binding at a time, because each holds the descriptor in a thread of the pool; closing waits too.
   * Failures become DeviceErrors; one after the end is only a consequence of it.
   */
  #inTurn(operation: string, run: () => Promise<void>): Promise<void> {
    const result = this.#lastOperation.then(async () => {
      this.#throwIfOver(operation);
      try {
        await run();
      } catch (cause) {
        this.#throwIfOver(operation);
        if (cause instanceof DeviceError) throw cause;
        const detail = (cause as Error).message;
        throw new DeviceError(this.path, operation, "refused", { detail, cause });
      }
    });
    this.#lastOperation = result.catch(() => {});
    return result;
  }
}

async function loadBinding(path: string) {
  try {
    return (await import("serialport")).SerialPort.binding;
  } catch (cause) {
    throw new DeviceError(path, "open", "refused", {
      detail:
        'the optional package "serialport" is not installed, or has no binary for this platform',
      cause,
    });
  }
}

/** Opened by ourselves first, because the binding's errors are sentences, without the system's code. */
function openData(path: string): number {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch (cause) {
    const { code = "unknown error" } = cause as NodeJS.ErrnoException;
    throw new DeviceError(path, "open", OPEN_FAILURES[code] ?? "refused", { detail: code, cause });
  }
  if (isatty(fd)) return fd;
  closeSync(fd);
  throw new DeviceError(path, "open", "refused", { detail: "not a tty" });
}

const OPEN_FAILURES: Record<string, DeviceErrorCode> = {
  ENOENT: "not-found",
  ENODEV: "not-found",
  ENXIO: "not-found",
  EBUSY: "busy",
};

/**
 * libuv opens the tty again for itself and closes that descriptor with the stream; ours is done with at once. Given the
 * binding's descriptor, libuv would put its own in that place (dup2), and the lock would silently go with the old one.
 */
function openStream(path: string, dataFd: number): ReadStream {
  const stream = new ReadStream(dataFd);
  if (descriptorOf(stream) !== dataFd) {
    closeSync(dataFd);
    return stream;
  }
  // It could not (no /proc, or another mount of /dev/pts): the descriptor is the stream's now, and writes would block.
  stream.destroy();
  throw new DeviceError(path, "open", "refused", {
    detail: "the tty cannot be opened a second time; is /proc mounted?",
  });
}

/** Node has no public name for it. */
function descriptorOf(stream: ReadStream): number | undefined {
  return (stream as unknown as { _handle?: { fd?: number } })._handle?.fd;
}

/** The binding gives no code for flock's EAGAIN; this text is its own (bindings-cpp 13, serialport_unix.cpp). */
function isLockFailure(error: unknown): boolean {
  return error instanceof Error && error.message.includes("Cannot lock port");
}

function checkBaudRate(path: string, operation: string, baudRate: number): void {
  if (Number.isInteger(baudRate) && baudRate > 0 && baudRate <= 0xffff_ffff) return;
  throw new DeviceError(path, operation, "refused", {
    detail: `${baudRate} baud; allowed: a whole number from 1`,
  });
}
