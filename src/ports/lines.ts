/** Lines of the control board: switched outputs, inputs, pulse-width outputs, tachometers. Polarity is the declaration's. */

/** A GPIO line, found by the chip's label and an offset, or by its number in sysfs; what exists first wins. */
export interface LineSpec {
  /** What it does, for messages: "reset of chain 0". */
  readonly label: string;
  readonly chip?: string;
  readonly offset?: number;
  readonly sysfs?: number;
  /** The electrical level is low while the line is active. */
  readonly activeLow?: boolean;
}

export interface OutputLine extends AsyncDisposable {
  readonly label: string;
  /** Handed to the kernel before it returns where that is possible (not over USB). Rejects with DeviceError. */
  set(active: boolean): Promise<void>;
}

export interface InputLine extends AsyncDisposable {
  readonly label: string;
  /** Rejects with DeviceError. */
  get(): Promise<boolean>;
}

export interface PwmSpec {
  readonly label: string;
  /** Name in /sys/class/pwm, e.g. "pwmchip0". */
  readonly chip: string;
  readonly channel: number;
  readonly periodNs: number;
}

export interface PwmOutput extends AsyncDisposable {
  readonly label: string;
  /** 0 to 100. Rejects with DeviceError. */
  setDuty(dutyPercent: number): Promise<void>;
}

export interface Tachometer extends AsyncDisposable {
  readonly label: string;
  /** Turns per minute over about the last second; `undefined` until that long has passed. Rejects with DeviceError. */
  readRpm(): Promise<number | undefined>;
}

/** A watchdog of the hardware: it resets the control board unless it is petted. */
export interface Watchdog extends AsyncDisposable {
  readonly timeoutS: number;
  pet(): void;
  /** Stops it, after power went down in order; not every watchdog can. Resolves to whether it did. */
  disarm(): Promise<boolean>;
}
