/**
 * What the guard has opened of a machine, closed together: lines, fans, and its I²C buses, each once and owned: of the control
 * board, behind USB, behind a board's own supply. Closing changes no level.
 */
import type { BusRef, LineRef, MachineChainSpec } from "../../boards/machine-spec.ts";
import { type BitaxeRaw, openBitaxeRaw } from "../../drivers/bitaxe-raw/bitaxe-raw.ts";
import { OwnedI2cBus } from "../../drivers/i2c/owned-bus.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import type { SharedI2cBus } from "../../src/ports/i2c-bus.ts";
import type {
  InputLine,
  LineSpec,
  OutputLine,
  PwmOutput,
  PwmSpec,
  Tachometer,
} from "../../src/ports/lines.ts";
import type { MachinePlatform } from "../../src/ports/machine-platform.ts";

/** The control port of a bitaxe-raw board ignores its rate. */
const CONTROL_BAUD = 115_200;

export class OpenPorts implements AsyncDisposable {
  readonly #platform: MachinePlatform;
  readonly #usbControl: string | undefined;
  readonly #owned = new Map<string, Promise<OwnedI2cBus>>();
  readonly #lines: AsyncDisposable[] = [];
  #usb: Promise<BitaxeRaw> | undefined;

  /** `usbControl`: serial device of a USB board's control port. */
  constructor(platform: MachinePlatform, usbControl: string | undefined) {
    this.#platform = platform;
    this.#usbControl = usbControl;
  }

  /** Throws DeviceError. `chain`: whose supply "supply" means. */
  async open(ref: BusRef, chain?: MachineChainSpec): Promise<SharedI2cBus> {
    switch (ref.via) {
      case "i2c":
        return this.#own(ref.path, () => this.#platform.openI2c(ref.path));
      case "usb":
        return this.#own("usb", async () => (await this.#openUsb()).i2c);
      case "supply": {
        const supply = chain?.supply;
        const passThrough = supply?.driver.passThrough;
        if (supply === undefined || passThrough === undefined)
          throw new DeviceError("supply", "pass I²C through", "refused");
        return passThrough(await this.open(supply.bus), supply.address, this.#platform.clock);
      }
      default:
        return ref satisfies never;
    }
  }

  async openOutput(ref: LineRef, active: boolean): Promise<OutputLine> {
    if (ref.via === "gpio") return this.#keep(await this.#platform.openOutput(ref, active));
    return this.#keep(await (await this.#openUsb()).openOutput(ref, active));
  }

  async openInput(ref: LineRef): Promise<InputLine> {
    if (ref.via === "gpio") return this.#keep(await this.#platform.openInput(ref));
    return this.#keep(await (await this.#openUsb()).openInput(ref));
  }

  async openPwm(pwm: PwmSpec): Promise<PwmOutput> {
    return this.#keep(await this.#platform.openPwm(pwm));
  }

  async openTachometer(line: LineSpec, pulsesPerTurn: number): Promise<Tachometer> {
    return this.#keep(await this.#platform.openTachometer(line, pulsesPerTurn));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.#lines.splice(0)) await line[Symbol.asyncDispose]();
    for (const bus of this.#owned.values())
      await (await bus.catch(() => undefined))?.[Symbol.asyncDispose]();
    await (await this.#usb?.catch(() => undefined))?.[Symbol.asyncDispose]();
  }

  #own(name: string, open: () => ReturnType<MachinePlatform["openI2c"]>): Promise<OwnedI2cBus> {
    let bus = this.#owned.get(name);
    if (bus === undefined) {
      bus = open().then((raw) => new OwnedI2cBus(raw, this.#platform.clock));
      this.#owned.set(name, bus);
      // A bus that could not be opened may be asked for again.
      bus.catch(() => this.#owned.delete(name));
    }
    return bus;
  }

  #keep<T extends AsyncDisposable>(line: T): T {
    this.#lines.push(line);
    return line;
  }

  #openUsb(): Promise<BitaxeRaw> {
    const path = this.#usbControl;
    if (path === undefined)
      return Promise.reject(new DeviceError("usb", "find the control port", "not-found"));
    if (this.#usb === undefined) {
      const usb = this.#platform
        .openUart(path, CONTROL_BAUD)
        .then((uart) => openBitaxeRaw(uart, this.#platform.clock));
      this.#usb = usb;
      usb.catch(() => {
        this.#usb = undefined;
      });
    }
    return this.#usb;
  }
}
