/**
 * What Prometheus is told, as a table: base units, and nothing at all where something is unknown. Labels are boards, sensors,
 * fans, pools and fixed words, so a machine has a few hundred samples, however long it runs.
 */
import {
  type BoardStatus,
  machineStates,
  type PoolStatus,
  type Rates,
  type Status,
} from "../../src/api/status.ts";
import { STALE_AFTER_S } from "../../src/api/status-source.ts";
import { isMinerTold } from "../../src/telemetry/history/sampler.ts";

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly labels: readonly string[];
  /** Label values in the order of `labels`. */
  readonly samples: (status: Status) => readonly Sample[];
}

export interface Sample {
  readonly labels: readonly string[];
  readonly value: number;
}

const MILLI = 1e-3;
const MEGA = 1e6;
const TERA = 1e12;

const windows = ["s5", "m1", "m5", "m15", "h24"] as const satisfies readonly (keyof Rates)[];
/** As Prometheus writes durations. */
const windowLabels = { s5: "5s", m1: "1m", m5: "5m", m15: "15m", h24: "24h" } as const;
// biome-ignore format: one line is enough for a list of words
const boardStates = [
  "off", "starting", "hashing", "idle", "resting", "latched", "faulted", "absent",
] as const satisfies readonly BoardStatus["state"][];
const poolStates = [
  "active",
  "standby",
  "down",
  "off",
] as const satisfies readonly PoolStatus["state"][];

const machine: readonly Metric[] = [
  gauge("device_info", "What this machine is; always 1", {
    labels: ["name", "board", "model", "chip", "hostname", "version", "simulated"],
    samples: ({ device: d }) => {
      const simulated = d.simulated ? "yes" : "no";
      const { board, chip } = d;
      const labels = [d.name, board ?? "", d.model, chip ?? "", d.hostname, d.version, simulated];
      return [one(labels, 1)];
    },
  }),
  single(
    "simulation_scale",
    "Rates are nominal divided by this; 1 on hardware",
    (s) => s.device.scale,
  ),
  single("uptime_seconds", "Since asicd was started", (s) => s.device.uptimeS),
  single("measured_age_seconds", "Age of what guard and miner last told", (s) => s.measuredAgoS),
  gauge("state", "1 for the state that the machine is in", {
    labels: ["state"],
    samples: (s) => oneOf(machineStates, s.summary.state, []),
  }),
  single("paused", "1 while the operator wants no hashing", (s) => (s.paused ? 1 : 0)),
  gauge("problems", "Present problems", {
    labels: ["severity"],
    samples: ({ problems }) =>
      ["info", "warning", "error"].map((severity) =>
        one([severity], problems.filter((problem) => problem.severity === severity).length),
      ),
  }),
  gauge("hashrate_hashes_per_second", "From verified work, mean of the window", {
    labels: ["window"],
    samples: (s) => (isHashrateKnown(s) ? rates(s.hashrate.hashrateHps, []) : []),
  }),
  single("expected_hashrate_hashes_per_second", "Of all hashing boards at their clock", (s) =>
    byMiner(s, s.hashrate.expectedHps),
  ),
  single("nominal_hashrate_hashes_per_second", "Of the whole machine as it is set", (s) =>
    byGuard(s, s.hashrate.nominalHps),
  ),
  single("temperature_celsius", "The one nearest to its limit", (s) =>
    byGuard(s, s.temperature.hottestC),
  ),
  gauge("power_watts", "Of all boards, measured or declared by the maker", {
    labels: ["source"],
    samples: (s) => maybe([s.power.powerSource ?? ""], byGuard(s, s.power.powerW)),
  }),
  single("efficiency_joules_per_hash", "Power by the 5-minute rate", (s) =>
    byMiner(s, scaled(s.power.efficiencyJPerTh, 1 / TERA)),
  ),
  single("supply_on", "1 while the supply is on", (s) => byGuard(s, bit(s.power.supplyOn))),
  single("supply_volts", "At the supply", (s) => byGuard(s, s.power.supplyV)),
  single("fan_target_duty_ratio", "What is asked of the fans, 0 to 1", (s) =>
    byGuard(s, s.fans.targetDutyPercent / 100),
  ),
  single("fans_required", "Fans that must turn", (s) => byGuard(s, s.fans.required)),
  single("fans_turning", "Fans that do", (s) => byGuard(s, s.fans.turning)),
  gauge("fan_speed_rpm", "Revolutions per minute", {
    labels: ["fan"],
    samples: (s) => s.fans.fans.flatMap(({ name, rpm }) => maybe([name], byGuard(s, rpm))),
  }),
];

