/** DEVS, DEVDETAILS, NOTIFY and STATS: a board is an "ASC", as cgminer calls it. */
import type { BoardStatus, DeviceEvent, Status } from "../../api/status.ts";
import { fixed, percent, type Row } from "../numerals.ts";
import { withoutTriggers } from "../trigger-words.ts";
import { megaRates } from "./summary-section.ts";
import { elapsedS, HASHES_PER_DIFFICULTY, machineTally, perMinute } from "./tallies.ts";

const STATES: Readonly<Record<BoardStatus["state"], string>> = {
  off: "NoStart",
  starting: "Initialising",
  hashing: "Alive",
  idle: "Alive",
  resting: "Sick",
  latched: "Dead",
  faulted: "Dead",
  absent: "NoStart",
};

/** The hottest sensor that is known. */
export function boardTemperatureC({ sensors }: BoardStatus): number | null {
  const known = sensors.flatMap(({ temperatureC }) => temperatureC ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

export function deviceRow(board: BoardStatus, status: Status): Row {
  const seconds = elapsedS(status);
  const all = machineTally(status);
  const share = (count: number, of: number, difficulty: number) =>
    of === 0 ? 0 : (difficulty * count) / of;
  // Boards have counts only; their difficulties are those of the machine's mean share.
  const acceptedDifficulty = share(board.accepted, all.accepted, all.acceptedDifficulty);
  const rejectedDifficulty = share(board.rejected, all.rejected, all.rejectedDifficulty);
  const difficulty = acceptedDifficulty + rejectedDifficulty;
  const active = status.pools.find(({ state }) => state === "active");
  const lastShare = Math.floor(status.shares.total.lastShareUnixSeconds ?? 0);
  return {
    ASC: board.index,
    Name: withoutTriggers(board.chip, status.device.persona),
    ID: board.index,
    Enabled: status.paused ? "N" : "Y",
    Status: STATES[board.state],
    Temperature: fixed(boardTemperatureC(board) ?? 0, 2),
    ...megaRates(board.hashrateHps),
    Accepted: board.accepted,
    Rejected: board.rejected,
    "Hardware Errors": board.hardwareErrors,
    Utility: fixed(perMinute(board.accepted, seconds), 2),
    "Last Share Pool": active?.index ?? -1,
    "Last Share Time": board.accepted + board.rejected === 0 ? 0 : lastShare,
    "Total MH": fixed((difficulty * HASHES_PER_DIFFICULTY) / 1e6, 4),
    "Diff1 Work": fixed(difficulty, 8),
    "Difficulty Accepted": fixed(acceptedDifficulty, 8),
    "Difficulty Rejected": fixed(rejectedDifficulty, 8),
    "Last Share Difficulty": fixed(active?.shareDifficulty ?? 0, 8),
    "No Device": !board.present,
    "Last Valid Work": lastShare,
    "Device Hardware%": percent(board.hardwareErrors, board.nonces),
    "Device Rejected%": percent(board.rejected, board.accepted + board.rejected),
    "Device Elapsed": seconds,
  };
}

/** What the operator wrote into the configuration, the serial device, is made harmless: tools search the whole answer. */
export function deviceDetailRow(board: BoardStatus, { device: { persona } }: Status): Row {
  return {
    DEVDETAILS: board.index,
    Name: withoutTriggers(board.chip, persona),
    ID: board.index,
    Driver: "asicd",
    Kernel: "",
    Model: withoutTriggers(`${board.chipsExpected} x ${board.chip}`, persona),
    "Device Path": withoutTriggers(board.uart, persona),
    Chips: board.chipsExpected,
  };
}

/** cgminer's counters of failures, from the events that are kept. */
export function notifyRow(board: BoardStatus, status: Status, events: readonly DeviceEvent[]): Row {
  const own = events.filter(
    ({ where }) => where === `chain ${board.index}` || where === `board ${board.index}`,
  );
  const count = (pattern: RegExp) =>
    own.filter(({ what, rule }) => pattern.test(`${what} ${rule}`)).length;
  const isWell = board.state === "hashing" || board.state === "idle";
  const lastBad = own.findLast(({ severity }) => severity !== "info");
  return {
    NOTIFY: board.index,
    Name: withoutTriggers(board.chip, status.device.persona),
    ID: board.index,
    "Last Well": isWell ? Math.floor(status.unixSeconds) : 0,
    "Last Not Well": Math.floor(
      isWell ? (lastBad?.unixSeconds ?? 0) : (lastBad?.unixSeconds ?? status.unixSeconds),
    ),
    "Reason Not Well": isWell ? "None" : (board.reason ?? "Unknown"),
    "*Thread Fail Init": count(/bring-up|enumerat/),
    "*Thread Zero Hash": count(/silent|no-nonce/),
    "*Thread Fail Queue": 0,
    "*Dev Sick Idle 60s": 0,
    "*Dev Dead Idle 600s": 0,
    "*Dev Nostart": count(/faulted/),
    "*Dev Over Heat": count(/hot/),
    "*Dev Thermal Cutoff": count(/dangerous|temperature/),
    "*Dev Comms Error": count(/crc|uart|gone/),
    "*Dev Throttle": count(/frequency-step|cap/),
  };
}

export function boardStatsRow(board: BoardStatus, status: Status): Row {
  return {
    STATS: board.index,
    ID: `ASC${board.index}`,
    Elapsed: elapsedS(status),
    Calls: 0,
    Wait: fixed(0, 6),
    Max: fixed(0, 6),
    Min: fixed(0, 6),
    Chips: board.chipsFound,
    "Chips Expected": board.chipsExpected,
    Frequency: fixed(board.frequencyMHz, 2),
    "CRC Errors": board.crcErrors,
    Nonces: board.nonces,
  };
}

export function poolStatsRows(status: Status): readonly Row[] {
  return status.pools.map((pool, i) => ({
    STATS: status.boards.length + i,
    ID: `POOL${pool.index}`,
    Elapsed: elapsedS(status),
    Calls: 0,
    Wait: fixed(0, 6),
    Max: fixed(0, 6),
    Min: fixed(0, 6),
    "Pool Calls": 0,
    "Pool Attempts": pool.connects,
    "Pool Wait": fixed((pool.roundTripMs ?? 0) / 1_000, 6),
    "Work Diff": fixed(pool.shareDifficulty ?? 0, 8),
    "Times Sent": pool.accepted + pool.rejected,
    "Times Recv": pool.accepted + pool.rejected,
  }));
}
