/** One board with heat, sensors, fans, supply and a miner, all of which can fail, under the real decisions. */
import { clearLatch, decideBoard, newBoardMemory } from "../../src/control/board-policy.ts";
import type {
  BoardDecision,
  BoardFacts,
  BoardMemory,
  MachineState,
  SensorFact,
} from "../../src/control/board-policy-types.ts";
import { type FanFacts, newFanMemory, stepFans } from "../../src/control/fan-control.ts";
import { newFanProof, stepFanProof, tooFewForMs } from "../../src/control/fan-proof.ts";
import { MinerSilence } from "../../src/control/miner-silence.ts";
import {
  newSensorMemory,
  readingOf,
  type SensorMemory,
  takeSample,
} from "../../src/control/sensor-filter.ts";
import { boardLimits, dieLimits } from "./builders.ts";
import { Heat } from "./heat.ts";

export const TICK_MS = 100;
export const POLL_MS = 1_000;
export const STALE_MS = 3 * POLL_MS;
const FANS = 2;
/** From power until the chips hash: bring-up. */
const BRING_UP_MS = 20_000;
/** Of the supply, from a command until it has happened. */
const SWITCH_MS = 700;
const RAMP_MHZ_PER_S = 62.5;
const FULL_MHZ = 525;

/** Which sensors a board has: one is all there is to go by, chips may tell their temperature or not. */
export type SensorSet = "board" | "two-of-board" | "board-die";

export type SensorFault = "none" | "lost" | "absurd" | "noisy" | "once-high" | "once-low";

/** What a history may do to the world; everything stays until it is done again. */
export type Doing =
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "sensor"; readonly which: number; readonly fault: SensorFault }
  /** Hung: no sensor says anything any more, not even that it fails. */
  | { readonly do: "bus"; readonly isHung: boolean }
  | { readonly do: "fans"; readonly turning: number }
  | { readonly do: "ambient"; readonly valueC: number }
  | { readonly do: "miner"; readonly isAlive: boolean }
  | { readonly do: "want"; readonly isWanted: boolean }
  | { readonly do: "target"; readonly frequencyMHz: number }
  | { readonly do: "plug"; readonly isPresent: boolean }
  | { readonly do: "supply-fault"; readonly fault: string | null }
  | { readonly do: "machine-fault"; readonly fault: string | null }
  | { readonly do: "clear" };

export interface Moment {
  readonly nowMs: number;
  readonly before: BoardMemory;
  readonly facts: BoardFacts;
  readonly machine: MachineState;
  readonly decision: BoardDecision;
  readonly heat: Heat;
}

interface SimSensor {
  readonly name: string;
  readonly place: "board" | "chip";
  memory: SensorMemory;
  fault: SensorFault;
  hasFailed: boolean;
}

export class BoardWorld {
  nowMs = 0;
  memory = newBoardMemory();
  readonly heat = new Heat(25);
  readonly #silence = new MinerSilence(TICK_MS);
  readonly #sensors: readonly SimSensor[];
  #ambientC = 25;
  #isBusHung = false;
  #turningFans = FANS;
  #airflow = 1;
  #fanMemory = newFanMemory();
  #proof = newFanProof(0);
  #isMinerAlive = true;
  #isWanted = true;
  #targetMHz = FULL_MHZ;
  #frequencyMHz = 0;
  #isPresent = true;
  #supplyFault: string | null = null;
  #machineFault: string | null = null;
  #power: "off" | "turning-on" | "on" = "off";
  #switchedAtMs = 0;
  #offSinceMs = Number.NEGATIVE_INFINITY;
  #seed = 7;

