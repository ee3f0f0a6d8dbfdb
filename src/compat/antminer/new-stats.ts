/** Statistics as Bitmain's CGI has them since 2020, on 4028 under "new_api". */
import type { BoardStatus, Status } from "../../api/status.ts";
import { elapsedS, hardwareErrorsOf } from "../cgminer/tallies.ts";
import { antminerType, firmwareName } from "../identity.ts";
import { fixed, type Row, rate, type Wire } from "../numerals.ts";
import {
  chipLetters,
  fanRpms,
  GIGA,
  idealHps,
  temperaturesC,
  workMode,
  wrongPercent,
} from "./machine-figures.ts";

export const CGI_API_VERSION = "1.0.0";

export function newStats(status: Status, whenUnixSeconds: number): Readonly<Record<string, Wire>> {
  return {
    STATUS: [{ STATUS: "S", When: whenUnixSeconds, Msg: "stats", api_version: CGI_API_VERSION }],
    INFO: infoRow(status),
    STATS: [statsRow(status)],
  };
}

export function infoRow({ device }: Status): Row {
  return {
    miner_version: firmwareName(device),
    CompileTime: DIALECT_TIME,
    type: antminerType(device),
  };
}

/** No time of ours: asic-rs 0.7.3 tells Bitmain's dialects apart by it, and takes this one's from July 2023 on. */
const DIALECT_TIME = "Thu Jan  1 00:00:00 UTC 2026";

function statsRow(status: Status): Row {
  const { hashrateHps, nominalHps } = status.hashrate;
  const { wrong, all } = hardwareErrorsOf(status);
  const fans = fanRpms(status);
  const { powerW } = status.power;
  return {
    elapsed: elapsedS(status),
    rate_5s: rate(hashrateHps.s5 / GIGA),
    rate_30m: rate(hashrateHps.m15 / GIGA),
    rate_avg: rate(hashrateHps.h24 / GIGA),
    rate_ideal: rate(nominalHps / GIGA),
    rate_unit: "GH/s",
    chain_num: status.boards.length,
    fan_num: fans.length,
    fan: fans,
    hwp_total: fixed(wrongPercent(wrong, all), 4),
    "miner-mode": workMode(status),
    "freq-level": 100,
    ...(powerW === null ? {} : { watt: powerW }),
    chain: status.boards.map((board) => chainRow(board, status)),
  };
}

function chainRow(board: BoardStatus, status: Status): Row {
  return {
    index: board.index,
    freq_avg: board.frequencyMHz,
    rate_ideal: rate(idealHps(board, status) / GIGA),
    rate_real: rate(board.hashrateHps.s5 / GIGA),
    asic_num: board.chipsFound,
    asic: chipLetters(board),
    temp_pic: temperaturesC(board, "regulator"),
    temp_pcb: temperaturesC(board, "board"),
    temp_chip: temperaturesC(board, "chip"),
    hw: board.hardwareErrors,
    eeprom_loaded: board.serialNumber !== null,
    sn: board.serialNumber ?? "",
    hwp: fixed(wrongPercent(board.hardwareErrors, board.nonces), 4),
  };
}
