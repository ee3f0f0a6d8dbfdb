/** One hashboard's power, reset and sensors: how it is switched on in order, and off at once. */
import type { MachineChainSpec, SensorSpec } from "../../boards/machine-spec.ts";
import type { SupplyState } from "../../src/control/board-policy-types.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { InputLine, OutputLine } from "../../src/ports/lines.ts";
import type {
  BoardSupply,
  SupplyReadings,
  TemperatureSensor,
} from "../../src/ports/peripherals.ts";
import type { MachineSupply } from "./machine-supply.ts";

/** Bitaxe: 500 ms after the regulator, then reset is released and 200 ms pass (bitaxe-raw boards [D]); others as that [?]. */
const SUPPLY_SETTLE_MS = 500;
const RESET_SETTLE_MS = 200;
/** A supply that does not confirm "off" is told again; after these attempts the machine's supply goes. */
const OFF_ATTEMPTS = 3;
/** Between attempts at a sensor: one disturbed transfer is no lost sensor. */
const SENSOR_RETRY_MS = 20;
const SENSOR_ATTEMPTS = 3;
/** Of the second attempt: what takes longer to fail times out, or waits for a busy bus, and power off cannot wait for a third. */
const THIRD_ATTEMPT_WITHIN_MS = 100;
/** So many of a board that fail one after the other are no disturbance; asking them again would only make it late. */
const SENSORS_THAT_PROVE = 3;
/** A supply that reports and then is silent for so many polls in a row could not be switched off, either. */
const SUPPLY_READS_MISSED = 3;

export interface BoardParts {
  readonly spec: MachineChainSpec;
  readonly index: number;
  readonly reset: OutputLine;
  readonly enable: OutputLine | undefined;
  readonly plugDetect: InputLine | undefined;
  readonly sensors: readonly { readonly spec: SensorSpec; readonly sensor: TemperatureSensor }[];
  readonly supply: BoardSupply | undefined;
  /** The supply of all boards. */
  readonly machineSupply: MachineSupply | undefined;
}

/** A sensor's sample of one poll. */
export type Sample =
  | { readonly name: string; readonly valueC: number }
  | { readonly name: string; readonly failed: string };

export class BoardHardware {
  readonly index: number;
  readonly where: string;
  readonly spec: MachineChainSpec;
  /** Where the power is, as far as it has been confirmed. */
  state: SupplyState = "off";
  /** Why the last switching failed, or what the supply complains about; null when all is well. */
  fault: string | null = null;
  /** Number of this power-on; 0 while there is none. */
  grant = 0;
  readings: SupplyReadings | undefined;
  readonly #parts: BoardParts;
  readonly #clock: Clock;
  #powerOns = 0;
  /** Counts commands: whatever an overtaken power-on still wanted to do is void. */
  #command = 0;
  #turningOff: Promise<void> | undefined;
  /** "On", on its way to the supply: an urgent "off" overtakes it on the bus. */
  #telling: Promise<void> | undefined;
  #missedBeats = 0;
  #missedReads = 0;
  /** Sensors that did not answer when they were last asked. */
  readonly #failing = new Set<number>();

  constructor(parts: BoardParts, clock: Clock) {
    this.index = parts.index;
    this.where = `chain ${parts.index}`;
    this.spec = parts.spec;
    this.#parts = parts;
    this.#clock = clock;
  }

  /** Only the machine's supply can take this board's power. */
  get hangsOnMachineSupply(): boolean {
    return this.#parts.enable === undefined && this.#parts.supply === undefined;
  }

  get hasBeat(): boolean {
    return this.#parts.supply?.beat !== undefined;
  }

  async isPresent(): Promise<boolean> {
    const { plugDetect } = this.#parts;
    return plugDetect === undefined || plugDetect.get();
  }

  /** Power, then a pause, then the chips out of reset. Rejects with DeviceError; power is off then. */
  async powerOn(voltage: { readonly startV: number; readonly workingV: number }): Promise<void> {
    const { reset, enable, supply, machineSupply } = this.#parts;
    const command = ++this.#command;
    const isOvertaken = () => command !== this.#command;
    this.state = "turning-on";
    this.fault = null;
    try {
      await this.#turningOff;
      await reset.set(true);
      if (isOvertaken()) return;
      await machineSupply?.turnOn(voltage.startV);
      if (isOvertaken()) return;
      await enable?.set(true);
      if (isOvertaken()) return;
      await supply?.prepare();
      if (isOvertaken()) return;
      const telling = supply?.turnOn(voltage.startV);
      this.#telling = telling;
      await telling;
      if (this.#telling === telling) this.#telling = undefined;
      await this.#clock.sleep(SUPPLY_SETTLE_MS);
      if (isOvertaken()) return;
      await reset.set(false);
      await this.#clock.sleep(RESET_SETTLE_MS);
      if (isOvertaken()) return;
      this.state = "on";
      this.#missedBeats = 0;
      this.#missedReads = 0;
      this.grant = ++this.#powerOns;
    } catch (error) {
      if (isOvertaken()) throw error;
      void this.powerOff().catch(() => {});
      this.fault = messageOf(error);
      throw error;
    }
  }

  /** Everything is on its way before this returns; resolves when the parts have confirmed it, rejects when they did not. */
  powerOff(): Promise<void> {
    this.#command++;
    this.grant = 0;
    if (this.state === "off") return Promise.resolve();
    if (this.state !== "turning-off" || this.#turningOff === undefined) {
      this.state = "turning-off";
      const turning = this.#switchOff().finally(() => {
        if (this.#turningOff === turning) this.#turningOff = undefined;
      });
      this.#turningOff = turning;
      turning.catch(() => {});
    }
    return this.#turningOff;
  }

