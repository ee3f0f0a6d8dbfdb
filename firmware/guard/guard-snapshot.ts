/** What the guard shows of itself: built fresh each time, from what it knows at that moment. */
import type { MachineSpec } from "../../boards/machine-spec.ts";
import type { BoardMemory } from "../../src/control/board-policy-types.ts";
import { coverageOf } from "../../src/control/coverage.ts";
import type { MachineEvent } from "../../src/telemetry/event.ts";
import type {
  BoardSnapshot,
  FansSnapshot,
  MachineSnapshot,
} from "../../src/telemetry/machine-snapshot.ts";
import type { MinerSnapshot } from "../../src/telemetry/snapshot.ts";
import type { BoardWatch } from "./board-watch.ts";
import type { MachineSupply } from "./machine-supply.ts";
import type { MinerKeeper } from "./miner-keeper.ts";

/** The rest is in the file. */
const EVENTS_SHOWN = 50;

export interface SnapshotSource {
  readonly spec: MachineSpec;
  readonly uptimeS: number;
  readonly simulated: boolean;
  readonly paused: boolean;
  readonly identifying: boolean;
  readonly boards: readonly BoardSource[];
  readonly hasWatchdog: boolean;
  readonly fans: FansSnapshot;
  readonly supply: MachineSupply | undefined;
  readonly keeper: MinerKeeper;
  readonly events: readonly MachineEvent[];
  readonly miner: MinerSnapshot | null;
  readonly nowMs: number;
}

export interface BoardSource {
  readonly watch: BoardWatch;
  readonly memory: BoardMemory;
  readonly reason: string | null;
  readonly targetMHz: number;
  readonly capMHz: number;
}

export function machineSnapshot(source: SnapshotSource): MachineSnapshot {
  const { spec, supply, keeper } = source;
  return {
    uptimeS: source.uptimeS,
    board: spec.id,
    boardName: spec.name,
    simulated: source.simulated,
    paused: source.paused,
    identifying: source.identifying,
    boards: source.boards.map((board) => boardSnapshot(board, source)),
    fans: source.fans,
    supply:
      (supply && {
        on: supply.isOn,
        type: supply.identity?.type ?? null,
        voltageV: supply.voltageV,
      }) ||
      null,
    minerProcess: {
      state: keeper.state,
      pid: keeper.pid,
      restarts: keeper.restarts,
      reason: keeper.reason,
    },
    events: source.events.slice(-EVENTS_SHOWN),
    miner: source.miner,
  };
}

function boardSnapshot(
  { watch, memory, reason, targetMHz, capMHz }: BoardSource,
  { spec, hasWatchdog, nowMs }: SnapshotSource,
): BoardSnapshot {
  const { board } = watch;
  const sensors = watch.sensors(nowMs);
  const { protection, reason: protectionReason } = coverageOf({
    isPresent: watch.isPresent,
    sensors,
    backstop: spec.backstop,
    isBackstopArmed: spec.backstop.by !== "watchdog" || hasWatchdog,
  });
  return {
    index: board.index,
    present: watch.isPresent,
    power: board.state,
    state: memory.state.at,
    reason,
    targetFrequencyMHz: targetMHz,
    frequencyCapMHz: capMHz,
    sensors: sensors.map(({ name, place, limits, reading }) => ({
      name,
      place,
      temperatureC: reading.is === "known" ? reading.valueC : null,
      reason: reading.is === "unknown" ? reading.detail : null,
      targetC: limits?.targetC ?? null,
      hotC: limits?.hotC ?? null,
      dangerousC: limits?.dangerousC ?? null,
    })),
    supplyV: board.readings?.outputV ?? null,
    supplyPowerW: board.readings?.powerW ?? null,
    protection,
    protectionReason,
  };
}
