/**
 * GPIO lines by their number in /sys/class/gpio. Plain files, written before the call returns: no native package and no
 * thread stands between a decision and an enable line. Only counting edges needs more than Node has, and takes `onoff`.
 */

import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeSync,
} from "node:fs";
import { join, resolve } from "node:path";
import type { Gpio } from "onoff";
import { DeviceError } from "../../src/lib/errors.ts";
import type { LineSpec } from "../../src/ports/lines.ts";
import { deviceFailure, OPEN_FAILURES } from "./device-failure.ts";
import type { LineUse, RawLine } from "./gpio-line.ts";
import type { PulseSource } from "./pulse-tachometer.ts";
import { writeAttribute } from "./sysfs-attribute.ts";

/** The line stays exported and keeps its level when it is closed, and when the program dies. Throws DeviceError. */
export function openNumberedLine(line: LineSpec, use: LineUse, root: string): RawLine {
  const { folder } = exportLine(line, root);
  // One write sets direction and level, so that the line is never driven to the other level in between.
  write(line, folder, "direction", use === "input" ? "in" : use === 1 ? "high" : "low");
  const fd = openValue(line, folder, use === "input" ? "r" : "r+");
  const byte = new Uint8Array(1);
  return {
    read() {
      readSync(fd, byte, 0, 1, 0);
      return byte[0] === ASCII_ZERO ? 0 : 1;
    },
    write: (level) => void writeSync(fd, `${level}`, 0),
    close: () => closeSync(fd),
  };
}

/** Counts as fast as the program's loop turns: while that is late, edges are lost and a fan seems slower. */
export async function openNumberedPulses(line: LineSpec, root: string): Promise<PulseSource> {
  if (resolve(root) !== "/") throw missing(line, "onoff knows no other root than /");
  const onoff = await loadOnoff(line);
  const { number, folder } = exportLine(line, root);
  let pulses = 0;
  // Told "falling", onoff drops an edge whose level is over when it looks. Told "both" it drops none; the kernel, told
  // "falling" after it, reports each pulse once.
  let gpio: Gpio | undefined;
  try {
    gpio = new onoff.Gpio(number, "in", "both", { activeLow: false });
    // onoff says nothing when it cannot set up a line that was exported before, as a killed program leaves it.
    writeAttribute(join(folder, "direction"), "in");
    writeAttribute(join(folder, "edge"), "falling");
    gpio.watch(() => {
      pulses++;
    });
    return { count: () => pulses, close: () => gpio?.unexport() };
  } catch (cause) {
    try {
      gpio?.unexport();
    } catch {
      // The first failure is the one that says something.
    }
    throw deviceFailure(line.label, "open", cause, OPEN_FAILURES);
  }
}

const ASCII_ZERO = 0x30;

interface ExportedLine {
  readonly number: number;
  readonly folder: string;
}

/** A line that a program before us exported is taken over: that program may be dead, and its level stays. */
function exportLine(line: LineSpec, root: string): ExportedLine {
  const gpio = join(root, "sys/class/gpio");
  if (!existsSync(gpio)) throw missing(line, "this kernel has no GPIO numbers");
  const number = numberOf(line, gpio);
  const folder = join(gpio, `gpio${number}`);
  if (!existsSync(folder)) {
    try {
      writeAttribute(join(gpio, "export"), number);
    } catch (cause) {
      // EINVAL: no chip has this number.
      throw deviceFailure(line.label, "open", cause, { ...OPEN_FAILURES, EINVAL: "not-found" });
    }
    if (!existsSync(folder)) throw missing(line, `gpio${number} does not appear`);
  }
  // Polarity is ours; somebody else's would invert it a second time. Writing it does not touch the level.
  write(line, folder, "active_low", "0");
  return { number, folder };
}

/**
 * Numbers change from kernel to kernel, and the wrong line may switch power: where the chip is named and found, its own
 * base says the number, whatever the declaration has.
 */
function numberOf(line: LineSpec, gpio: string): number {
  const { chip, offset, sysfs } = line;
  const numbers: number[] = [];
  if (chip !== undefined && offset !== undefined) {
    for (const name of readdirSync(gpio).filter((entry) => /^gpiochip\d+$/.test(entry))) {
      const [label, base, count] = ["label", "base", "ngpio"].map((attribute) =>
        readFileSync(join(gpio, name, attribute), "utf8").trim(),
      );
      if (label === chip && offset < Number(count)) numbers.push(Number(base) + offset);
    }
  }
  const [number, ...others] = numbers;
  if (number !== undefined && others.length === 0) return number;
  if (sysfs !== undefined && (number === undefined || numbers.includes(sysfs))) return sysfs;
  if (number === undefined)
    throw missing(line, chip === undefined ? "no number" : `no chip "${chip}" with line ${offset}`);
  throw new DeviceError(line.label, "open", "refused", { detail: `several chips "${chip}"` });
}

function missing(line: LineSpec, detail: string): DeviceError {
  return new DeviceError(line.label, "open", "not-found", { detail });
}

function write(line: LineSpec, folder: string, attribute: string, value: string): void {
  try {
    writeAttribute(join(folder, attribute), value);
  } catch (cause) {
    throw deviceFailure(line.label, `set ${attribute}`, cause, OPEN_FAILURES);
  }
}

function openValue(line: LineSpec, folder: string, flags: "r" | "r+"): number {
  try {
    return openSync(join(folder, "value"), flags);
  } catch (cause) {
    throw deviceFailure(line.label, "open", cause, OPEN_FAILURES);
  }
}

async function loadOnoff(line: LineSpec) {
  try {
    return await import("onoff");
  } catch (cause) {
    throw new DeviceError(line.label, "open", "refused", {
      detail: 'the optional package "onoff" is not installed, or could not be built',
      cause,
    });
  }
}
