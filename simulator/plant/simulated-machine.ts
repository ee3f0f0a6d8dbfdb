/** The plant's ports in this process: what `drivers/linux` is on hardware. */

import { DeviceError, type DeviceErrorCode } from "../../src/lib/errors.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { I2cBus } from "../../src/ports/i2c-bus.ts";
import type {
  InputLine,
  LineSpec,
  OutputLine,
  PwmOutput,
  PwmSpec,
  Tachometer,
  Watchdog,
} from "../../src/ports/lines.ts";
import type { MachineFacts, MachinePlatform } from "../../src/ports/machine-platform.ts";
import type { Uart } from "../../src/ports/uart.ts";
import { openSimUart } from "../sim-uart.ts";
import type { BitaxeRawModel } from "./bitaxe-raw-model.ts";
import type { FanGroupModel, FanModel } from "./fan-model.ts";
import type { I2cBusModel } from "./i2c-bus-model.ts";
import { type LineBank, type LineModel, levelOf } from "./line-model.ts";
import type { WatchdogModel } from "./watchdog-model.ts";

export interface CountedFan {
  readonly fan: FanModel;
  readonly pulsesPerTurn: number;
}

/** What there is to open. */
export interface MachineInside {
  readonly clock: Clock;
  facts(): MachineFacts;
  readonly buses: ReadonlyMap<string, I2cBusModel>;
  readonly lines: LineBank;
  /** By `pwmKey`. */
  readonly pwms: ReadonlyMap<string, readonly FanGroupModel[]>;
  readonly tachometers: ReadonlyMap<LineModel, CountedFan>;
  readonly watchdog: WatchdogModel | undefined;
  readonly usbControl: BitaxeRawModel | undefined;
  readonly onWatchdog: (isRunning: boolean) => void;
}

/** Turns are counted over this long. */
const TACHOMETER_MS = 1_000;

export class SimulatedMachine implements MachinePlatform {
  readonly clock: Clock;
  readonly #inside: MachineInside;
  readonly #leases = new Map<string, Lease>();

  constructor(inside: MachineInside) {
    this.clock = inside.clock;
    this.#inside = inside;
  }

