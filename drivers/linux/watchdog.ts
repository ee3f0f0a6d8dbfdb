/**
 * The watchdog of the hardware, /dev/watchdog: opening it starts it, any byte pets it, and only "V" before closing stops it
 * (Documentation/watchdog/watchdog-api). A program that dies closes without a "V", and the board resets.
 */

import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { DeviceError } from "../../src/lib/errors.ts";
import type { Watchdog } from "../../src/ports/lines.ts";
import { deviceFailure, OPEN_FAILURES, USE_FAILURES } from "./device-failure.ts";
import { loadSystemCalls, type SystemCalls } from "./gpio-character-device.ts";

export interface WatchdogOptions {
  /** In front of /dev and /sys. */
  readonly root?: string;
  /** koffi's, unless told. */
  readonly system?: SystemCalls | undefined;
}

/**
 * Starts it; `timeoutS` of the result is what the hardware made of the wish. Throws DeviceError "not-found", "busy" (another
 * program pets it), or "refused": no permission, its time is unknown, or it stops when its program dies.
 */
export async function openWatchdog(
  path: string,
  timeoutS: number,
  options: WatchdogOptions = {},
): Promise<Watchdog> {
  if (!Number.isInteger(timeoutS) || timeoutS < 1)
    throw new DeviceError(path, "open", "refused", { detail: `a timeout of ${timeoutS} s` });
  const { root = "/" } = options;
  // Before it runs: nothing may fail between its start and the first pet that could fail earlier.
  const system = "system" in options ? options.system : await loadSystemCalls();
  const facts = new WatchdogFacts(root, path);
  const open = () => openToWrite(root, path);
  const fd = open();
  const giveUp = (detail: string) => {
    writeSync(fd, STOP);
    closeSync(fd);
    return new DeviceError(path, "open", "refused", { detail });
  };
  if (system !== undefined && stopsWithProgram(fd, system) && facts.read("nowayout") !== "1")
    throw giveUp("it would stop with the program, so it guards against nothing");
  const actualS = setTimeoutS(fd, timeoutS, system) ?? facts.readSeconds("timeout");
  if (actualS === undefined) throw giveUp("it does not say after how long it resets");
  return new LinuxWatchdog(path, actualS, fd, facts, open);
}

function openToWrite(root: string, path: string): number {
  try {
    return openSync(join(root, path), constants.O_WRONLY);
  } catch (cause) {
    throw deviceFailure(path, "open", cause, OPEN_FAILURES);
  }
}

class LinuxWatchdog implements Watchdog {
  readonly timeoutS: number;
  readonly #path: string;
  readonly #facts: WatchdogFacts;
  readonly #open: () => number;
  #fd: number | undefined;
  /** Nobody pets it any more, and it may run. */
  #isLost = false;

  constructor(
    path: string,
    timeoutS: number,
    fd: number,
    facts: WatchdogFacts,
    open: () => number,
  ) {
    this.#open = open;
    this.#path = path;
    this.timeoutS = timeoutS;
    this.#fd = fd;
    this.#facts = facts;
  }

  /** Does nothing to one that was stopped or given back. Throws DeviceError where petting is needed and fails. */
  pet(): void {
    if (this.#isLost)
      throw new DeviceError(this.#path, "pet", "refused", { detail: "it may not have stopped" });
    if (this.#fd === undefined) return;
    try {
      writeSync(this.#fd, PET);
    } catch (cause) {
      throw deviceFailure(this.#path, "pet", cause, USE_FAILURES);
    }
  }

  /**
   * One that cannot stop, or did not, is open afterwards and can be petted. Where the kernel does not say whether it stopped
   * it is false, too, but opening would start it: whoever flashes the machine would be reset while it writes.
   */
  async disarm(): Promise<boolean> {
    if (this.#fd === undefined || this.#facts.read("nowayout") === "1") return false;
    try {
      writeSync(this.#fd, STOP);
    } catch (cause) {
      throw deviceFailure(this.#path, "disarm", cause, USE_FAILURES);
    }
    this.#close();
    const state = this.#facts.read("state");
    const isStopped =
      state === undefined ? this.#facts.read("nowayout") === "0" : state === "inactive";
    if (isStopped) return true;
    this.#isLost = true;
    if (state === undefined) return false;
    this.#fd = this.#open();
    this.#isLost = false;
    return false;
  }

  /** It goes on running: without a `disarm` before, the board resets. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isLost = false;
    this.#close();
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** Never a "V". */
const PET = "\0";
const STOP = "V";
/** <linux/watchdog.h>: WDIOC_GETSUPPORT, WDIOC_SETTIMEOUT, WDIOC_GETTIMEOUT; an int goes in and out. */
const GET_SUPPORT = 0x8028_5700;
const SET_TIMEOUT = 0xc004_5706;
const GET_TIMEOUT = 0x8004_5707;
/** struct watchdog_info: options, firmware version, identity. */
const SUPPORT_LENGTH = 40;
/** WDIOF_MAGICCLOSE: without it any close stops it, also that of a dead program. */
const MAGIC_CLOSE = 0x0100;

function stopsWithProgram(fd: number, system: SystemCalls): boolean {
  const support = new Uint32Array(SUPPORT_LENGTH / 4);
  try {
    system.ioctl(fd, GET_SUPPORT, new Uint8Array(support.buffer));
  } catch {
    return false; // a driver that does not say; the kernel's own core does
  }
  return ((support[0] ?? 0) & MAGIC_CLOSE) === 0;
}

/** What it is now; `undefined` when it cannot be asked. */
function setTimeoutS(
  fd: number,
  timeoutS: number,
  system: SystemCalls | undefined,
): number | undefined {
  const value = Int32Array.of(timeoutS);
  for (const request of [SET_TIMEOUT, GET_TIMEOUT]) {
    try {
      system?.ioctl(fd, request, new Uint8Array(value.buffer));
      if (system !== undefined) return value[0];
    } catch {
      // A fixed time is a fact about the hardware, not a failure.
    }
  }
  return undefined;
}

/** What the kernel tells beside the device (CONFIG_WATCHDOG_SYSFS); /dev/watchdog is the first one. */
class WatchdogFacts {
  readonly #folder: string;

  constructor(root: string, path: string) {
    const name = basename(path) === "watchdog" ? "watchdog0" : basename(path);
    this.#folder = join(root, "sys/class/watchdog", name);
  }

  read(attribute: "nowayout" | "state" | "timeout"): string | undefined {
    try {
      return readFileSync(join(this.#folder, attribute), "utf8").trim();
    } catch {
      return undefined;
    }
  }

  readSeconds(attribute: "timeout"): number | undefined {
    const seconds = Number(this.read(attribute));
    return seconds > 0 ? seconds : undefined;
  }
}