const shares: readonly Metric[] = [
  total("shares_submitted_total", "Sent since the miner started", (s) => s.shares.run.submitted),
  total("shares_accepted_total", "Taken by pools", (s) => s.shares.run.accepted),
  total("shares_rejected_total", "Refused by pools", (s) => s.shares.run.rejected),
  counter("nonces_discarded_total", "Nonces that were not sent", {
    labels: ["reason"],
    samples: (s) =>
      isMinerKnown(s)
        ? [
            one(["below-share-target"], s.shares.run.belowShareTarget),
            one(["duplicate"], s.shares.run.duplicate),
            one(["stale"], s.shares.run.stale),
            one(["hardware-error"], s.shares.run.hardwareErrors),
            one(["unknown-job"], s.shares.run.unknownJob),
          ]
        : [],
  }),
  total("accepted_difficulty_total", "Work that pools took, over all runs", (s) =>
    Number(s.shares.total.acceptedDifficulty),
  ),
  total("rejected_difficulty_total", "Work that pools refused, over all runs", (s) =>
    Number(s.shares.total.rejectedDifficulty),
  ),
  total(
    "blocks_found_total",
    "Shares that were blocks, over all runs",
    (s) => s.shares.total.blocksFound,
  ),
  single("best_share_difficulty", "Over all runs", (s) =>
    byMiner(s, s.shares.total.bestDifficulty),
  ),
  single("last_share_timestamp_seconds", "When a pool last took one", (s) =>
    byMiner(s, s.shares.total.lastShareUnixSeconds),
  ),
  total(
    "without_pool_seconds_total",
    "Chains could hash and no pool gave work",
    (s) => s.shares.withoutPoolS,
  ),
];

const boards: readonly Metric[] = [
  gauge("board_state", "1 for the state that the board is in", {
    labels: ["board", "state"],
    samples: (s) =>
      isGuardKnown(s) ? s.boards.flatMap((b) => oneOf(boardStates, b.state, [`${b.index}`])) : [],
  }),
  gauge("board_hashrate_hashes_per_second", "From verified work, mean of the window", {
    labels: ["board", "window"],
    samples: (s) =>
      isHashrateKnown(s) ? s.boards.flatMap((b) => rates(b.hashrateHps, [`${b.index}`])) : [],
  }),
  ofBoard("expected_hashrate_hashes_per_second", byMiner, "At its clock", (b) => b.expectedHps),
  ofBoard("frequency_hertz", byMiner, "What runs", (b) => b.frequencyMHz * MEGA),
  ofBoard("target_frequency_hertz", byGuard, "What is wanted", (b) => b.targetFrequencyMHz * MEGA),
  ofBoard(
    "frequency_cap_hertz",
    byGuard,
    "What protection allows",
    (b) => b.frequencyCapMHz * MEGA,
  ),
  ofBoard("chips_expected", byGuard, "By the declaration", (b) => b.chipsExpected),
  ofBoard("chips_found", byMiner, "That answered", (b) => b.chipsFound),
  ofBoard("power_watts", byGuard, "Measured at the board", (b) => b.powerW),
  ofBoard("supply_volts", byGuard, "Measured at the board", (b) => b.supplyV),
  gauge("board_temperature_celsius", "Of each sensor", {
    labels: ["board", "sensor", "place"],
    samples: (s) =>
      s.boards.flatMap(({ index, sensors }) =>
        sensors.flatMap(({ name, place, temperatureC }) =>
          maybe([`${index}`, name, place], byGuard(s, temperatureC)),
        ),
      ),
  }),
  ofBoard("nonces_total", byMiner, "All that came", (b) => b.nonces, "counter"),
  ofBoard(
    "hardware_errors_total",
    byMiner,
    "Nonces that were wrong",
    (b) => b.hardwareErrors,
    "counter",
  ),
  ofBoard("crc_errors_total", byMiner, "Damaged frames", (b) => b.crcErrors, "counter"),
  ofBoard("shares_accepted_total", byMiner, "Taken by pools", (b) => b.accepted, "counter"),
  ofBoard("shares_rejected_total", byMiner, "Refused by pools", (b) => b.rejected, "counter"),
];

const pools: readonly Metric[] = [
  gauge("pool_info", "Where each pool is; always 1", {
    labels: ["pool", "group", "protocol", "url"],
    samples: (s) => s.pools.map((p) => one([p.name, p.group, p.protocol, p.url], 1)),
  }),
  gauge("pool_state", "1 for the state that the pool is in", {
    labels: ["pool", "state"],
    samples: (s) =>
      isMinerKnown(s) ? s.pools.flatMap((p) => oneOf(poolStates, p.state, [p.name])) : [],
  }),
  ofPool("part_ratio", "Part of the hash power of its group, 0 to 1", (p) => p.part),
  ofPool("share_difficulty", "Easiest of its channels", (p) => p.shareDifficulty),
  ofPool("round_trip_seconds", "Median from share to answer", (p) => scaled(p.roundTripMs, MILLI)),
  ofPool("new_block_latency_seconds", "Median from a block to the last job of a chain", (p) =>
    scaled(p.newBlockLatencyMs, MILLI),
  ),
  ofPool("connects_total", "Connections of this run", (p) => p.connects, "counter"),
  ofPool("blocks_seen_total", "New blocks of this run", (p) => p.blocksSeen, "counter"),
  ofPool("shares_accepted_total", "Of this run", (p) => p.accepted, "counter"),
  ofPool("shares_rejected_total", "Of this run", (p) => p.rejected, "counter"),
];