  constructor(sensors: SensorSet) {
    const sensor = (name: string, place: "board" | "chip"): SimSensor => ({
      name,
      place,
      memory: newSensorMemory(),
      fault: "none",
      hasFailed: false,
    });
    this.#sensors = [
      sensor("sensor 48", "board"),
      ...(sensors === "two-of-board" ? [sensor("sensor 49", "board")] : []),
      ...(sensors === "board-die" ? [sensor("chips", "chip")] : []),
    ];
  }

  get hasPower(): boolean {
    return this.#power !== "off";
  }

  do(doing: Doing, look: (moment: Moment) => void): void {
    switch (doing.do) {
      case "wait":
        for (let ms = 0; ms < doing.ms; ms += TICK_MS) this.#tick(look);
        return;
      case "sensor": {
        const sensor = this.#sensors[doing.which % this.#sensors.length];
        if (sensor !== undefined) sensor.fault = doing.fault;
        return;
      }
      case "bus":
        this.#isBusHung = doing.isHung;
        return;
      case "fans":
        this.#turningFans = doing.turning;
        return;
      case "ambient":
        this.#ambientC = doing.valueC;
        return;
      case "miner":
        this.#isMinerAlive = doing.isAlive;
        return;
      case "want":
        this.#isWanted = doing.isWanted;
        return;
      case "target":
        this.#targetMHz = doing.frequencyMHz;
        return;
      case "plug":
        this.#isPresent = doing.isPresent;
        return;
      case "supply-fault":
        this.#supplyFault = doing.fault;
        return;
      case "machine-fault":
        this.#machineFault = doing.fault;
        return;
      case "clear":
        this.memory = clearLatch(this.memory);
        return;
      default:
        doing satisfies never;
    }
  }

  #tick(look: (moment: Moment) => void): void {
    this.nowMs += TICK_MS;
    const { nowMs } = this;
    this.#physics();
    if (this.#isMinerAlive) this.#silence.beat();
    this.#silence.tick(nowMs);
    if (nowMs % POLL_MS === 0) this.#poll();
    const facts = this.#facts();
    if (nowMs % 1_000 === 0) this.#blow(facts);
    const machine = this.#machine();
    const before = this.memory;
    const decision = decideBoard(before, facts, machine, nowMs);
    this.memory = decision.memory;
    this.#switch(decision);
    const { heat } = this;
    look({ nowMs, before, facts, machine, decision, heat });
  }

  #physics(): void {
    const seconds = TICK_MS / 1_000;
    const aimedAt = (this.#fanMemory.dutyPercent / 100) * (this.#turningFans / FANS);
    this.#airflow += (aimedAt - this.#airflow) * (seconds / 1.5);
    // A chip that gets no new work repeats its last one at full power.
    const idleLoad = this.#power === "on" ? 0.03 : 0;
    const load = this.#power === "on" ? this.#frequencyMHz / FULL_MHZ + idleLoad : 0;
    this.heat.advance(seconds, load, this.#airflow, this.#ambientC);
  }

  #poll(): void {
    const atMs = this.nowMs;
    for (const sensor of this.#isBusHung ? [] : this.#sensors) {
      const trueC = sensor.place === "chip" ? this.heat.dieC : this.heat.boardC;
      const { fault } = sensor;
      sensor.hasFailed = fault === "lost" || !this.#isPresent;
      const sample = sensor.hasFailed
        ? { atMs, failed: "nack" }
        : { atMs, valueC: this.#readingOf(fault, trueC) };
      if (fault === "once-high" || fault === "once-low") sensor.fault = "none";
      sensor.memory = takeSample(sensor.memory, sample);
    }
    const rpm = Array.from({ length: FANS }, (_, i) => (i < this.#turningFans ? 3_000 : 0));
    this.#proof = stepFanProof(this.#proof, rpm, FANS, atMs);
  }

  #readingOf(fault: SensorFault, trueC: number): number {
    switch (fault) {
      case "absurd":
        return 200;
      case "noisy":
        this.#seed = (this.#seed * 16_807) % 2_147_483_647;
        return trueC + 60 * (this.#seed / 1_073_741_823 - 1);
      case "once-high":
        return trueC + 40;
      case "once-low":
        return trueC - 30;
      default:
        return trueC;
    }
  }

  #blow({ sensors }: BoardFacts): void {
    let excess: FanFacts["excess"] = null;
    let isUnknown = false;
    let isHot = false;
    for (const { name, reading, limits } of sensors) {
      if (limits === undefined) continue;
      if (reading.is === "unknown") {
        isUnknown = true;
        continue;
      }
      isHot ||= reading.valueC >= limits.hotC;
      const aboveC = reading.valueC - limits.targetC;
      if (excess === null || aboveC > excess.aboveC)
        excess = { name, valueC: reading.valueC, aboveC };
    }
    const facts: FanFacts = {
      excess: isUnknown ? null : excess,
      isHot,
      isPowered: this.hasPower,
      offForMs: this.nowMs - this.#offSinceMs,
    };
    this.#fanMemory = stepFans(this.#fanMemory, facts, { mode: "auto" }, 1).memory;
  }

  #facts(): BoardFacts {
    const sensors: SensorFact[] = this.#sensors.map(({ name, place, memory }) => ({
      name,
      place,
      limits: place === "chip" ? dieLimits : boardLimits,
      reading: readingOf(memory, this.nowMs, { staleAfterMs: STALE_MS }),
    }));
    return {
      where: "chain 0",
      isPresent: this.#isPresent,
      sensors,
      allSensorsLost: this.#sensors.every(({ hasFailed }) => hasFailed),
      // The last that a silent miner said.
      wantsPower: this.#isWanted,
      withheld: null,
      supply: this.#power,
      supplyFault: this.#supplyFault,
      frequencyMHz: this.#frequencyMHz,
      targetMHz: this.#targetMHz,
    };
  }

  #machine(): MachineState {
    const { turning, areProven } = this.#proof;
    return {
      fans: {
        required: FANS,
        turning,
        areProven,
        tooFewForMs: turning >= FANS ? 0 : tooFewForMs(this.#proof, this.nowMs),
      },
      miner: { silentMs: this.#silence.silentMs },
      supplyFault: this.#machineFault,
      isStopping: false,
    };
  }

  #switch({ power, frequencyCapMHz }: BoardDecision): void {
    if (power === "off") {
      if (this.#power !== "off") this.#offSinceMs = this.nowMs;
      this.#power = "off";
      this.#frequencyMHz = 0;
      return;
    }
    if (this.#power === "off") {
      this.#power = "turning-on";
      this.#switchedAtMs = this.nowMs;
    }
    if (this.#power === "turning-on" && this.nowMs - this.#switchedAtMs >= SWITCH_MS)
      this.#power = "on";
    if (this.#power !== "on" || !this.#isMinerAlive) return;
    if (this.nowMs - this.#switchedAtMs < BRING_UP_MS) return;
    const stepMHz = (RAMP_MHZ_PER_S * TICK_MS) / 1_000;
    this.#frequencyMHz = Math.min(frequencyCapMHz, this.#frequencyMHz + stepMHz);
  }
}
