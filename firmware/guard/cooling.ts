/** The fans of the machine: measured and set once a second, full at once when something trips. */

import type { MachineState } from "../../src/control/board-policy-types.ts";
import {
  FANS_OUTLAST_MS,
  type FanFacts,
  newFanMemory,
  stepFans,
} from "../../src/control/fan-control.ts";
import {
  excusedProof,
  newFanProof,
  stepFanProof,
  tooFewForMs,
} from "../../src/control/fan-proof.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { FansSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import type { BoardWatch } from "./board-watch.ts";
import type { MachineSettings } from "./guard-setup.ts";
import type { MachineHardware } from "./machine-hardware.ts";

const PERIOD_MS = 1_000;
const MEASURED_WITHIN_MS = 3_000;
/** Anything else would only be written again; tachometers tell what became of it. */
const SAME_PERCENT = 0.5;

export class Cooling {
  settings: Pick<MachineSettings, "fans">;
  readonly #hardware: Pick<MachineHardware, "spec" | "fans">;
  readonly #clock: Clock;
  readonly #log: Logger;
  #memory = newFanMemory();
  #proof;
  #reason = "starting";
  #setPercent = 100;
  #steppedAtMs = Number.NEGATIVE_INFINITY;
  #poweredAtMs = Number.NEGATIVE_INFINITY;
  #measuringSinceMs: number | undefined;
  #setting: Promise<unknown> = Promise.resolve();

  constructor(
    hardware: Pick<MachineHardware, "spec" | "fans">,
    settings: Pick<MachineSettings, "fans">,
    clock: Clock,
    log: Logger,
  ) {
    this.#hardware = hardware;
    this.settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#proof = newFanProof(clock.nowMs());
  }

  /** At once, whatever the law says; the next step goes on from there. */
  full(reason: string): void {
    if (this.settings.fans.mode === "immersion") return;
    this.#reason = reason;
    this.#memory = { ...this.#memory, dutyPercent: 100 };
    this.#set(100);
  }

  tick(watches: readonly BoardWatch[], nowMs: number): void {
    if (watches.some(({ board }) => board.state !== "off")) this.#poweredAtMs = nowMs;
    const dtS = Math.min((nowMs - this.#steppedAtMs) / 1_000, 5);
    if (dtS * 1_000 < PERIOD_MS) return;
    this.#steppedAtMs = nowMs;
    void this.#measure(nowMs);
    const { fans } = this.settings;
    const step = stepFans(this.#memory, this.#facts(watches, nowMs), fans, dtS);
    this.#memory = step.memory;
    this.#reason = step.reason;
    if (Math.abs(step.memory.dutyPercent - this.#setPercent) >= SAME_PERCENT || dtS >= 5)
      this.#set(step.memory.dutyPercent);
  }

  /** The guard has not looked for so long. */
  excuse(lateMs: number, nowMs: number): void {
    this.#proof = excusedProof(this.#proof, lateMs, nowMs);
  }

  state(nowMs: number): MachineState["fans"] {
    const required = this.#required;
    const { turning, areProven } = this.#proof;
    if (required === 0) return { required, turning, tooFewForMs: 0, areProven: true };
    return {
      required,
      turning,
      areProven,
      tooFewForMs: turning >= required ? 0 : tooFewForMs(this.#proof, nowMs),
    };
  }

  /** Power is off for good: the fans go on for a while, then stay at what they are set to. */
  async outlast(outlastMs: number): Promise<void> {
    if (this.settings.fans.mode === "immersion") return;
    if (Number.isFinite(this.#poweredAtMs))
      await this.#clock.sleep(Math.min(outlastMs, FANS_OUTLAST_MS));
    // The last word to them shall arrive; a bus that hangs refuses it soon enough.
    await this.#setting;
  }

  snapshot(): FansSnapshot {
    return {
      mode: this.settings.fans.mode,
      targetDutyPercent: Math.round(this.#memory.dutyPercent * 10) / 10,
      reason: this.#reason,
      required: this.#required,
      turning: this.#proof.turning,
      groups: this.#hardware.fans.map(({ name, rpm }) => ({
        name,
        rpm: rpm.map((turns) => turns ?? null),
      })),
    };
  }

  get #required(): number {
    return this.settings.fans.mode === "immersion" ? 0 : this.#hardware.spec.fansRequired;
  }

  #facts(watches: readonly BoardWatch[], nowMs: number): FanFacts {
    let excess: FanFacts["excess"] = null;
    let isUnknown = false;
    let isHot = false;
    for (const watch of watches) {
      if (!watch.isPresent) continue;
      for (const { name, reading, limits } of watch.sensors(nowMs)) {
        if (limits === undefined) continue;
        if (reading.is === "unknown") {
          isUnknown = true;
          continue;
        }
        const { valueC } = reading;
        isHot ||= valueC >= limits.hotC;
        const aboveC = valueC - limits.targetC;
        if (excess === null || aboveC > excess.aboveC) excess = { name, valueC, aboveC };
      }
    }
    return {
      excess: isUnknown ? null : excess,
      isHot,
      isPowered: watches.some(({ board }) => board.state !== "off"),
      offForMs: nowMs - this.#poweredAtMs,
    };
  }

  async #measure(nowMs: number): Promise<void> {
    if (this.#measuringSinceMs !== undefined) {
      // A controller behind a hung bus answers late or never: what is old counts as not turning.
      if (nowMs - this.#measuringSinceMs >= MEASURED_WITHIN_MS)
        this.#proof = stepFanProof(this.#proof, [], this.#required, nowMs);
      return;
    }
    this.#measuringSinceMs = nowMs;
    try {
      await Promise.all(this.#hardware.fans.map((fan) => fan.measure()));
      const rpm = this.#hardware.fans.flatMap((fan) => fan.rpm);
      this.#proof = stepFanProof(this.#proof, rpm, this.#required, this.#clock.nowMs());
    } finally {
      this.#measuringSinceMs = undefined;
    }
  }

  #set(dutyPercent: number): void {
    this.#setPercent = dutyPercent;
    const told = this.#hardware.fans.map((fan) =>
      fan.setDuty(dutyPercent).catch((error: unknown) => {
        // Tried again with the next step; a fan that does not follow shows in its tachometer.
        this.#setPercent = Number.NaN;
        this.#log.warn({ fan: fan.name, err: error }, "fan cannot be set");
      }),
    );
    this.#setting = Promise.all([this.#setting, ...told]).then(() => {});
  }
}
