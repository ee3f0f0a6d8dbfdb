/** A fan with its tachometer, and a group of them on one output. */
import type { Assumptions } from "./assumptions.ts";

/** Below it a rotor is taken to stand. */
const STANDSTILL_RPM = 60;
/** What a tachometer is asked about: the last second. */
const HISTORY_STEPS = 10;

export interface FanFaults {
  readonly isStalled: boolean;
  readonly isTachLost: boolean;
}

export class FanModel {
  readonly maxRpm: number;
  readonly #maxPowerW: number;
  readonly #assumptions: Assumptions;
  faults: FanFaults = { isStalled: false, isTachLost: false };
  #rpm = 0;
  /** Turns that the tachometer has seen, now and at each step of the last second. */
  #turns = 0;
  readonly #history: { readonly turns: number; readonly atMs: number }[] = [];

  constructor(size: "large" | "small", assumptions: Assumptions) {
    const isSmall = size === "small";
    this.maxRpm = isSmall ? assumptions.smallFanMaxRpm : assumptions.fanMaxRpm;
    this.#maxPowerW = isSmall ? assumptions.smallFanMaxW : assumptions.fanMaxW;
    this.#assumptions = assumptions;
  }

  get rpm(): number {
    return this.#rpm;
  }

  /** What a controller on its tachometer line measures. */
  get tachRpm(): number {
    return this.faults.isTachLost ? 0 : this.#rpm;
  }

  get powerW(): number {
    return this.#maxPowerW * (this.#rpm / this.maxRpm) ** 3;
  }

  /** Turns per minute by the whole pulses of about the last second. */
  countedRpm(pulsesPerTurn: number): number {
    const [oldest, newest] = [this.#history[0], this.#history.at(-1)];
    if (oldest === undefined || newest === undefined || newest.atMs === oldest.atMs) return 0;
    const pulsesAt = ({ turns }: { turns: number }) => Math.floor(turns * pulsesPerTurn);
    const pulses = pulsesAt(newest) - pulsesAt(oldest);
    return (pulses * 60_000) / (pulsesPerTurn * (newest.atMs - oldest.atMs));
  }

  advance(seconds: number, nowMs: number, dutyPercent: number): void {
    const { fanSpinUpS, fanStartDutyPercent } = this.#assumptions;
    const isDriven = !this.faults.isStalled && dutyPercent >= fanStartDutyPercent;
    const targetRpm = isDriven ? (this.maxRpm * dutyPercent) / 100 : 0;
    this.#rpm += (targetRpm - this.#rpm) * (1 - Math.exp(-seconds / fanSpinUpS));
    if (!isDriven && this.#rpm < STANDSTILL_RPM) this.#rpm = 0;
    this.#turns += (this.tachRpm / 60) * seconds;
    this.#history.push({ turns: this.#turns, atMs: nowMs });
    if (this.#history.length > HISTORY_STEPS + 1) this.#history.shift();
  }
}

export class FanGroupModel {
  readonly name: string;
  readonly fans: readonly FanModel[];
  dutyPercent: number;

  constructor(name: string, fans: readonly FanModel[], dutyPercent: number) {
    this.name = name;
    this.fans = fans;
    this.dutyPercent = dutyPercent;
  }

  advance(seconds: number, nowMs: number): void {
    for (const fan of this.fans) fan.advance(seconds, nowMs, this.dutyPercent);
  }
}
