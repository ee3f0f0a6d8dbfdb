/**
 * GPIO lines by their chip's label and an offset, through the character device (v2, Linux 5.10 and later). Four ioctls
 * through `koffi`, which is here anyway and has binaries: another native package would have to be built for every board.
 * Layouts and numbers are those of <linux/gpio.h>.
 */

import { closeSync, constants, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { DeviceError } from "../../src/lib/errors.ts";
import type { LineSpec } from "../../src/ports/lines.ts";
import { deviceFailure, OPEN_FAILURES, USE_FAILURES } from "./device-failure.ts";
import type { LineUse, RawLine } from "./gpio-line.ts";
import type { PulseSource } from "./pulse-tachometer.ts";

/** What Node has no name for. */
export interface SystemCalls {
  /** `argument` goes both ways. Throws an Error with the system's `code`. */
  ioctl(fd: number, request: number, argument: Uint8Array): void;
  /** Reads from `fd` fail with EAGAIN instead of waiting. */
  stopBlocking(fd: number): void;
}

/** `undefined` where koffi is not installed, or has no binary for this platform. */
export async function loadSystemCalls(): Promise<SystemCalls | undefined> {
  const koffi = await import("koffi").then(
    (module) => module.default,
    () => undefined,
  );
  if (koffi === undefined) return undefined;
  const libc = koffi.load(null);
  const ioctl = libc.func("int ioctl(int fd, unsigned long request, ...)");
  const fcntl = libc.func("int fcntl(int fd, int command, ...)");
  const check = (name: string, result: number) => {
    if (result >= 0) return;
    const number = koffi.errno();
    const [code] = Object.entries(koffi.os.errno).find(([, value]) => value === number) ?? [];
    throw Object.assign(new Error(`${name}: ${code ?? number}`), { code: code ?? `${number}` });
  };
  return {
    ioctl: (fd, request, argument) => check("ioctl", ioctl(fd, request, "void *", argument)),
    stopBlocking: (fd) => check("fcntl", fcntl(fd, F_SETFL, "int", constants.O_NONBLOCK)),
  };
}

export type ChipLine = LineSpec & { readonly chip: string; readonly offset: number };

/** The kernel takes the line back when it is closed or the program dies; most chips then leave the level as it is. Throws DeviceError. */
export function openChipLine(
  line: ChipLine,
  use: LineUse,
  root: string,
  system: SystemCalls,
): RawLine {
  const fd = requestLine(line, use === "input" ? INPUT : OUTPUT, use === 1 ? 1n : 0n, root, system);
  /** struct gpio_v2_line_values: levels, then which of the request's lines are meant; ours has one. */
  const values = new DataView(new ArrayBuffer(16));
  const call = (request: number, bits: bigint) => {
    values.setBigUint64(0, bits, LITTLE);
    values.setBigUint64(8, 1n, LITTLE);
    system.ioctl(fd, request, new Uint8Array(values.buffer));
  };
  return {
    read() {
      call(GET_VALUES, 0n);
      return (values.getBigUint64(0, LITTLE) & 1n) === 1n ? 1 : 0;
    },
    write: (level) => call(SET_VALUES, BigInt(level)),
    close: () => closeSync(fd),
  };
}

/** The kernel itself counts: none is lost, however late we look. Throws DeviceError. */
export function openChipPulses(line: ChipLine, root: string, system: SystemCalls): PulseSource {
  const fd = requestLine(line, INPUT | EDGE_FALLING, 0n, root, system);
  const events = new DataView(new ArrayBuffer(EVENT_LENGTH * EVENTS_READ));
  let pulses = 0;
  const readEvents = (): number => {
    try {
      return readSync(fd, events);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "EAGAIN") return 0;
      throw deviceFailure(line.label, "count", cause, USE_FAILURES);
    }
  };
  try {
    system.stopBlocking(fd);
  } catch (cause) {
    closeSync(fd);
    throw deviceFailure(line.label, "open", cause, OPEN_FAILURES);
  }
  return {
    count() {
      // When its queue is full the kernel drops the oldest, but goes on numbering: the last number is the count.
      for (let length = readEvents(); length >= EVENT_LENGTH; length = readEvents()) {
        const number = events.getUint32(length - EVENT_LENGTH + EVENT_NUMBER_OFFSET, LITTLE);
        pulses += (number - pulses) >>> 0; // it is a u32 that wraps
      }
      return pulses;
    },
    close: () => closeSync(fd),
  };
}

