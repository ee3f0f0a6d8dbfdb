/** What the operator has asked for: the settings in force, and boards that go without power for it. */
import { mayPower, type PowerPermission } from "../../boards/power-permission.ts";
import { highestFrequencyMHz } from "../../src/control/frequency-bounds.ts";
import type { PlaceLimits } from "../../src/control/limits.ts";
import { limitsWithin } from "../../src/control/limits-within.ts";
import type { UntimedEvent } from "../../src/telemetry/event.ts";
import type { BoardHardware } from "./board-hardware.ts";
import type { GuardSetup, MachineSettings } from "./guard-setup.ts";
import type { MachineHardware } from "./machine-hardware.ts";
import { settingsChanges } from "./settings-change.ts";

/** A board that is restarted, or gets another voltage, is without power for this long: as after the first failure of a chain. */
const OFF_FOR_MS = 2_000;
/** Somebody who has not found the machine by then asks again. */
const MOST_IDENTIFY_MS = 600_000;

export type RecordEvent = (event: UntimedEvent) => void;

/** A board that is to be off for a while; counted from when it is. */
interface Hold {
  readonly reason: string;
  untilMs: number | undefined;
}

export class OperatorDesk {
  readonly #hardware: Pick<MachineHardware, "spec" | "boards" | "supply">;
  readonly #record: RecordEvent;
  readonly #simulated: boolean;
  readonly #holds = new Map<number, Hold>();
  #settings: MachineSettings;
  #limits: PlaceLimits;
  /** A new one waits until no board has power: no chip meets it while it hashes. */
  #voltageV: number | undefined;
  #minerRestart: string | null = null;
  #identifyUntilMs = Number.NEGATIVE_INFINITY;

  /** Throws ConfigError for limits that the declaration does not allow. */
  constructor(
    hardware: Pick<MachineHardware, "spec" | "boards" | "supply">,
    { settings, simulated }: Pick<GuardSetup, "settings" | "simulated">,
    record: RecordEvent,
  ) {
    this.#hardware = hardware;
    this.#record = record;
    this.#simulated = simulated;
    this.#settings = settings;
    this.#limits = limitsWithin(hardware.spec.limits, settings.limits);
    this.#voltageV = settings.voltageV;
  }

  get settings(): MachineSettings {
    return this.#settings;
  }

  get limits(): PlaceLimits {
    return this.#limits;
  }

  /** No board may have power now, and neither may the supply that they share. */
  get holdsAll(): boolean {
    return this.#settings.paused || this.#isVoltageNew || this.#minerRestart !== null;
  }

  /** Limits that the declaration does not allow change nothing else; the event says so. */
  change(settings: MachineSettings): void {
    const before = this.#settings;
    try {
      this.#limits = limitsWithin(this.#hardware.spec.limits, settings.limits);
      this.#settings = settings;
    } catch (error) {
      const { limits: _, ...rest } = settings;
      this.#settings = before.limits === undefined ? rest : { ...rest, limits: before.limits };
      this.#tell("settings-refused", "machine", "the temperature limits stay as they were", error);
    }
    const changes = settingsChanges(before, this.#settings);
    if (changes.length > 0)
      this.#tell("settings", "machine", changes.join("; "), "the operator changed the settings");
    if (settings.paused === before.paused) return;
    if (settings.paused) this.#tell("paused", "machine", "power off in order", PAUSED);
    else this.#tell("resumed", "machine", "power is allowed again", "resumed by the operator");
  }

  /** Returns whether there is anything to restart. */
  restartChain(chain: number, reason: string, isLatched: boolean): boolean {
    const board = this.#hardware.boards[chain];
    if (board === undefined) return false;
    const action = isLatched
      ? "none: an operator has to clear its trip first"
      : "power off, reset, power on";
    this.#tell("chain-restart", board.where, action, reason);
    if (!isLatched) this.#hold(chain, `restarted by the operator: ${reason}`);
    return !isLatched;
  }

  restartMiner(reason: string): void {
    this.#minerRestart = `the miner is restarted by the operator: ${reason}`;
    this.#tell("miner-restart", "miner", "power off in order, start again", reason);
  }

  minerEnded(): void {
    this.#minerRestart = null;
  }

  identify(seconds: number, nowMs: number): void {
    const forMs = Math.min(MOST_IDENTIFY_MS, Math.max(0, seconds * 1_000 || 0));
    const was = this.isIdentifying(nowMs);
    this.#identifyUntilMs = nowMs + forMs;
    if (forMs > 0)
      this.#tell(
        "identify",
        "machine",
        `the lamp blinks for ${forMs / 1_000} s`,
        "an operator looks for the machine",
      );
    else if (was)
      this.#tell("identify", "machine", "the lamp blinks no more", "an operator found it");
  }

  isIdentifying(nowMs: number): boolean {
    return nowMs < this.#identifyUntilMs;
  }

  permission(): PowerPermission {
    const { spec, supply } = this.#hardware;
    const voltageV = this.#voltageV;
    const operator = voltageV === undefined ? undefined : { board: spec.id, voltageV };
    return mayPower(spec, operator, supply?.identity, this.#simulated);
  }

  targetMHz({ spec: { chain } }: Pick<BoardHardware, "spec">): number {
    const mostMHz = highestFrequencyMHz(chain.chip.nominalFrequencyMHz, chain.frequencyMHz);
    return Math.min(this.#settings.frequencyMHz ?? chain.frequencyMHz, mostMHz);
  }

  /** Before each round of decisions: what was waited for may have come. */
  tick(nowMs: number): void {
    const { boards, supply } = this.#hardware;
    if (this.#isVoltageNew && supply?.isOn !== true && boards.every(isOff)) {
      this.#voltageV = this.#settings.voltageV;
      for (const { index } of boards) this.#hold(index, NEW_VOLTAGE);
    }
    for (const [index, hold] of this.#holds) {
      const board = boards[index];
      if (board === undefined || !isOff(board)) continue;
      hold.untilMs ??= nowMs + OFF_FOR_MS;
      if (nowMs >= hold.untilMs) this.#holds.delete(index);
    }
  }

  /** Why this board gets no power although nothing is wrong with it, or null. */
  withheld(index: number): string | null {
    if (this.#settings.paused) return PAUSED;
    if (this.#isVoltageNew) return NEW_VOLTAGE;
    return this.#minerRestart ?? this.#holds.get(index)?.reason ?? null;
  }

  get #isVoltageNew(): boolean {
    return this.#settings.voltageV !== this.#voltageV;
  }

  #hold(index: number, reason: string): void {
    this.#holds.set(index, { reason, untilMs: undefined });
  }

  #tell(what: string, where: string, action: string, why: unknown): void {
    const reason = why instanceof Error ? why.message : String(why);
    this.#record({ what, where, rule: "operator", measured: null, limit: null, action, reason });
  }
}

const PAUSED = "paused by the operator";
const NEW_VOLTAGE = "power goes off and on for the voltage that the operator asked for";

function isOff({ state }: BoardHardware): boolean {
  return state === "off";
}
