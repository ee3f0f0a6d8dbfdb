import type { Clock } from "./clock.ts";
import type { I2cBus } from "./i2c-bus.ts";
import type {
  InputLine,
  LineSpec,
  OutputLine,
  PwmOutput,
  PwmSpec,
  Tachometer,
  Watchdog,
} from "./lines.ts";
import type { Uart } from "./uart.ts";

/** What can be read off a machine without powering anything. */
export interface MachineFacts {
  /** "model" and "compatible" of the device tree; null and empty where there is none. */
  readonly deviceTree: { readonly model: string | null; readonly compatible: readonly string[] };
  readonly usb: readonly UsbFact[];
  readonly i2cBuses: readonly string[];
  /** Serial devices that exist. */
  readonly uarts: readonly string[];
}

export interface UsbFact {
  readonly vendorId: string;
  readonly productId: string;
  readonly manufacturer: string;
  readonly product: string;
  readonly serial: string | null;
  /** bcdDevice, e.g. "0101". */
  readonly release: string;
  /** Its serial devices, by interface number: control first on bitaxe-raw boards. */
  readonly uarts: readonly string[];
}

/** All that the guard needs from the machine under it. Everything opened exclusively; throws DeviceError "not-found", "busy", "refused". */
export interface MachinePlatform {
  readonly clock: Clock;
  readFacts(): Promise<MachineFacts>;
  openI2c(path: string): Promise<I2cBus>;
  /** The line is driven to `active` from the first moment, without a glitch. */
  openOutput(line: LineSpec, active: boolean): Promise<OutputLine>;
  openInput(line: LineSpec): Promise<InputLine>;
  openPwm(pwm: PwmSpec): Promise<PwmOutput>;
  openTachometer(line: LineSpec, pulsesPerTurn: number): Promise<Tachometer>;
  /** Starts it. */
  openWatchdog(path: string, timeoutS: number): Promise<Watchdog>;
  /** For boards behind USB. */
  openUart(path: string, baudRate: number): Promise<Uart>;
}