/** The descriptor of the line alone; direction, level and edges begin with the request, so that there is no glitch. */
function requestLine(
  line: ChipLine,
  flags: number,
  level: bigint,
  root: string,
  system: SystemCalls,
): number {
  const request = new DataView(new ArrayBuffer(REQUEST_LENGTH));
  request.setUint32(0, line.offset, LITTLE);
  new TextEncoder().encodeInto("asicd", new Uint8Array(request.buffer, CONSUMER_OFFSET));
  request.setBigUint64(CONFIG_OFFSET, BigInt(flags), LITTLE);
  if (flags === OUTPUT) {
    request.setUint32(CONFIG_OFFSET + ATTRIBUTE_COUNT_OFFSET, 1, LITTLE);
    const attribute = CONFIG_OFFSET + ATTRIBUTES_OFFSET;
    request.setUint32(attribute, OUTPUT_VALUES, LITTLE);
    request.setBigUint64(attribute + 8, level, LITTLE);
    request.setBigUint64(attribute + 16, 1n, LITTLE);
  }
  request.setUint32(LINE_COUNT_OFFSET, 1, LITTLE);
  const chipFd = openChip(line, root, system);
  try {
    system.ioctl(chipFd, GET_LINE, new Uint8Array(request.buffer));
  } catch (cause) {
    // EINVAL: a kernel before 5.10 does not know this request.
    throw deviceFailure(line.label, "open", cause, { ...OPEN_FAILURES, EINVAL: "not-found" });
  } finally {
    closeSync(chipFd);
  }
  return request.getInt32(LINE_FD_OFFSET, LITTLE);
}

/** The chip with the line's label. Its number changes from kernel to kernel, its label does not. */
function openChip({ label, chip, offset }: ChipLine, root: string, system: SystemCalls): number {
  const found: number[] = [];
  let lineCount = 0;
  try {
    for (const name of chipNames(root)) {
      const fd = openSync(join(root, "dev", name), "r+");
      const info = new Uint8Array(CHIP_INFO_LENGTH);
      found.push(fd);
      system.ioctl(fd, GET_CHIP_INFO, info);
      if (textAt(info, 32) !== chip) closeSync(found.pop() as number);
      else lineCount = new DataView(info.buffer).getUint32(64, LITTLE);
    }
    const [fd] = found;
    if (fd === undefined)
      throw new DeviceError(label, "open", "not-found", { detail: `no chip "${chip}"` });
    if (found.length > 1)
      throw new DeviceError(label, "open", "refused", { detail: `several chips "${chip}"` });
    if (offset >= lineCount)
      throw new DeviceError(label, "open", "not-found", {
        detail: `"${chip}" has ${lineCount} lines, asked for line ${offset}`,
      });
    return fd;
  } catch (cause) {
    for (const fd of found) closeSync(fd);
    throw deviceFailure(label, "open", cause, OPEN_FAILURES);
  }
}

function chipNames(root: string): string[] {
  return readdirSync(join(root, "dev")).filter((name) => /^gpiochip\d+$/.test(name));
}

function textAt(bytes: Uint8Array, offset: number): string {
  const text = bytes.subarray(offset, offset + 32);
  const end = text.indexOf(0);
  return new TextDecoder().decode(end < 0 ? text : text.subarray(0, end));
}

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
/** F_SETFL, the same on all architectures of Linux that Node runs on. */
const F_SETFL = 4;
/** struct gpiochip_info: name, label, number of lines. */
const CHIP_INFO_LENGTH = 68;
/** struct gpio_v2_line_request: 64 offsets, consumer, config, number of lines, event buffer, padding, descriptor. */
const REQUEST_LENGTH = 592;
const CONSUMER_OFFSET = 256;
const CONFIG_OFFSET = 288;
const LINE_COUNT_OFFSET = 560;
const LINE_FD_OFFSET = 588;
/** struct gpio_v2_line_config: flags, number of attributes, padding, attributes of 24 bytes (id, padding, value, mask). */
const ATTRIBUTE_COUNT_OFFSET = 8;
const ATTRIBUTES_OFFSET = 32;
/** GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES. */
const OUTPUT_VALUES = 2;
/** GPIO_V2_LINE_FLAG_… */
const INPUT = 1 << 2;
const OUTPUT = 1 << 3;
const EDGE_FALLING = 1 << 5;
/** struct gpio_v2_line_event: time, id, offset, number in all lines, number in this line, padding. */
const EVENT_LENGTH = 48;
const EVENT_NUMBER_OFFSET = 20;
/** More than the kernel's queue of one line. */
const EVENTS_READ = 64;
/** GPIO_GET_CHIPINFO_IOCTL, GPIO_V2_GET_LINE_IOCTL, GPIO_V2_LINE_GET_VALUES_IOCTL, GPIO_V2_LINE_SET_VALUES_IOCTL. */
const GET_CHIP_INFO = 0x8044_b401;
const GET_LINE = 0xc250_b407;
const GET_VALUES = 0xc010_b40e;
const SET_VALUES = 0xc010_b40f;
