/** Temperatures that a driver of the kernel reads, in /sys/class/hwmon: of the processor, or of a sensor it has claimed. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DeviceError } from "../../src/lib/errors.ts";
import type { TemperatureSensor } from "../../src/ports/peripherals.ts";
import { deviceFailure, type FailureCodes } from "./device-failure.ts";

export interface HwmonSpec {
  /** The content of the file "name", e.g. "lm75" or "cpu_thermal"; the number of the folder changes from boot to boot. */
  readonly name: string;
  /** E.g. "temp1". */
  readonly input: string;
}

/** Several of one name: "refused", since nobody knows which is meant. Throws DeviceError. */
export async function openHwmonSensor(
  { name, input }: HwmonSpec,
  { root = "/" }: { readonly root?: string } = {},
): Promise<TemperatureSensor> {
  const label = `hwmon ${name} ${input}`;
  const paths = (await listHwmon({ root })).filter(
    (found) => found.name === name && found.input === input,
  );
  const [found] = paths;
  if (found === undefined) throw new DeviceError(label, "open", "not-found");
  if (paths.length > 1)
    throw new DeviceError(label, "open", "refused", { detail: `there are ${paths.length}` });
  return { readC: () => readC(label, found.path) };
}

/** Every temperature there is; empty without hwmon. */
export async function listHwmon({
  root = "/",
}: {
  readonly root?: string;
} = {}): Promise<(HwmonSpec & { readonly path: string })[]> {
  const top = join(root, "sys/class/hwmon");
  const found: (HwmonSpec & { readonly path: string })[] = [];
  for (const device of (await readdir(top).catch(() => [])).sort()) {
    const name = await readFile(join(top, device, "name"), "utf8").catch(() => undefined);
    if (name === undefined) continue;
    for (const file of (await readdir(join(top, device))).sort()) {
      const input = /^(temp\d+)_input$/.exec(file)?.[1];
      if (input !== undefined)
        found.push({ name: name.trim(), input, path: join(top, device, file) });
    }
  }
  return found;
}

/** What the kernel's drivers pass on from the bus below them. */
const READ_FAILURES: FailureCodes = {
  ENXIO: "nack",
  EREMOTEIO: "nack",
  EIO: "nack",
  ETIMEDOUT: "timeout",
  ENODEV: "gone",
  ENOENT: "gone",
  ENODATA: "not-found",
};

/** The kernel says thousandths of a degree (Documentation/hwmon/sysfs-interface). */
async function readC(label: string, path: string): Promise<number> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw deviceFailure(label, "read", cause, READ_FAILURES);
  }
  if (!/^-?\d+\s*$/.test(text))
    throw new DeviceError(label, "read", "refused", { detail: `not a number: ${text.trim()}` });
  return Number(text) / 1_000;
}