  /** The control board starts anew: whoever had something open has nothing any more. */
  reset(): void {
    for (const lease of this.#leases.values()) lease.end();
    this.#leases.clear();
    for (const groups of this.#inside.pwms.values())
      for (const group of groups) group.dutyPercent = 100;
    this.#inside.lines.release();
  }

  async readFacts(): Promise<MachineFacts> {
    return this.#inside.facts();
  }

  async openI2c(path: string): Promise<I2cBus> {
    const bus = path === "usb" ? undefined : this.#inside.buses.get(path);
    if (bus === undefined) throw fail(path, "open", "not-found");
    const lease = this.#take(path, path);
    return {
      path,
      async transfer(address, write, readLength) {
        lease.check("transfer");
        return bus.transfer(address, write, readLength);
      },
      [Symbol.asyncDispose]: lease.close,
    };
  }

  async openOutput(spec: LineSpec, active: boolean): Promise<OutputLine> {
    const { line, lease } = this.#takeLine(spec);
    const { lines } = this.#inside;
    lines.drive(line, levelOf(spec, active));
    return {
      label: spec.label,
      async set(toActive) {
        lease.check("set");
        lines.drive(line, levelOf(spec, toActive));
      },
      [Symbol.asyncDispose]: lease.close,
    };
  }

  async openInput(spec: LineSpec): Promise<InputLine> {
    const { line, lease } = this.#takeLine(spec);
    return {
      label: spec.label,
      async get() {
        lease.check("get");
        return line.level === levelOf(spec, true);
      },
      [Symbol.asyncDispose]: lease.close,
    };
  }

  async openPwm(spec: PwmSpec): Promise<PwmOutput> {
    const { label } = spec;
    const groups = this.#inside.pwms.get(pwmKey(spec));
    if (groups === undefined) throw fail(label, "open", "not-found", pwmKey(spec));
    const lease = this.#take(pwmKey(spec), label);
    return {
      label,
      async setDuty(dutyPercent) {
        lease.check("set duty");
        if (!(dutyPercent >= 0 && dutyPercent <= 100))
          throw fail(label, "set duty", "refused", `${dutyPercent} %; allowed: 0 to 100`);
        for (const group of groups) group.dutyPercent = dutyPercent;
      },
      [Symbol.asyncDispose]: lease.close,
    };
  }

  async openTachometer(spec: LineSpec, pulsesPerTurn: number): Promise<Tachometer> {
    const { line, lease } = this.#takeLine(spec);
    const { clock, tachometers } = this.#inside;
    const counted = tachometers.get(line);
    const openedMs = clock.nowMs();
    return {
      label: spec.label,
      async readRpm() {
        lease.check("read");
        if (clock.nowMs() - openedMs < TACHOMETER_MS) return undefined;
        if (counted === undefined) return 0;
        const { fan, pulsesPerTurn: realPulses } = counted;
        return (fan.countedRpm(realPulses) * realPulses) / pulsesPerTurn;
      },
      [Symbol.asyncDispose]: lease.close,
    };
  }

  async openWatchdog(path: string, timeoutS: number): Promise<Watchdog> {
    const { watchdog, onWatchdog } = this.#inside;
    if (watchdog === undefined || watchdog.path !== path) throw fail(path, "open", "not-found");
    const lease = this.#take(path, path);
    watchdog.start(timeoutS);
    onWatchdog(true);
    return {
      timeoutS,
      pet() {
        if (!lease.isOver) watchdog.pet();
      },
      async disarm() {
        lease.check("disarm");
        if (watchdog.isRunning) {
          watchdog.stop();
          onWatchdog(false);
        }
        return true;
      },
      [Symbol.asyncDispose]: lease.close,
    };
  }

  async openUart(path: string, baudRate: number): Promise<Uart> {
    const { clock, usbControl } = this.#inside;
    const isControl = this.#inside.facts().usb.some(({ uarts }) => uarts[0] === path);
    if (usbControl === undefined || !isControl) throw fail(path, "open", "not-found");
    const lease = this.#take(path, path);
    const { uart, device } = openSimUart({ clock, path, baudRate });
    const heard = device.onData((bytes) => usbControl.receive(bytes));
    const said = usbControl.onTransmit((bytes) => device.write(bytes));
    const close = uart[Symbol.asyncDispose].bind(uart);
    return Object.assign(uart, {
      [Symbol.asyncDispose]: async () => {
        heard[Symbol.dispose]();
        said[Symbol.dispose]();
        await close();
        await lease.close();
      },
    });
  }

  #takeLine(spec: LineSpec): { readonly line: LineModel; readonly lease: Lease } {
    const line = this.#inside.lines.find(spec);
    if (line === undefined) throw fail(spec.label, "open", "not-found");
    return { line, lease: this.#take(`line ${line.id}`, spec.label) };
  }

  #take(key: string, device: string): Lease {
    if (this.#leases.has(key)) throw fail(device, "open", "busy");
    const lease = new Lease(device, () => {
      if (this.#leases.get(key) === lease) this.#leases.delete(key);
    });
    this.#leases.set(key, lease);
    return lease;
  }
}

export function pwmKey({ chip, channel }: Pick<PwmSpec, "chip" | "channel">): string {
  return `${chip} pwm${channel}`;
}

/** The right of one owner to what he has opened. */
class Lease {
  readonly #device: string;
  readonly #onEnd: () => void;
  isOver = false;
  /** Levels and duties stay as they are. */
  readonly close = async (): Promise<void> => this.end();

  constructor(device: string, onEnd: () => void) {
    this.#device = device;
    this.#onEnd = onEnd;
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#onEnd();
  }

  /** Throws DeviceError "gone" when it is over. */
  check(operation: string): void {
    if (this.isOver) throw fail(this.#device, operation, "gone", "closed");
  }
}

function fail(device: string, operation: string, code: DeviceErrorCode, detail?: string) {
  return new DeviceError(device, operation, code, detail === undefined ? {} : { detail });
}
