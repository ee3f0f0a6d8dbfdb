/** The supply in front of all boards: identified before it gives power, switched by its line. */
import type { MachineSupplySpec } from "../../boards/machine-spec.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { OutputLine } from "../../src/ports/lines.ts";
import type { PowerSupply, PowerSupplyIdentity } from "../../src/ports/peripherals.ts";

/** From the enable line to a settled output [?]. */
const SETTLE_MS = 300;

export class MachineSupply {
  readonly spec: MachineSupplySpec;
  isOn = false;
  identity: PowerSupplyIdentity | undefined;
  voltageV: number | null = null;
  readonly #enable: OutputLine;
  readonly #supply: PowerSupply;
  readonly #clock: Clock;
  /** Counts commands: an overtaken power-on does not switch on any more. */
  #command = 0;
  #turningOn: Promise<void> | undefined;
  #setV: number | undefined;
  #isSetting = false;
  #missedChecks = 0;
  /** It has told its voltage at least once: not every type does. */
  #hasTold = false;
  #checking: Promise<string | null> | undefined;
  /** Called when the output goes off, so that boards that hang on it know. */
  onOff: () => void = () => {};

  constructor(spec: MachineSupplySpec, enable: OutputLine, supply: PowerSupply, clock: Clock) {
    this.spec = spec;
    this.#enable = enable;
    this.#supply = supply;
    this.#clock = clock;
  }

  /** Rejects with DeviceError when it is of an unknown type, or does not answer: nothing is switched on then. */
  async identify(): Promise<PowerSupplyIdentity> {
    this.identity ??= await this.#supply.identify();
    return this.identity;
  }

  /** For the next board; boards that hash already keep at least what they have. */
  async turnOn(voltageV: number): Promise<void> {
    while (this.#turningOn !== undefined) await this.#turningOn.catch(() => {});
    if (this.isOn) {
      if (voltageV > (this.#setV ?? 0)) await this.setVoltage(voltageV);
      return;
    }
    const turning = this.#turnOn(voltageV).finally(() => {
      this.#turningOn = undefined;
    });
    this.#turningOn = turning;
    await turning;
  }

  async #turnOn(voltageV: number): Promise<void> {
    const command = ++this.#command;
    this.#missedChecks = 0;
    const isOvertaken = () => command !== this.#command;
    await this.identify();
    if (isOvertaken()) throw overtaken();
    await this.#supply.setVoltage(voltageV);
    this.#setV = voltageV;
    if (isOvertaken()) throw overtaken();
    await this.#enable.set(true);
    if (isOvertaken()) throw overtaken();
    this.isOn = true;
    await this.#clock.sleep(SETTLE_MS);
    if (isOvertaken()) throw overtaken();
  }

  /** On, settled, and not being told anything else right now. */
  get isReady(): boolean {
    return this.isOn && this.#turningOn === undefined && !this.#isSetting;
  }

  /** What it was last set to. */
  get targetV(): number | undefined {
    return this.#setV;
  }

  /** A no-op when unchanged. Rejects with DeviceError, RangeError outside the type's clamp. */
  async setVoltage(voltageV: number): Promise<void> {
    if (this.#setV === voltageV) return;
    this.#isSetting = true;
    const command = this.#command;
    try {
      await this.#supply.setVoltage(voltageV);
      if (command === this.#command) this.#setV = voltageV;
    } finally {
      this.#isSetting = false;
    }
  }

  /** The line drops before this returns. */
  turnOff(): Promise<void> {
    this.#command++;
    this.isOn = false;
    this.#setV = undefined;
    const dropped = this.#enable.set(false);
    this.onOff();
    return dropped;
  }

  /**
   * Resolves to why the supply cannot be relied upon, or null. One that stays silent is a fault only while it gives power,
   * and is asked one question at a time: others wait for the bus.
   */
  check(): Promise<string | null> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #check(): Promise<string | null> {
    if (!this.isReady) return null;
    const setV = this.#setV;
    try {
      this.voltageV = await this.#supply.readVoltage();
      if (this.voltageV === null && this.#hasTold)
        return this.#missed("it does not answer any more");
      this.#hasTold = this.voltageV !== null;
      this.#missedChecks = 0;
    } catch (error) {
      this.voltageV = null;
      return this.#missed(error instanceof Error ? error.message : String(error));
    }
    if (this.voltageV === null || setV === undefined || !this.isOn || setV !== this.#setV)
      return null;
    return this.voltageV < setV * LOWEST_SHARE
      ? `gives ${this.voltageV.toFixed(2)} V of the ${setV.toFixed(2)} V that were set`
      : null;
  }

  #missed(why: string): string | null {
    return this.isOn && ++this.#missedChecks >= MISSED_CHECKS ? why : null;
  }
}

/** In a row: one disturbed exchange is no silent supply. As many polls as make a sensor stale. */
const MISSED_CHECKS = 3;
/** Below this share of what was set the supply has browned out [ours]. */
const LOWEST_SHARE = 0.9;

function overtaken(): DeviceError {
  return new DeviceError("supply", "turn on", "refused", { detail: "told to be off meanwhile" });
}
