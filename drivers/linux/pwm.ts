/** A pulse-width output of /sys/class/pwm, for fans. It goes on as it is when it is closed, and when the program dies. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DeviceError } from "../../src/lib/errors.ts";
import type { PwmOutput, PwmSpec } from "../../src/ports/lines.ts";
import { deviceFailure, type FailureCodes, OPEN_FAILURES, USE_FAILURES } from "./device-failure.ts";
import { writeAttribute } from "./sysfs-attribute.ts";

/** Leaves the duty as it was until the first `setDuty`. Throws DeviceError "not-found", "busy" or "refused". */
export async function openPwm(
  pwm: PwmSpec,
  { root = "/" }: { readonly root?: string } = {},
): Promise<PwmOutput> {
  const { label, chip, channel, periodNs } = pwm;
  if (!Number.isInteger(periodNs) || periodNs <= 0)
    throw new DeviceError(label, "open", "refused", { detail: `a period of ${periodNs} ns` });
  const chipFolder = join(root, "sys/class/pwm", chip);
  if (!existsSync(chipFolder)) throw new DeviceError(label, "open", "not-found", { detail: chip });
  const folder = join(chipFolder, `pwm${channel}`);
  if (!existsSync(folder)) {
    write(label, join(chipFolder, "export"), channel, { ...OPEN_FAILURES, EINVAL: "not-found" });
    if (!existsSync(folder))
      throw new DeviceError(label, "open", "not-found", { detail: `${chip}/pwm${channel}` });
  }
  setPeriod(label, folder, periodNs);
  return new SysfsPwm(label, folder, periodNs);
}

class SysfsPwm implements PwmOutput {
  readonly label: string;
  readonly #folder: string;
  readonly #periodNs: number;
  #isClosed = false;

  constructor(label: string, folder: string, periodNs: number) {
    this.label = label;
    this.#folder = folder;
    this.#periodNs = periodNs;
  }

  async setDuty(dutyPercent: number): Promise<void> {
    if (this.#isClosed) throw new DeviceError(this.label, "set duty", "gone", { detail: "closed" });
    if (!(dutyPercent >= 0 && dutyPercent <= 100))
      throw new DeviceError(this.label, "set duty", "refused", {
        detail: `${dutyPercent} %; allowed: 0 to 100`,
      });
    const dutyNs = Math.round((this.#periodNs * dutyPercent) / 100);
    write(this.label, join(this.#folder, "duty_cycle"), dutyNs, USE_FAILURES);
    // Every time: another program may have switched it off, and then a duty alone moves no fan.
    write(this.label, join(this.#folder, "enable"), 1, USE_FAILURES);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
  }
}

/** The kernel takes no period below the duty; fans that run already stay at full until the first `setDuty`. */
function setPeriod(label: string, folder: string, periodNs: number): void {
  const dutyNs = read(label, join(folder, "duty_cycle"));
  if (dutyNs > periodNs) write(label, join(folder, "duty_cycle"), periodNs, OPEN_FAILURES);
  if (read(label, join(folder, "period")) !== periodNs)
    write(label, join(folder, "period"), periodNs, OPEN_FAILURES);
}

function read(label: string, path: string): number {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch (cause) {
    throw deviceFailure(label, "open", cause, OPEN_FAILURES);
  }
}

function write(label: string, path: string, value: number, codes: FailureCodes): void {
  try {
    writeAttribute(path, value);
  } catch (cause) {
    throw deviceFailure(label, "write", cause, codes);
  }
}