const processes: readonly Metric[] = [
  counter("process_restarts_total", "Restarts after an end that was not asked for", {
    labels: ["process"],
    samples: ({ processes: { guard, miner } }) => [
      one(["guard"], guard.restarts),
      one(["miner"], miner.restarts),
    ],
  }),
  gauge("process_up", "1 while it runs and answers", {
    labels: ["process"],
    samples: ({ processes: { guard, miner } }) => [
      one(["guard"], guard.state === "running" ? 1 : 0),
      one(["miner"], miner.state === "running" ? 1 : 0),
    ],
  }),
  single("miner_uptime_seconds", "Since the miner process began", (s) =>
    byMiner(s, s.processes.miner.uptimeS),
  ),
  single(
    "operator_resident_memory_bytes",
    "Of the process that answers this",
    (s) => s.processes.operator.memoryBytes,
  ),
];

export const metricTable: readonly Metric[] = [
  ...machine,
  ...shares,
  ...boards,
  ...pools,
  ...processes,
];

type Labelled = Pick<Metric, "labels" | "samples">;

function gauge(name: string, help: string, labelled: Labelled): Metric {
  return { name: `asicd_${name}`, help, type: "gauge", ...labelled };
}

function counter(name: string, help: string, labelled: Labelled): Metric {
  return { name: `asicd_${name}`, help, type: "counter", ...labelled };
}

function single(name: string, help: string, of: (status: Status) => number | null): Metric {
  return gauge(name, help, { labels: [], samples: (status) => maybe([], of(status)) });
}

/** Of the miner, which counts from 0 when it starts. */
function total(name: string, help: string, of: (status: Status) => number): Metric {
  return counter(name, help, {
    labels: [],
    samples: (status) => maybe([], byMiner(status, of(status))),
  });
}

function ofBoard(
  name: string,
  by: typeof byMiner,
  help: string,
  of: (board: BoardStatus) => number | null,
  type: Metric["type"] = "gauge",
): Metric {
  return {
    name: `asicd_board_${name}`,
    help,
    type,
    labels: ["board"],
    samples: (status) =>
      status.boards.flatMap((board) => maybe([`${board.index}`], by(status, of(board)))),
  };
}

function ofPool(
  name: string,
  help: string,
  of: (pool: PoolStatus) => number | null,
  type: Metric["type"] = "gauge",
): Metric {
  return {
    name: `asicd_pool_${name}`,
    help,
    type,
    labels: ["pool"],
    samples: (status) =>
      isMinerKnown(status) ? status.pools.flatMap((pool) => maybe([pool.name], of(pool))) : [],
  };
}

function isGuardKnown({ measuredAgoS }: Status): boolean {
  return measuredAgoS !== null && measuredAgoS <= STALE_AFTER_S;
}

/** A counter of a miner that is gone is not 0: it is not there, and neither is anything else that the miner tells. */
function isMinerKnown(status: Status): boolean {
  const { state, uptimeS } = status.processes.miner;
  return isGuardKnown(status) && state !== "silent" && uptimeS !== null;
}

/** Without a miner nothing hashes, and an alert on that needs a 0. */
function isHashrateKnown(status: Status): boolean {
  return isGuardKnown(status) && isMinerTold(status.processes.miner);
}

function byGuard(status: Status, value: number | null): number | null {
  return isGuardKnown(status) ? value : null;
}

function byMiner(status: Status, value: number | null): number | null {
  return isMinerKnown(status) ? value : null;
}

function one(labels: readonly string[], value: number): Sample {
  return { labels, value };
}

function maybe(labels: readonly string[], value: number | null): readonly Sample[] {
  return value === null || !Number.isFinite(value) ? [] : [one(labels, value)];
}

function oneOf(
  states: readonly string[],
  present: string,
  labels: readonly string[],
): readonly Sample[] {
  return states.map((state) => one([...labels, state], state === present ? 1 : 0));
}

function rates(hps: Rates, labels: readonly string[]): readonly Sample[] {
  return windows.map((window) => one([...labels, windowLabels[window]], hps[window]));
}

function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor;
}

function bit(value: boolean | null): number | null {
  return value === null ? null : value ? 1 : 0;
}