  /**
   * Without power for as long as the others need the supply that they share: the chips are held in reset and take next to
   * nothing. For a restart, never for a trip. Resolves when the line has moved; where it does not, the supply goes.
   */
  async holdInReset(): Promise<void> {
    this.#command++;
    this.grant = 0;
    try {
      await this.#parts.reset.set(true);
      this.state = "off";
    } catch {
      await this.powerOff();
    }
  }

  /** The machine's supply went off beneath it. */
  lostSupply(): boolean {
    if (this.state !== "on" && this.state !== "turning-on") return false;
    this.#command++;
    this.grant = 0;
    this.state = "off";
    const { reset, enable, supply } = this.#parts;
    const told = [reset.set(true), enable?.set(false), supply?.turnOff("routine")];
    for (const one of told) one?.catch(() => {});
    return true;
  }

  async #switchOff(): Promise<void> {
    const { reset, enable, supply, machineSupply } = this.#parts;
    // Lines first: they do not wait for any bus.
    const lines = [reset.set(true), ...(enable === undefined ? [] : [enable.set(false)])];
    if (this.hangsOnMachineSupply) {
      try {
        await Promise.all([...lines, machineSupply?.turnOff()]);
      } catch (error) {
        this.fault = messageOf(error);
        this.state = "failed";
        throw error;
      }
    } else {
      const told = [...lines, ...(supply === undefined ? [] : [this.#turnOffSupply(supply)])];
      const failed = (await Promise.allSettled(told)).find(({ status }) => status === "rejected");
      if (failed?.status === "rejected") {
        this.fault = messageOf(failed.reason);
        this.state = "failed";
        if (machineSupply === undefined) throw failed.reason;
        await machineSupply.turnOff();
      }
    }
    this.state = "off";
  }

  /** No sensor answered when it was last asked, and they are too many for chance. */
  get haveAllSensorsFailed(): boolean {
    const { length } = this.#parts.sensors;
    return length >= SENSORS_THAT_PROVE && this.#failing.size === length;
  }

  async #turnOffSupply(supply: BoardSupply): Promise<void> {
    const telling = this.#telling;
    this.#telling = undefined;
    await turnOff(supply);
    if (telling === undefined) return;
    // What was overtaken comes to pass after all, and is undone.
    await telling.catch(() => {});
    await turnOff(supply);
  }

  /**
   * One sample of every sensor, by its place in the declaration, as soon as it is there: behind a slow bus the last one is
   * seconds after the first. Those that fail are asked again, once or twice where few of them do. Resolves to whether any
   * answered; never rejects.
   */
  async readSensors(onSample: (index: number, sample: Sample) => void): Promise<boolean> {
    const { sensors } = this.#parts;
    let failed = new Map<number, Sample>();
    const read = async (indexes: Iterable<number>) => {
      failed = new Map();
      for (const i of indexes) {
        const sample = await sampleOf(sensors[i] as (typeof sensors)[number]);
        if ("failed" in sample) {
          failed.set(i, sample);
          this.#failing.add(i);
        } else {
          this.#failing.delete(i);
          onSample(i, sample);
        }
      }
    };
    await read(sensors.keys());
    const againFromMs = this.#clock.nowMs();
    for (let attempt = 2; attempt <= SENSOR_ATTEMPTS && failed.size > 0; attempt++) {
      if (this.haveAllSensorsFailed) break;
      if (this.#clock.nowMs() - againFromMs > THIRD_ATTEMPT_WITHIN_MS) break;
      await this.#clock.sleep(SENSOR_RETRY_MS);
      await read([...failed.keys()]);
    }
    for (const [i, sample] of failed) onSample(i, sample);
    return failed.size < sensors.length;
  }

  /** What the supply says about itself; a fault that it reports is kept in `fault` while there is power. */
  async readSupply(): Promise<void> {
    const { supply } = this.#parts;
    if (supply === undefined) return;
    const command = this.#command;
    try {
      const readings = await supply.read();
      this.readings = readings;
      this.#missedReads = 0;
      if (command === this.#command && this.state === "on")
        this.fault = readings.faults.length > 0 ? readings.faults.join(", ") : null;
    } catch (error) {
      this.readings = undefined;
      if (command !== this.#command || this.state !== "on") return;
      this.#missedReads++;
      if (this.#missedReads >= SUPPLY_READS_MISSED)
        this.fault = `it is silent: ${messageOf(error)}`;
    }
  }

  /** Keeps the supply's output on. After two missed beats in a row the supply counts as failed. */
  async beat(): Promise<void> {
    const beat = this.#parts.supply?.beat;
    if (beat === undefined || this.state !== "on") return;
    const command = this.#command;
    try {
      await beat.call(this.#parts.supply);
      this.#missedBeats = 0;
    } catch (error) {
      if (command !== this.#command) return;
      this.#missedBeats++;
      if (this.#missedBeats >= 2) this.fault = `no answer to its heartbeat: ${messageOf(error)}`;
    }
  }
}

async function sampleOf({
  spec: { name },
  sensor,
}: BoardParts["sensors"][number]): Promise<Sample> {
  try {
    return { name, valueC: await sensor.readC() };
  } catch (error) {
    return { name, failed: messageOf(error) };
  }
}

async function turnOff(supply: BoardSupply): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await supply.turnOff("urgent");
      return;
    } catch (error) {
      if (attempt === OFF_ATTEMPTS) throw error;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
