/** SUMMARY, COIN, LCD and CONFIG: the machine as a whole. */
import type { Rates, Status } from "../../api/status.ts";
import { fixed, percent, type Row, rate } from "../numerals.ts";
import { shownPoolUrl } from "../pool-url.ts";
import {
  difficultyOf,
  elapsedS,
  HASHES_PER_DIFFICULTY,
  hardwareErrorsOf,
  machineTally,
  perMinute,
} from "./tallies.ts";

const [MEGA, GIGA] = [1e6, 1e9];

/** MHS fields; `av` is since the start, of the last 24 hours once that is longer. */
export function megaRates({ h24, s5, m1, m5, m15 }: Rates): Row {
  return {
    "MHS av": rate(h24 / MEGA),
    "MHS 5s": rate(s5 / MEGA),
    "MHS 1m": rate(m1 / MEGA),
    "MHS 5m": rate(m5 / MEGA),
    "MHS 15m": rate(m15 / MEGA),
  };
}

export function summaryRow(status: Status): Row {
  const seconds = elapsedS(status);
  const tally = machineTally(status);
  const { total } = status.shares;
  const { wrong, all } = hardwareErrorsOf(status);
  const difficulty = difficultyOf(tally);
  const shares = tally.accepted + tally.rejected + tally.stale;
  return {
    Elapsed: seconds,
    ...megaRates(status.hashrate.hashrateHps),
    "Found Blocks": total.blocksFound,
    // Work comes by itself today; what is left of the old word is the number of blocks that were worked on.
    Getworks: blocksSeen(status),
    Accepted: tally.accepted,
    Rejected: tally.rejected,
    "Hardware Errors": wrong,
    Utility: fixed(perMinute(tally.accepted, seconds), 2),
    Discarded: 0,
    Stale: tally.stale,
    "Get Failures": 0,
    "Local Work": all,
    "Remote Failures": 0,
    "Network Blocks": blocksSeen(status),
    // As far as shares prove it: what was hashed between two shares is in the next one.
    "Total MH": fixed((difficulty * HASHES_PER_DIFFICULTY) / MEGA, 4),
    "Work Utility": fixed(perMinute(difficulty, seconds), 2),
    "Difficulty Accepted": fixed(tally.acceptedDifficulty, 8),
    "Difficulty Rejected": fixed(tally.rejectedDifficulty, 8),
    "Difficulty Stale": fixed(tally.staleDifficulty, 8),
    "Best Share": total.bestDifficulty ?? 0,
    "Device Hardware%": percent(wrong, all),
    "Device Rejected%": percent(tally.rejectedDifficulty, difficulty),
    "Pool Rejected%": percent(tally.rejected, shares),
    "Pool Stale%": percent(tally.stale, shares),
    "Last getwork": Math.floor(total.lastShareUnixSeconds ?? 0),
  };
}

export function blocksSeen({ pools }: Status): number {
  return Math.max(0, ...pools.map((pool) => pool.blocksSeen));
}

/** No client of a pool is told the block's hash or the network's difficulty. */
export function coinRow(status: Status): Row {
  return {
    "Hash Method": "sha256",
    "Current Block Time": fixed(0, 6),
    "Current Block Hash": "",
    LP: status.pools.some(({ state }) => state === "active"),
    "Network Difficulty": fixed(0, 8),
  };
}

export function lcdRow(status: Status): Row {
  const { hashrateHps } = status.hashrate;
  const { total } = status.shares;
  const active = status.pools.find(({ state }) => state === "active");
  return {
    Elapsed: elapsedS(status),
    "GHS av": rate(hashrateHps.h24 / GIGA),
    "GHS 5m": rate(hashrateHps.m5 / GIGA),
    "GHS 5s": rate(hashrateHps.s5 / GIGA),
    Temperature: fixed(status.temperature.hottestC ?? 0, 2),
    "Last Share Difficulty": fixed(active?.shareDifficulty ?? 0, 8),
    "Last Share Time": Math.floor(total.lastShareUnixSeconds ?? 0),
    "Best Share": total.bestDifficulty ?? 0,
    "Last Valid Work": Math.floor(total.lastShareUnixSeconds ?? 0),
    "Found Blocks": total.blocksFound,
    "Current Pool": active === undefined ? "" : shownPoolUrl(active.url),
    User: active?.user ?? "",
  };
}

export function configRow(status: Status): Row {
  return {
    "ASC Count": status.boards.length,
    "PGA Count": 0,
    "Pool Count": status.pools.length,
    Strategy: new Set(status.pools.map(({ group }) => group)).size > 1 ? "Quota" : "Failover",
    "Log Interval": 5,
    "Device Code": "",
    OS: "Linux",
    Hotplug: "None",
  };
}
