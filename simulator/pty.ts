/**
 * A pseudo-terminal: the host opens `path` as if it were a UART, we are the chips behind it.
 * Made with libc through koffi, because Node itself cannot open one.
 */

import { closeSync, constants, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { DeviceError } from "../src/lib/errors.ts";
import { Signal } from "../src/lib/signal.ts";
import type { SerialLine } from "./serial-line.ts";

export interface Pty extends SerialLine {
  /** What the host opens, e.g. "/dev/pts/3". */
  readonly path: string;
  /** The master's descriptor, for measurements that read it themselves (and then never call `onData`). */
  readonly fd: number;
  /** The far end vanishes: the host sees a hang-up. Idempotent. */
  close(): Promise<void>;
}

/** Throws DeviceError "refused" where koffi has no binary, "not-found" or "busy" as the kernel says. */
export async function openPty(): Promise<Pty> {
  const libc = await loadLibc();
  const fd = libc.posix_openpt(
    constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK | O_CLOEXEC,
  );
  if (fd < 0) throw libc.failure("posix_openpt");
  try {
    if (libc.grantpt(fd) < 0) throw libc.failure("grantpt");
    if (libc.unlockpt(fd) < 0) throw libc.failure("unlockpt");
    const path = pathOf(libc, fd);
    // Our own descriptor of the slave: a master whose slave nobody has open reads EIO and would be gone for good.
    const slaveFd = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
    makeRaw(libc, slaveFd);
    return new KernelPty(libc, path, fd, slaveFd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** While the host does not read, more than this is lost, as on a real wire. */
const KEPT_BYTES = 4 << 20;
const RETRY_MS = 1;

class KernelPty implements Pty {
  readonly path: string;
  readonly fd: number;
  readonly #libc: Libc;
  readonly #slaveFd: number;
  /** Reads only: libuv takes a master for a blocking stream and would spin while its buffer is full. */
  readonly #reader: ReadStream;
  readonly #data = new Signal<Uint8Array>();
  readonly #settings = new Uint8Array(TERMIOS2_LENGTH);
  readonly #unwritten: Uint8Array[] = [];
  #unwrittenBytes = 0;
  #retry: NodeJS.Timeout | undefined;
  #isReading = false;
  #closed: Promise<void> | undefined;

  constructor(libc: Libc, path: string, fd: number, slaveFd: number) {
    this.path = path;
    this.fd = fd;
    this.#libc = libc;
    this.#slaveFd = slaveFd;
    this.#reader = new ReadStream(fd);
    // The master ends only by our own close; an error here could only be that of a read during it.
    this.#reader.on("error", () => {});
  }

  write(bytes: Uint8Array): void {
    if (this.#closed !== undefined) return;
    const written = this.#unwritten.length === 0 ? this.#writeNow(bytes) : 0;
    if (written === bytes.length || this.#unwrittenBytes > KEPT_BYTES) return;
    this.#unwritten.push(bytes.slice(written));
    this.#unwrittenBytes += bytes.length - written;
    this.#retry ??= setTimeout(this.#writeRest, RETRY_MS);
  }

  onData(listener: (chunk: Uint8Array) => void): Disposable {
    if (!this.#isReading) {
      this.#isReading = true;
      this.#reader.on("data", (chunk: Uint8Array) => this.#data.emit(chunk));
    }
    return this.#data.on(listener);
  }

  hostBaudRate(): number {
    if (this.#closed !== undefined) return 0;
    // Asked of the master, the kernel answers with the slave's settings.
    if (this.#libc.ioctl(this.fd, TCGETS2, "void *", this.#settings) < 0)
      throw this.#libc.failure("TCGETS2");
    return new DataView(this.#settings.buffer).getUint32(OUTPUT_SPEED_OFFSET, IS_LITTLE_ENDIAN);
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      clearTimeout(this.#retry);
      closeSync(this.#slaveFd);
      this.#reader.once("close", resolve);
      this.#reader.destroy(); // closes the master
    });
    return this.#closed;
  }

  readonly #writeRest = (): void => {
    this.#retry = undefined;
    for (let next = this.#unwritten[0]; next !== undefined; next = this.#unwritten[0]) {
      const written = this.#writeNow(next);
      this.#unwrittenBytes -= written;
      if (written < next.length) {
        this.#unwritten[0] = next.subarray(written);
        this.#retry = setTimeout(this.#writeRest, RETRY_MS);
        return;
      }
      this.#unwritten.shift();
    }
  };

  /** Number of bytes that the kernel took; it may be any part of them, or none. */
  #writeNow(bytes: Uint8Array): number {
    try {
      return writeSync(this.fd, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
      throw error;
    }
  }
}

/** Linux, all architectures with the generic layout: four flag words, line discipline, 19 control characters, two speeds. */
const TERMIOS2_LENGTH = 44;
const OUTPUT_SPEED_OFFSET = 40;
/** _IOR('T', 0x2a, struct termios2). */
const TCGETS2 = 0x802c542a;
/** Node's constants lack it; 02000000 in the generic layout. */
const O_CLOEXEC = 0o2000000;
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The line must not echo, translate or interpret anything before the host has set it up itself. */
function makeRaw(libc: Libc, slaveFd: number): void {
  const settings = new Uint8Array(256); // larger than any libc's struct termios; only libc looks inside
  if (libc.tcgetattr(slaveFd, settings) < 0) throw libc.failure("tcgetattr");
  libc.cfmakeraw(settings);
  if (libc.tcsetattr(slaveFd, 0, settings) < 0) throw libc.failure("tcsetattr");
}

function pathOf(libc: Libc, fd: number): string {
  const name = new Uint8Array(128);
  if (libc.ptsname_r(fd, name, name.length) !== 0) throw libc.failure("ptsname_r");
  return new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
}

interface Libc {
  posix_openpt(flags: number): number;
  grantpt(fd: number): number;
  unlockpt(fd: number): number;
  ptsname_r(fd: number, name: Uint8Array, length: number): number;
  tcgetattr(fd: number, settings: Uint8Array): number;
  tcsetattr(fd: number, when: number, settings: Uint8Array): number;
  cfmakeraw(settings: Uint8Array): void;
  ioctl(fd: number, request: number, argumentType: "void *", argument: Uint8Array): number;
  /** What the last call complained about. */
  failure(operation: string): DeviceError;
}

let loaded: Promise<Libc> | undefined;

function loadLibc(): Promise<Libc> {
  loaded ??= bindLibc();
  return loaded;
}

async function bindLibc(): Promise<Libc> {
  const koffi = await import("koffi").then(
    (module) => module.default,
    (cause: unknown) => {
      throw new DeviceError("pty", "open", "refused", {
        detail: 'the optional package "koffi" is not installed, or has no binary for this platform',
        cause,
      });
    },
  );
  const own = koffi.load(null); // libc is already in the process
  return {
    posix_openpt: own.func("int posix_openpt(int flags)"),
    grantpt: own.func("int grantpt(int fd)"),
    unlockpt: own.func("int unlockpt(int fd)"),
    ptsname_r: own.func("int ptsname_r(int fd, _Out_ uint8_t *name, size_t length)"),
    tcgetattr: own.func("int tcgetattr(int fd, _Out_ uint8_t *settings)"),
    tcsetattr: own.func("int tcsetattr(int fd, int when, const uint8_t *settings)"),
    cfmakeraw: own.func("void cfmakeraw(_Inout_ uint8_t *settings)"),
    ioctl: own.func("int ioctl(int fd, unsigned long request, ...)"),
    failure(operation) {
      const number = koffi.errno();
      const [name] = Object.entries(koffi.os.errno).find(([, value]) => value === number) ?? [];
      return new DeviceError("pty", operation, "refused", { detail: name ?? `errno ${number}` });
    },
  };
}
