/** What Bitmain's bmminer says on 4028 where it differs from cgminer: the shapes that pyasic and asic-rs read. */
import type { BoardStatus, PoolStatus, Status } from "../../api/status.ts";
import type { Dialect } from "../cgminer/dialect.ts";
import { poolRows } from "../cgminer/pool-section.ts";
import { summaryRow } from "../cgminer/summary-section.ts";
import { elapsedS } from "../cgminer/tallies.ts";
import { antminerType, firmwareName } from "../identity.ts";
import { fixed, type Row, rate } from "../numerals.ts";
import {
  chipLetters,
  fanRpms,
  GIGA,
  meanFrequencyMHz,
  temperaturesC,
  workMode,
} from "./machine-figures.ts";
import { newStats } from "./new-stats.ts";

/** Of bmminer's API. */
const API_VERSION = "3.1";

export const antminerDialect: Dialect = {
  version: versionRow,
  summary: (status) => {
    const { h24, s5, m15 } = status.hashrate.hashrateHps;
    return {
      ...summaryRow(status),
      "GHS 5s": rate(s5 / GIGA),
      "GHS av": rate(h24 / GIGA),
      "GHS 30m": rate(m15 / GIGA),
    };
  },
  pools: (status, quotaOf) =>
    poolRows(status, quotaOf).map((row, i) => ({
      ...row,
      // Strict readers (Proto Fleet) take these two as text only.
      "Last Share Time": sinceLastShare(status.pools[i], status),
      Diff: difficultyText(status.pools[i]?.shareDifficulty ?? 0),
    })),
  stats: (status) => [versionRow(status), statsRow(status)],
  newStats,
};

/** The hardware is named as its maker does, the firmware always as ours: pyasic shows CompileTime as firmware version. */
function versionRow({ device }: Status): Row {
  const firmware = firmwareName(device);
  return {
    BMMiner: firmware,
    CGMiner: firmware,
    API: API_VERSION,
    Miner: firmware,
    CompileTime: firmware,
    Type: antminerType(device),
  };
}

/** Simulated ones are far below 1, where a number by itself would become text with an exponent. */
function difficultyText(difficulty: number): string {
  return Number.isSafeInteger(difficulty) ? String(difficulty) : rate(difficulty).text;
}

/** "0:00:03". */
function sinceLastShare(pool: PoolStatus | undefined, { unixSeconds }: Status): string {
  const at = pool?.total?.lastShareUnixSeconds;
  if (at === null || at === undefined) return "0";
  const seconds = Math.max(0, Math.floor(unixSeconds - at));
  const two = (value: number) => String(Math.floor(value) % 60).padStart(2, "0");
  return `${Math.floor(seconds / 3_600)}:${two(seconds / 60)}:${two(seconds)}`;
}

/** One row for the whole machine; what belongs to a board has its number, from 1, in the key. */
function statsRow(status: Status): Row {
  const { boards } = status;
  const { hashrateHps, nominalHps } = status.hashrate;
  const fans = fanRpms(status);
  const { powerW } = status.power;
  const chips = boards.reduce((sum, { chipsFound }) => sum + chipsFound, 0);
  const perFan = Object.fromEntries(fans.map((rpm, i) => [`fan${i + 1}`, rpm]));
  return {
    STATS: 0,
    ID: "BC50",
    Elapsed: elapsedS(status),
    Calls: 0,
    Wait: fixed(0, 6),
    Max: fixed(0, 6),
    Min: fixed(0, 6),
    "GHS 5s": rate(hashrateHps.s5 / GIGA),
    "GHS av": rate(hashrateHps.h24 / GIGA),
    rate_30m: rate(hashrateHps.m15 / GIGA),
    Mode: workMode(status),
    miner_count: boards.length,
    frequency: meanFrequencyMHz(status),
    fan_num: fans.length,
    ...perFan,
    temp_num: boards.length,
    temp_max: status.temperature.hottestC ?? 0,
    ...Object.assign({}, ...boards.map(boardFields)),
    total_rateideal: rate(nominalHps / GIGA),
    rate_unit: "GH",
    total_freqavg: meanFrequencyMHz(status),
    total_acn: chips,
    "total rate": rate(hashrateHps.s5 / GIGA),
    no_matching_work: boards.reduce((sum, { hardwareErrors }) => sum + hardwareErrors, 0),
    miner_version: firmwareName(status.device),
    miner_id: status.device.serialNumber ?? "",
    ...(powerW === null ? {} : { chain_power: `${Math.round(powerW)} W`, power: powerW }),
  };
}

function boardFields(board: BoardStatus): Row {
  const n = board.index + 1;
  const pcb = temperaturesC(board, "board");
  const chip = temperaturesC(board, "chip");
  return {
    [`temp${n}`]: Math.max(0, ...pcb),
    [`temp2_${n}`]: Math.max(0, ...chip),
    [`temp_pcb${n}`]: pcb.join("-"),
    [`temp_chip${n}`]: chip.join("-"),
    [`temp_pic${n}`]: temperaturesC(board, "regulator").join("-"),
    [`chain_acn${n}`]: board.chipsFound,
    [`chain_acs${n}`]: chipLetters(board),
    [`chain_hw${n}`]: board.hardwareErrors,
    [`chain_rate${n}`]: rate(board.hashrateHps.s5 / GIGA).text,
    [`freq${n}`]: board.frequencyMHz,
  };
}
