/** The machine in the shape of AxeOS' GET /api/system/info. What is unknown is left out: a -1 would be read as a reading. */
import type { BoardStatus, PoolStatus, Status } from "../../api/status.ts";
import { macText } from "../antminer/cgi.ts";
import { hardwareErrorsOf } from "../cgminer/tallies.ts";
import { withoutStale } from "../fresh.ts";
import { firmwareName } from "../identity.ts";
import { fixed, type Numeral, percent, type Row, rate } from "../numerals.ts";
import { poolUrlParts } from "../pool-url.ts";

const GIGA = 1e9;

/** asic-rs tells models apart by it. Of several revisions the one that is declared here: USB does not say which it is [?]. */
const BOARD_VERSIONS: Readonly<Record<string, string>> = {
  "bitaxe-max": "102",
  "bitaxe-ultra": "207",
  "bitaxe-supra": "402",
  "bitaxe-gamma": "601",
};

export function systemInfo(told: Status): Row {
  const status = withoutStale(told);
  const { device, hashrate, power, shares, fans } = status;
  const { s5, m1 } = hashrate.hashrateHps;
  const firmware = firmwareName(device);
  const [fan, secondFan] = fans.fans;
  const supplyV = power.supplyV ?? status.boards[0]?.supplyV ?? null;
  const { wrong, all } = hardwareErrorsOf(status);
  return {
    ...(power.powerW === null ? {} : { power: fixed(power.powerW, 2) }),
    ...(supplyV === null ? {} : { voltage: fixed(1_000 * supplyV, 2) }),
    ...(power.powerW === null || supplyV === null || supplyV <= 0
      ? {}
      : { current: fixed((1_000 * power.powerW) / supplyV, 2) }),
    ...temperatures(status.boards),
    hashRate: rate(s5 / GIGA),
    hashRate_1m: rate(m1 / GIGA),
    expectedHashrate: rate(hashrate.nominalHps / GIGA),
    errorPercentage: percent(wrong, all),
    ASICModel: device.chip ?? "",
    asicCount: chipCount(status),
    smallCoreCount: smallCores(status),
    frequency: fixed(targetFrequencyMHz(status), 2),
    actualFrequency: fixed(status.boards[0]?.frequencyMHz ?? 0, 2),
    boardVersion: BOARD_VERSIONS[device.board ?? ""] ?? "",
    deviceModel: device.model,
    version: firmware,
    axeOSVersion: firmware,
    hostname: device.hostname,
    macAddr: macText(device.mac),
    ipv4: device.ipv4 ?? "",
    uptimeSeconds: Math.floor(device.uptimeS),
    sharesAccepted: shares.run.accepted,
    sharesRejected: shares.run.rejected,
    sharesRejectedReasons: shares.total.rejections.map(({ code, count }) => ({
      message: code,
      count,
    })),
    bestDiff: fixed(shares.total.bestDifficulty ?? 0, 4),
    bestSessionDiff: fixed(shares.total.bestDifficulty ?? 0, 4),
    blockFound: shares.total.blocksFound,
    miningPaused: status.paused,
    overheat_mode: status.boards.some(isOverheated) ? 1 : 0,
    autofanspeed: fans.mode === "manual" ? 0 : 1,
    fanspeed: fixed(fans.targetDutyPercent, 1),
    ...(fan?.rpm == null ? {} : { fanrpm: fan.rpm }),
    ...(secondFan?.rpm == null ? {} : { fan2rpm: secondFan.rpm }),
    ...targetTemperature(status.boards),
    ...poolFields(status.pools),
  };
}

export function asicInfo(status: Status): Row {
  const frequencyMHz = Math.round(targetFrequencyMHz(status));
  return {
    ASICModel: status.device.chip ?? "",
    deviceModel: status.device.model,
    swarmColor: "gray",
    asicCount: chipCount(status),
    defaultFrequency: frequencyMHz,
    // Clock and voltage are not set through this interface: there is one choice, the one in force.
    frequencyOptions: [frequencyMHz],
    defaultVoltage: Math.round(1_000 * (status.boards[0]?.supplyV ?? 0)),
    voltageOptions: [Math.round(1_000 * (status.boards[0]?.supplyV ?? 0))],
  };
}

