/**
 * The kernel's side of /dev/gpiochipN, written from <linux/gpio.h> a second time: what the ioctls mean, without a kernel.
 * Descriptors are real ones; that of a line is a FIFO, so that its events are really read.
 */

import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readlinkSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import type { SystemCalls } from "../../../drivers/linux/gpio-character-device.ts";
import type { FakeTree } from "./fake-tree.ts";

interface FakeLine {
  level: 0 | 1;
  /** Every level that it was ever driven to, while it was an output. */
  readonly driven: (0 | 1)[];
  edges: number;
  /** Held by somebody. */
  fifo?: { path: string; fd: number; eventsFd: number };
}

export class FakeGpioChips implements SystemCalls, Disposable {
  readonly #root: string;
  readonly #chips: readonly { readonly label: string; readonly lines: FakeLine[] }[];
  readonly notBlocking = new Set<number>();
  /** A kernel before 5.10. */
  isOld = false;
  #fifos = 0;

  constructor(tree: FakeTree, chips: readonly { label: string; lineCount: number }[]) {
    this.#root = tree.root;
    chips.forEach((_, at) => void tree.add({ [`dev/gpiochip${at}`]: "" }));
    this.#chips = chips.map(({ label, lineCount }) => ({
      label,
      lines: Array.from({ length: lineCount }, () => ({ level: 0, driven: [], edges: 0 })),
    }));
  }

  line(label: string, offset: number): FakeLine {
    const line = this.#chips.find((chip) => chip.label === label)?.lines[offset];
    if (line === undefined) throw new Error(`no line ${offset} of ${label}`);
    return line;
  }

  /** The line falls so often; the kernel's queue keeps the last 16. */
  pulse(label: string, offset: number, count: number): void {
    const line = this.line(label, offset);
    line.edges += count;
    for (let number = line.edges - Math.min(16, count) + 1; number <= line.edges; number++) {
      const event = Buffer.alloc(48);
      event.writeUInt32LE(2, 8); // GPIO_V2_LINE_EVENT_FALLING_EDGE
      event.writeUInt32LE(offset, 12);
      event.writeUInt32LE(number >>> 0, 16); // seqno
      event.writeUInt32LE(number >>> 0, 20); // line_seqno
      if (line.fifo !== undefined) writeSync(line.fifo.eventsFd, event);
    }
  }

  ioctl(fd: number, request: number, argument: Uint8Array): void {
    const bytes = Buffer.from(argument.buffer, argument.byteOffset, argument.length);
    const path = readlinkSync(`/proc/self/fd/${fd}`);
    const chip = this.#chips[Number(/gpiochip(\d+)$/.exec(path)?.[1])];
    const line = this.#chips.flatMap(({ lines }) => lines).find(({ fifo }) => fifo?.path === path);
    // _IOC: direction, size, type, number.
    const [size, type, number] = [
      (request >>> 16) & 0x3fff,
      (request >>> 8) & 0xff,
      request & 0xff,
    ];
    if (type !== 0xb4 || size !== bytes.length) throw systemError("ENOTTY");
    if (number === 0x01 && chip !== undefined) {
      bytes.write(basename(path), 0);
      bytes.write(chip.label, 32);
      bytes.writeUInt32LE(chip.lines.length, 64);
    } else if (number === 0x07 && chip !== undefined && !this.isOld) {
      this.#request(chip.lines, bytes);
    } else if (number === 0x0e && line !== undefined) {
      if (bytes.readBigUInt64LE(8) !== 1n) throw systemError("EINVAL");
      bytes.writeBigUInt64LE(BigInt(line.level), 0);
    } else if (number === 0x0f && line !== undefined) {
      if (bytes.readBigUInt64LE(8) !== 1n) throw systemError("EINVAL");
      this.#drive(line, bytes.readBigUInt64LE(0) === 1n ? 1 : 0);
    } else throw systemError("EINVAL");
  }

  stopBlocking(fd: number): void {
    this.notBlocking.add(fd);
  }

  [Symbol.dispose](): void {
    for (const { lines } of this.#chips)
      for (const { fifo } of lines) if (fifo !== undefined) closeSync(fifo.eventsFd);
  }

  /** struct gpio_v2_line_request of one line. */
  #request(lines: readonly FakeLine[], bytes: Buffer): void {
    const line = lines[bytes.readUInt32LE(0)];
    if (line === undefined || bytes.readUInt32LE(560) !== 1) throw systemError("EINVAL");
    if (line.fifo !== undefined && isOpen(line.fifo)) throw systemError("EBUSY");
    const flags = bytes.readBigUInt64LE(288);
    const isOutput = (flags & 8n) !== 0n;
    const isInput = (flags & 4n) !== 0n;
    if (isOutput === isInput || (isOutput && (flags & 0x30n) !== 0n)) throw systemError("EINVAL");
    const path = join(this.#root, `line${this.#fifos++}`);
    execFileSync("mkfifo", [path]);
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    line.fifo = { path, fd, eventsFd: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) };
    line.edges = 0;
    if (isOutput) {
      // One attribute, of the kind "output values", for line 0 of the request; without it the kernel drives low.
      const isGiven = bytes.readUInt32LE(296) === 1 && bytes.readUInt32LE(320) === 2;
      const isHigh =
        isGiven && bytes.readBigUInt64LE(336) === 1n && bytes.readBigUInt64LE(328) === 1n;
      this.#drive(line, isHigh ? 1 : 0);
    }
    bytes.writeInt32LE(fd, 588);
  }

  #drive(line: FakeLine, level: 0 | 1): void {
    line.level = level;
    line.driven.push(level);
  }
}

export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function isOpen({ path, fd }: { path: string; fd: number }): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`) === path;
  } catch {
    return false;
  }
}
