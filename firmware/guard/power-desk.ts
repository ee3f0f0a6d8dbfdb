/** Switches the boards' power: on in order, off at once, and what one board's power means for the others on the same supply. */
import type { PowerPermission } from "../../boards/power-permission.ts";
import type { ChainReport } from "../../src/control/guard-link.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { BoardHardware } from "./board-hardware.ts";
import type { BoardWatch } from "./board-watch.ts";
import type { EventRecorder } from "./event-recorder.ts";
import type { MachineHardware } from "./machine-hardware.ts";
import { followVoltage, wantedSupplyV } from "./supply-voltage.ts";

/** A board that could not be switched off is told again. */
const REPEAT_OFF_MS = 5_000;

export interface PowerSurroundings {
  readonly hardware: Pick<MachineHardware, "boards" | "supply">;
  readonly recorder: EventRecorder;
  readonly log: Logger;
  /** Hashing off, said before any line moves. */
  tellMiner(chains: readonly number[], reason: string): void;
  fansFull(reason: string): void;
}

export class PowerDesk {
  readonly #around: PowerSurroundings;
  /** A reason to keep the supply of all boards off, or null. */
  #sharedDanger: string | null = null;
  #offRepeatedAtMs = Number.NEGATIVE_INFINITY;

  constructor(around: PowerSurroundings) {
    this.#around = around;
    const { supply } = around.hardware;
    if (supply !== undefined) supply.onOff = () => this.#lostSupply();
  }

  get sharedDanger(): string | null {
    return this.#sharedDanger;
  }

  async switchOn(
    board: BoardHardware,
    voltage: { readonly startV: number; readonly workingV: number },
  ): Promise<void> {
    try {
      await board.powerOn(voltage);
    } catch (error) {
      // The board keeps it as its fault, which trips it.
      this.#around.log.warn({ chain: board.index, err: error }, "board did not get its power");
    }
  }

  /** `isTrip`: otherwise a board may stay on a supply that others need, held in reset. */
  async switchOff(board: BoardHardware, reason: string, isTrip: boolean): Promise<void> {
    const { hardware } = this.#around;
    // First word to the miner, then lines and buses: none of them waits for the other.
    this.#around.tellMiner([board.index], reason);
    const isNeeded = hardware.boards.some(
      (other) => other !== board && (other.state === "on" || other.state === "turning-on"),
    );
    if (!isTrip && board.hangsOnMachineSupply && isNeeded) return board.holdInReset();
    if (isTrip) this.#around.fansFull(reason);
    const turning = board.powerOff();
    // Nobody is left who needs it: its line takes the power sooner than the boards' own bus, one after the other.
    if (hardware.boards.every(({ state }) => state !== "on" && state !== "turning-on"))
      void hardware.supply?.turnOff().catch(() => {});
    try {
      await turning;
      // What was wrong has had its consequence; the next attempt finds out whether it still is.
      board.fault = null;
    } catch (error) {
      this.#tellFailure(board, error);
    }
  }

  #tellFailure(board: BoardHardware | undefined, error: unknown): void {
    this.#around.recorder.record({
      what: "power-off-failed",
      where: board?.where ?? "machine",
      rule: "supply-fault",
      measured: null,
      limit: null,
      action: "held in reset, fans full",
      reason: error instanceof Error ? error.message : String(error),
    });
  }

  /** Everything off, confirmed as far as it can be. Never rejects. */
  async allOff(): Promise<void> {
    const { boards, supply } = this.#around.hardware;
    const told = await Promise.allSettled(boards.map((board) => board.powerOff()));
    for (const [i, outcome] of told.entries())
      if (outcome.status === "rejected") this.#tellFailure(boards[i], outcome.reason);
    await supply?.turnOff().catch(() => {});
  }

  /** A board that only the machine's supply can switch off, and that is dangerous, keeps that supply off for all. */
  lookForSharedDanger(watches: readonly BoardWatch[], nowMs: number): void {
    const { supply } = this.#around.hardware;
    const dangerous = watches
      .filter(({ board, isPresent }) => isPresent && board.hangsOnMachineSupply)
      .flatMap((watch) => watch.sensors(nowMs))
      .find(
        ({ reading, limits }) =>
          reading.is === "known" && limits !== undefined && reading.valueC >= limits.dangerousC,
      );
    this.#sharedDanger =
      dangerous === undefined ? null : `${dangerous.name} is dangerous, and the supply is shared`;
    if (dangerous !== undefined && supply?.isOn) void supply.turnOff().catch(() => {});
  }

  /**
   * Off where switching off has failed; the supply at the voltage that the boards need now, or off. `mustBeOff`: nobody is
   * about to need it, so that its line does not wait for what its bus is still busy with.
   */
  follow(
    permission: PowerPermission,
    mustBeOff: boolean,
    reports: readonly ChainReport[],
    nowMs: number,
  ): void {
    this.#repeatOff(nowMs);
    const { boards, supply } = this.#around.hardware;
    if (supply === undefined) return;
    // A supply that nobody uses gives nothing.
    const isUnused = boards.every(({ state }) => state === "off");
    if (isUnused && supply.isOn && (supply.isReady || mustBeOff))
      void supply.turnOff().catch(() => {});
    else if (permission.allowed)
      void followVoltage(supply, wantedSupplyV(boards, reports, permission), this.#around.log);
  }

  #repeatOff(nowMs: number): void {
    if (nowMs - this.#offRepeatedAtMs < REPEAT_OFF_MS) return;
    this.#offRepeatedAtMs = nowMs;
    for (const board of this.#around.hardware.boards) {
      if (board.state !== "failed") continue;
      board.powerOff().then(
        () => {
          board.fault = null;
        },
        () => {},
      );
    }
  }

  /** The supply of all boards went off for the sake of one: the others are told, and come back in their turn. */
  #lostSupply(): void {
    for (const board of this.#around.hardware.boards) {
      if (!board.lostSupply()) continue;
      const reason = "the supply that the boards share went off";
      this.#around.tellMiner([board.index], reason);
      this.#around.recorder.record({
        what: "power-off",
        where: board.where,
        rule: "shared-supply",
        measured: null,
        limit: null,
        action: "power off, again in its turn",
        reason,
      });
    }
  }
}
