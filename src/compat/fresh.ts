/** While the guard does not answer: what other firmware's interfaces show has no word for "this is old", so it is not shown. */
import type { BoardStatus, Status } from "../api/status.ts";

const NO_RATES = { s5: 0, m1: 0, m5: 0, m15: 0, h24: 0 };
/** What their tools are to take for working, or about to. */
const SEEMS_WELL: readonly BoardStatus["state"][] = ["hashing", "idle", "starting"];

/** The same while it is fresh. Counts and settings stay: they are as true as they were. */
export function withoutStale(status: Status): Status {
  if (status.summary.state !== "lost") return status;
  const { hashrate, fans, power } = status;
  return {
    ...status,
    hashrate: { ...hashrate, expectedHps: 0, hashrateHps: NO_RATES },
    temperature: { hottestC: null, where: null },
    power: { ...power, powerW: null, powerSource: null, efficiencyJPerTh: null, supplyV: null },
    fans: { ...fans, turning: 0, fans: fans.fans.map((fan) => ({ ...fan, rpm: null })) },
    boards: status.boards.map((board) => unknownBoard(board, status.summary.sentence)),
  };
}

function unknownBoard(board: BoardStatus, sentence: string): BoardStatus {
  return {
    ...board,
    ...(SEEMS_WELL.includes(board.state) ? { state: "faulted", reason: sentence } : {}),
    frequencyMHz: 0,
    expectedHps: 0,
    hashrateHps: NO_RATES,
    supplyV: null,
    powerW: null,
    sensors: board.sensors.map((sensor) => ({ ...sensor, temperatureC: null })),
  };
}
