/** Compares the plant with what was last recorded of it, and records what has changed. */
import type { MachineModels } from "./build-machine.ts";
import type { WorldRecord } from "./world-record.ts";

/** Slower than this is not cooling. */
const TURNING_RPM = 300;
const FULL_PERCENT = 99;

interface Seen {
  hasPower: boolean;
  isHeldInReset: boolean;
  isHashing: boolean;
}

export class PlantReporter {
  readonly #record: WorldRecord;
  readonly #models: MachineModels;
  readonly #boards: readonly Seen[];
  readonly #fans: { isTurning: boolean; isFull: boolean }[];
  #isSupplyOn: boolean;

  constructor(record: WorldRecord, models: MachineModels) {
    this.#record = record;
    this.#models = models;
    this.#boards = models.boards.map(() => ({
      hasPower: false,
      isHeldInReset: true,
      isHashing: false,
    }));
    this.#fans = models.fans.map(({ dutyPercent }) => ({
      isTurning: false,
      isFull: dutyPercent >= FULL_PERCENT,
    }));
    this.#isSupplyOn = models.supply.isOn;
  }

  report(): void {
    this.#reportSupply();
    for (const board of this.#models.boards) {
      const { index, hasPower, isHeldInReset, chain, voltageV } = board;
      const seen = this.#boards[index] as Seen;
      const isHashing = chain.activeMHz > 0;
      if (seen.hasPower !== hasPower) {
        const detail = hasPower ? `${voltageV.toFixed(2)} V` : "no voltage";
        this.#record.add("power", index, hasPower, detail);
      }
      if (seen.isHeldInReset !== isHeldInReset)
        this.#record.add("reset", index, isHeldInReset, isHeldInReset ? "held" : "released");
      if (seen.isHashing !== isHashing)
        this.#record.add("hashing", index, isHashing, `${Math.round(chain.activeMHz)} MHz in all`);
      seen.hasPower = hasPower;
      seen.isHeldInReset = isHeldInReset;
      seen.isHashing = isHashing;
    }
    for (const [index, group] of this.#models.fans.entries()) {
      const isTurning = group.fans.some(({ rpm }) => rpm >= TURNING_RPM);
      const isFull = group.dutyPercent >= FULL_PERCENT;
      const seen = this.#fans[index];
      if (seen === undefined || (seen.isTurning === isTurning && seen.isFull === isFull)) continue;
      this.#fans[index] = { isTurning, isFull };
      const detail = `${group.name}: duty ${Math.round(group.dutyPercent)} %`;
      this.#record.add("fans", null, isTurning, detail);
    }
  }

  #reportSupply(): void {
    const { supply } = this.#models;
    if (!supply.isDeclared || supply.isOn === this.#isSupplyOn) return;
    this.#isSupplyOn = supply.isOn;
    const off = supply.isTripped ? "supply: too much load, it switched itself off" : "supply: off";
    this.#record.add("power", null, supply.isOn, supply.isOn ? "supply: on" : off);
  }
}
