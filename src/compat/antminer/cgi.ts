/** Bitmain's CGI: what a GET of /cgi-bin/NAME.cgi answers. */
import type { Problem, Status } from "../../api/status.ts";
import { poolState } from "../cgminer/pool-section.ts";
import { elapsedS, hardwareErrorsOf, poolTally } from "../cgminer/tallies.ts";
import { antminerType, firmwareName } from "../identity.ts";
import { fixed, type Row, rate, type Wire } from "../numerals.ts";
import { shownPoolUrl } from "../pool-url.ts";
import { GIGA, workMode } from "./machine-figures.ts";
import { shownPools } from "./miner-conf.ts";
import { CGI_API_VERSION, infoRow, newStats } from "./new-stats.ts";

type Reader = (status: Status, whenUnixSeconds: number) => Wire;

/** By the name before ".cgi". */
export const cgiReaders: Readonly<Record<string, Reader>> = {
  get_system_info: systemInfo,
  miner_type: minerType,
  summary,
  stats: newStats,
  pools,
  get_network_info: networkInfo,
  get_miner_conf: minerConf,
  // The S17's dialect has the other name.
  get_blink_status: ({ identifying }) => ({ blink: identifying, isBlinking: identifying }),
};

/** What nobody told is "". */
function systemInfo({ device }: Status): Row {
  return {
    minertype: antminerType(device),
    nettype: "DHCP",
    netdevice: "eth0",
    macaddr: macText(device.mac),
    hostname: device.hostname,
    ipaddress: device.ipv4 ?? "",
    netmask: "",
    gateway: "",
    dnsservers: "",
    system_mode: "GNU/Linux",
    system_kernel_version: "Linux",
    system_filesystem_version: firmwareName(device),
    firmware_type: "asicd",
    serinum: device.serialNumber ?? "",
  };
}

function minerType({ device }: Status): Row {
  return {
    miner_type: antminerType(device),
    subtype: device.board ?? "",
    fw_version: firmwareName(device),
  };
}

function networkInfo({ device }: Status): Row {
  const mac = macText(device.mac);
  return {
    nettype: "DHCP",
    netdevice: "eth0",
    macaddr: mac,
    ipaddress: device.ipv4 ?? "",
    netmask: "",
    conf_nettype: "DHCP",
    conf_hostname: device.hostname,
    conf_ipaddress: "",
    conf_netmask: "",
    conf_gateway: "",
    conf_dnsservers: "",
  };
}

export function macText(mac: string | null): string {
  return (mac ?? "").toUpperCase();
}

function summary(status: Status, whenUnixSeconds: number): Row {
  const { hashrateHps, nominalHps } = status.hashrate;
  return {
    STATUS: {
      STATUS: "S",
      when: whenUnixSeconds,
      Msg: "summary",
      api_version: CGI_API_VERSION,
    },
    INFO: infoRow(status),
    SUMMARY: [
      {
        elapsed: elapsedS(status),
        rate_5s: rate(hashrateHps.s5 / GIGA),
        rate_30m: rate(hashrateHps.m15 / GIGA),
        rate_avg: rate(hashrateHps.h24 / GIGA),
        rate_ideal: rate(nominalHps / GIGA),
        rate_unit: "GH/s",
        hw_all: hardwareErrorsOf(status).wrong,
        bestshare: status.shares.total.bestDifficulty ?? 0,
        status: conditions(status),
      },
    ],
  };
}

/** Bitmain's four lamps; fleet tools show the text of each that is not "s" as an error. */
const LAMPS = ["rate", "network", "fans", "temp"] as const;

function lampOf({ code, where }: Problem): (typeof LAMPS)[number] {
  if (/^fan/.test(where) || code.includes("fan")) return "fans";
  if (/^pool/.test(where) || code.includes("pool")) return "network";
  return /temperature|hot|sensor/.test(code) ? "temp" : "rate";
}

function conditions({ problems }: Status): readonly Row[] {
  const counting = problems.filter(({ severity }) => severity !== "info");
  return LAMPS.flatMap((type): readonly Row[] => {
    const own = counting.filter((problem) => lampOf(problem) === type);
    if (own.length === 0) return [{ type, status: "s", code: 0, msg: "" }];
    return own.map(({ severity, text }) => ({
      type,
      status: severity === "error" ? "e" : "w",
      code: 1,
      msg: text,
    }));
  });
}

function pools(status: Status, whenUnixSeconds: number): Row {
  return {
    STATUS: { STATUS: "S", when: whenUnixSeconds, Msg: "pools", api_version: CGI_API_VERSION },
    INFO: infoRow(status),
    POOLS: status.pools.map((pool): Row => {
      const tally = poolTally(pool);
      return {
        index: pool.index,
        url: shownPoolUrl(pool.url),
        user: pool.user,
        status: poolState(pool),
        priority: pool.index,
        getworks: pool.blocksSeen,
        accepted: pool.accepted,
        rejected: pool.rejected,
        discarded: 0,
        stale: pool.total?.staleByUs ?? 0,
        diff: String(pool.shareDifficulty ?? 0),
        diff1: Math.round(tally.acceptedDifficulty + tally.rejectedDifficulty),
        diffa: fixed(tally.acceptedDifficulty, 8),
        diffr: fixed(tally.rejectedDifficulty, 8),
        diffs: fixed(0, 8),
        lsdiff: fixed(pool.shareDifficulty ?? 0, 8),
        lstime: Math.floor(pool.total?.lastShareUnixSeconds ?? 0),
      };
    }),
  };
}

/** Fans and clock are for our own page: what is told here is what the machine does, and writes to it are left out. */
function minerConf(status: Status): Row {
  const { mode, targetDutyPercent } = status.fans;
  return {
    pools: shownPools(status).map(({ url, user, pass }) => ({ url, user, pass })),
    "api-listen": true,
    "api-network": true,
    "bitmain-fan-ctrl": mode === "manual",
    "bitmain-fan-pwm": String(Math.round(targetDutyPercent)),
    "bitmain-freq": String(Math.round(status.boards[0]?.targetFrequencyMHz ?? 0)),
    "bitmain-freq-level": "100",
    "bitmain-voltage": "0",
    "bitmain-work-mode": String(workMode(status)),
  };
}
