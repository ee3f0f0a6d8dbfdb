/** Lines and sensors as several machines have them. */
import { lm75a } from "../drivers/sensors/lm75.ts";
import type { LineSpec } from "../src/ports/lines.ts";
import type { LineRef, SensorSpec, Source } from "./machine-spec.ts";

/** A line of the control board. */
export function gpio(line: LineSpec): LineRef {
  return { via: "gpio", ...line };
}

/** A line that is known by its number in sysfs only. */
export function sysfsLine(label: string, sysfs: number): LineSpec {
  return { label, sysfs };
}

/** A line of an AM335x: four banks of 32, labelled so by the kernel's gpio-omap driver [D]; old kernels number them through. */
export function am335xLine(label: string, number: number): LineSpec {
  const first = number - (number % 32);
  return { label, chip: `gpio-${first}-${first + 31}`, offset: number % 32, sysfs: number };
}

export function activeLow(line: LineSpec): LineSpec {
  return { ...line, activeLow: true };
}

/** A pin of a board behind USB, as its firmware numbers them. */
export function usbPin(label: string, pin: number, level: "high" | "low"): LineRef {
  return { via: "usb", label, pin, ...(level === "low" ? { activeLow: true } : {}) };
}

/** Numbers of the vendor's file [D]. */
const PIC_SENSOR_ADDRESSES = [0x48, 0x49, 0x4a, 0x4b];

/** Four LM75A on each hashboard, which only the board's dsPIC reaches. */
export function sensorsBehindPic(chain: number): readonly SensorSpec[] {
  return PIC_SENSOR_ADDRESSES.map((address) => ({
    name: `board ${chain} sensor ${address.toString(16)}`,
    place: "board",
    driver: lm75a,
    bus: { via: "supply" },
    address,
    evidence: "driver",
    source: "vendor's topology file [D]; one read through a dsPIC on an S19 Pro [C]",
  }));
}

/** Inlet and outlet of each hashboard, with addresses of their own on a bus that all boards share. */
export function sensorsOfSlot(chain: number, path: string, source: Source): readonly SensorSpec[] {
  const at = (side: string, address: number): SensorSpec => ({
    name: `board ${chain} ${side}`,
    place: "board",
    driver: lm75a,
    bus: { via: "i2c", path },
    address,
    ...source,
  });
  return [at("inlet", 0x48 + chain), at("outlet", 0x4c + chain)];
}
