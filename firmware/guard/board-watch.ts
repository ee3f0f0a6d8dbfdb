/** What is known of one board: its sensors' samples looked at with suspicion, and the facts that decisions are made from. */

import type {
  BoardFacts,
  SensorFact,
  SensorReading,
} from "../../src/control/board-policy-types.ts";
import type { ChainReport } from "../../src/control/guard-link.ts";
import type { PlaceLimits } from "../../src/control/limits.ts";
import {
  excused,
  newSensorMemory,
  readingOf,
  type SensorMemory,
  type SensorRules,
  takeSample,
} from "../../src/control/sensor-filter.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { BoardHardware } from "./board-hardware.ts";

/** Stale: older than three polls, at most 15 s. */
const STALE_POLLS = 3;
const STALE_MAX_MS = 15_000;
/** The miner asks its chips every few seconds, whatever the guard's own polls are. */
const CHIP_RULES: SensorRules = { staleAfterMs: STALE_MAX_MS };

export class BoardWatch {
  readonly board: BoardHardware;
  isPresent = true;
  readonly #clock: Clock;
  /** The declaration's, or the operator's lower ones. */
  limits: PlaceLimits;
  readonly #rules: SensorRules;
  readonly #memories: SensorMemory[];
  #regulator: SensorMemory = newSensorMemory();
  #chips: SensorMemory = newSensorMemory();
  #allLost = false;
  #isPolling = false;

  constructor(board: BoardHardware, limits: PlaceLimits, pollMs: number, clock: Clock) {
    this.board = board;
    this.#clock = clock;
    this.limits = limits;
    this.#rules = { staleAfterMs: Math.min(STALE_POLLS * pollMs, STALE_MAX_MS) };
    this.#memories = board.spec.sensors.map(() => newSensorMemory());
  }

  /** One look at everything of the board. Never rejects, and never runs twice: a hung bus makes readings old, no more. */
  async poll(): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    try {
      this.isPresent = await this.board.isPresent().catch(() => this.isPresent);
      if (!this.isPresent) return;
      const isAnyThere = await this.board.readSensors((i, sample) => {
        const atMs = this.#clock.nowMs();
        const memory = this.#memories[i] as SensorMemory;
        const taken =
          "valueC" in sample ? { atMs, valueC: sample.valueC } : { atMs, failed: sample.failed };
        this.#memories[i] = takeSample(memory, taken);
      });
      this.#allLost = this.#memories.length > 0 && !isAnyThere;
      await this.board.readSupply();
      const regulatorC = this.board.readings?.temperatureC ?? null;
      if (regulatorC !== null) {
        const sample = { atMs: this.#clock.nowMs(), valueC: regulatorC };
        this.#regulator = takeSample(this.#regulator, sample);
      }
    } finally {
      this.#isPolling = false;
    }
  }

  /** The guard has not looked for so long. */
  excuse(lateMs: number, nowMs: number): void {
    const excuse = (memory: SensorMemory) => excused(memory, lateMs, nowMs);
    for (const [i, memory] of this.#memories.entries()) this.#memories[i] = excuse(memory);
    this.#regulator = excuse(this.#regulator);
    this.#chips = excuse(this.#chips);
  }

  /** The chips' own temperature, as the miner passes it on. */
  hearChips(report: ChainReport, nowMs: number): void {
    const { chipTemperatureC: valueC, chipTemperatureAgeMs: ageMs } = report;
    if (valueC === null || ageMs === null) return;
    const atMs = nowMs - ageMs;
    this.#chips = takeSample(this.#chips, { atMs, valueC });
  }

  /** Every sensor, with the limits of its place. What only some boards have counts while it is known. */
  sensors(nowMs: number): readonly SensorFact[] {
    const own = this.board.spec.sensors.map(({ name, place }, i) => ({
      name,
      place,
      limits: this.limits[place],
      reading: readingOf(this.#memories[i] as SensorMemory, nowMs, this.#rules),
    }));
    const where = `board ${this.board.index}`;
    const also = (name: string, place: "regulator" | "chip", reading: SensorReading) =>
      reading.is === "known"
        ? [{ name: `${where} ${name}`, place, limits: this.limits[place], reading }]
        : [];
    return [
      ...own,
      ...also("regulator", "regulator", readingOf(this.#regulator, nowMs, this.#rules)),
      ...also("chips", "chip", readingOf(this.#chips, nowMs, CHIP_RULES)),
    ];
  }

  facts(
    report: ChainReport | undefined,
    targetMHz: number,
    { refusal, withheld }: { readonly refusal: string | null; readonly withheld: string | null },
    nowMs: number,
  ): BoardFacts {
    const { board } = this;
    return {
      where: board.where,
      isPresent: this.isPresent,
      sensors: this.sensors(nowMs),
      allSensorsLost: this.#allLost || board.haveAllSensorsFailed,
      wantsPower: report?.wantsPower === true,
      withheld,
      supply: board.state,
      supplyFault: refusal ?? board.fault,
      frequencyMHz: report?.frequencyMHz ?? 0,
      targetMHz,
    };
  }
}
