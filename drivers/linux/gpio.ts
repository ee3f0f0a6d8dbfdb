/**
 * GPIO lines of this machine, by their number in sysfs or through the character device of their chip: by the number first
 * where the declaration has one, because such a line surely keeps its level when the program dies. Tachometers always ask
 * the character device first, because it counts in the kernel.
 */

import { DeviceError } from "../../src/lib/errors.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { InputLine, LineSpec, OutputLine, Tachometer } from "../../src/ports/lines.ts";
import {
  type ChipLine,
  loadSystemCalls,
  openChipLine,
  openChipPulses,
  type SystemCalls,
} from "./gpio-character-device.ts";
import { GpioInput, GpioOutput, type LineUse, levelOf, type RawLine } from "./gpio-line.ts";
import { openNumberedLine, openNumberedPulses } from "./gpio-sysfs.ts";
import { type PulseSource, PulseTachometer } from "./pulse-tachometer.ts";

export interface GpioOptions {
  /** In front of /sys and /dev. */
  readonly root?: string;
  /** koffi's, unless told. */
  readonly system?: SystemCalls | undefined;
}

/** Driven to `active` from the first moment. Throws DeviceError "not-found", "busy" or "refused". */
export async function openOutput(
  line: LineSpec,
  active: boolean,
  options: GpioOptions = {},
): Promise<OutputLine> {
  return new GpioOutput(line, await openLine(line, levelOf(line, active), options));
}

/** Throws DeviceError "not-found", "busy" or "refused". */
export async function openInput(line: LineSpec, options: GpioOptions = {}): Promise<InputLine> {
  return new GpioInput(line, await openLine(line, "input", options));
}

/** Counts falling edges. Throws DeviceError "not-found", "busy" or "refused". */
export async function openTachometer(
  line: LineSpec,
  pulsesPerTurn: number,
  clock: Pick<Clock, "nowMs" | "every">,
  options: GpioOptions = {},
): Promise<Tachometer> {
  const pulses = await openPulses(line, options);
  return new PulseTachometer(line.label, pulsesPerTurn, pulses, clock);
}

async function openLine(line: LineSpec, use: LineUse, options: GpioOptions): Promise<RawLine> {
  const { root = "/" } = options;
  const byNumber = async () => openNumberedLine(line, use, root);
  const byChip = await chipRoute(line, options, (chipLine, system) =>
    openChipLine(chipLine, use, root, system),
  );
  return firstThatExists(line, line.sysfs === undefined ? [byChip, byNumber] : [byNumber, byChip]);
}

async function openPulses(line: LineSpec, options: GpioOptions): Promise<PulseSource> {
  const { root = "/" } = options;
  const byNumber = async () => openNumberedPulses(line, root);
  const byChip = await chipRoute(line, options, (chipLine, system) =>
    openChipPulses(chipLine, root, system),
  );
  return firstThatExists(line, [byChip, byNumber]);
}

/** `undefined` where no chip is named, or nothing can speak to it. */
async function chipRoute<T>(
  line: LineSpec,
  options: GpioOptions,
  open: (line: ChipLine, system: SystemCalls) => T,
): Promise<(() => Promise<T>) | undefined> {
  const { chip, offset } = line;
  if (chip === undefined || offset === undefined) return undefined;
  const system = "system" in options ? options.system : await loadSystemCalls();
  if (system === undefined) return undefined;
  return async () => open({ ...line, chip, offset }, system);
}

/** A line that exists but is busy or refused is not looked for elsewhere: it would be the same one. */
async function firstThatExists<T>(
  line: LineSpec,
  routes: readonly ((() => Promise<T>) | undefined)[],
): Promise<T> {
  const missing: string[] = [];
  for (const route of routes) {
    try {
      if (route !== undefined) return await route();
    } catch (error) {
      if (!(error instanceof DeviceError) || error.code !== "not-found") throw error;
      missing.push(error.message);
    }
  }
  const isWithoutKoffi = line.chip !== undefined && missing.length < routes.length;
  if (isWithoutKoffi) missing.push('the character device needs the optional package "koffi"');
  throw new DeviceError(line.label, "open", "not-found", { detail: missing.join("; ") });
}