/** In the words of the guard's thermal rules (src/control/trips.ts): the status tells reasons, not rules. */
// Escaped: one other character in a regular expression makes V8 keep the whole program with two bytes for each.
const THERMAL_REASON = /\u00b0C is dangerous|, hot from \d/;

/** Heat took its power; that lasts until it may have it back, however cool it has become. */
function isOverheated({ state, reason, sensors }: BoardStatus): boolean {
  if (state !== "latched" && state !== "resting") return false;
  return (
    THERMAL_REASON.test(reason ?? "") ||
    sensors.some(({ temperatureC, hotC }) => (temperatureC ?? 0) >= (hotC ?? Infinity))
  );
}

function chipCount({ boards }: Status): number {
  return boards.reduce((sum, { chipsExpected }) => sum + chipsExpected, 0);
}

/** Mean of the chips. */
function targetFrequencyMHz({ boards }: Status): number {
  const chips = boards.reduce((sum, { chipsExpected }) => sum + chipsExpected, 0);
  const weighted = boards.reduce(
    (sum, { chipsExpected, targetFrequencyMHz: mhz }) => sum + chipsExpected * mhz,
    0,
  );
  return chips === 0 ? 0 : weighted / chips;
}

/** pyasic multiplies it by chips and MHz; in a simulation, whose chips are slowed down, it is a fraction. */
function smallCores(status: Status): number | Numeral {
  const perCore = 1e6 * chipCount(status) * targetFrequencyMHz(status);
  if (perCore === 0) return 0;
  const cores = status.hashrate.nominalHps / perCore;
  return status.device.scale === 1 ? Math.round(cores) : rate(cores);
}

function temperatures(boards: readonly BoardStatus[]): Row {
  const hottest = (...places: readonly string[]) => {
    const known = boards
      .flatMap(({ sensors }) => sensors)
      .filter(({ place }) => places.includes(place))
      .flatMap(({ temperatureC }) => temperatureC ?? []);
    return known.length === 0 ? undefined : fixed(Math.max(...known), 2);
  };
  return { temp: hottest("chip") ?? hottest("board"), vrTemp: hottest("regulator") };
}

function targetTemperature(boards: readonly BoardStatus[]): Row {
  const targets = boards.flatMap(({ sensors }) => sensors.flatMap(({ targetC }) => targetC ?? []));
  return targets.length === 0 ? {} : { temptarget: Math.round(Math.min(...targets)) };
}

/** AxeOS knows a pool and a fallback. */
function poolFields(pools: readonly PoolStatus[]): Row {
  const [first, second] = pools.filter(({ enabled }) => enabled);
  const active = pools.find(({ state }) => state === "active");
  return {
    ...(first === undefined ? {} : poolOf(first, "stratum")),
    ...(second === undefined ? {} : poolOf(second, "fallbackStratum")),
    isUsingFallbackStratum: active !== undefined && active !== first ? 1 : 0,
    ...(active?.shareDifficulty == null
      ? {}
      : { poolDifficulty: fixed(active.shareDifficulty, 4) }),
    ...(active?.roundTripMs == null ? {} : { responseTime: fixed(active.roundTripMs, 2) }),
    poolConnectionInfo: active === undefined ? "" : active.phase,
    pools: pools.map((pool) => ({
      id: pool.index,
      ...poolOf(pool, "stratum"),
      stratumPassword: "*****",
    })),
  };
}

function poolOf(pool: PoolStatus, prefix: "stratum" | "fallbackStratum"): Row {
  const { host, port } = poolUrlParts(pool.url);
  return {
    [`${prefix}URL`]: host,
    [`${prefix}Port`]: port,
    [`${prefix}User`]: pool.user,
    [`${prefix}Protocol`]: pool.protocol === "sv2" ? "SV2" : "SV1",
    [`${prefix}TLS`]: pool.protocol === "sv1" && pool.encrypted ? 1 : 0,
    ...(pool.authorityKey === null ? {} : { [`${prefix}V2AuthorityPubkey`]: pool.authorityKey }),
  };
}
