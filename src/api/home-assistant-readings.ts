/** What Home Assistant is shown of a machine: one row for each sensor, with what its documentation asks for. */
import { siPrefixed } from "./home-assistant-units.ts";
import { type BoardStatus, boardSchema, machineStates, type Status } from "./status.ts";

/** `null` is unknown. */
export type ReadingValue = number | string | boolean | null;

export interface Reading {
  /** Also the key in the state message and the end of the entity's id. */
  readonly key: string;
  readonly platform: "sensor" | "binary_sensor";
  readonly name: string;
  /** The fields of https://www.home-assistant.io/integrations/sensor.mqtt/ and binary_sensor.mqtt. */
  readonly config: Readonly<Record<string, unknown>>;
  /** True: known to us even when the guard is silent. Everything else is unknown then, however recent it looks. */
  readonly isOurs?: boolean;
  value(status: Status): ReadingValue;
}

const measurement = { state_class: "measurement" } as const;
const counter = { state_class: "total_increasing" } as const;
const diagnostic = { entity_category: "diagnostic" } as const;
const celsius = { device_class: "temperature", unit_of_measurement: "°C", ...measurement } as const;

/** A longer state is refused by Home Assistant (core, const.py: MAX_LENGTH_STATE_STATE). */
const TEXT_MAX = 255;

/** All readings of a machine with these boards and fans. */
export function readingsOf(status: Status): readonly Reading[] {
  return [
    ...machineReadings(status),
    ...status.boards.flatMap(({ index }) => boardReadings(index, status)),
    ...status.fans.fans.map(({ name }, index) => fanReading(index, name)),
  ];
}

function machineReadings(status: Status): readonly Reading[] {
  const rate = siPrefixed(status.device.scale);
  const rateConfig = {
    unit_of_measurement: rate.unit,
    suggested_display_precision: 2,
    ...measurement,
  };
  return [
    {
      key: "hashrate",
      platform: "sensor",
      name: "Hashrate",
      config: { ...rateConfig, icon: "mdi:pickaxe" },
      value: ({ hashrate }) => rate.of(hashrate.hashrateHps.m5),
    },
    {
      key: "hashrate_expected",
      platform: "sensor",
      name: "Expected hashrate",
      config: { ...rateConfig, icon: "mdi:pickaxe" },
      value: ({ hashrate }) => rate.of(hashrate.expectedHps),
    },
    {
      key: "power",
      platform: "sensor",
      name: "Power",
      config: { device_class: "power", unit_of_measurement: "W", ...measurement },
      value: ({ power }) => round(power.powerW, 1),
    },
    {
      key: "power_source",
      platform: "sensor",
      name: "Power is",
      config: { device_class: "enum", options: ["measured", "declared"], ...diagnostic },
      value: ({ power }) => power.powerSource,
    },
    {
      key: "efficiency",
      platform: "sensor",
      name: "Efficiency",
      config: { unit_of_measurement: "J/TH", icon: "mdi:gauge", ...measurement },
      value: ({ power }) => round(power.efficiencyJPerTh, 2),
    },
    {
      key: "temperature",
      platform: "sensor",
      name: "Hottest temperature",
      config: celsius,
      value: ({ temperature }) => round(temperature.hottestC, 1),
    },
    {
      key: "fan_duty",
      platform: "sensor",
      name: "Fan duty",
      config: { unit_of_measurement: "%", icon: "mdi:fan", ...measurement },
      value: ({ fans }) => round(fans.targetDutyPercent, 0),
    },
    {
      key: "shares_accepted",
      platform: "sensor",
      name: "Accepted shares",
      config: { icon: "mdi:check", ...counter },
      value: ({ shares }) => shares.run.accepted,
    },
    {
      key: "shares_rejected",
      platform: "sensor",
      name: "Rejected shares",
      config: { icon: "mdi:close", ...counter },
      value: ({ shares }) => shares.run.rejected,
    },
    {
      key: "pool",
      platform: "sensor",
      name: "Active pool",
      config: { icon: "mdi:server-network" },
      value: activePool,
    },
    {
      key: "uptime",
      platform: "sensor",
      name: "Uptime",
      config: { device_class: "duration", unit_of_measurement: "s", ...diagnostic },
      isOurs: true,
      value: ({ device }) => Math.floor(device.uptimeS),
    },
    {
      key: "state",
      platform: "sensor",
      name: "State",
      config: { device_class: "enum", options: [...machineStates] },
      isOurs: true,
      value: ({ summary }) => summary.state,
    },
    {
      key: "sentence",
      platform: "sensor",
      name: "Summary",
      config: { icon: "mdi:text" },
      isOurs: true,
      value: ({ summary }) => cut(summary.sentence),
    },
    {
      key: "problems",
      platform: "sensor",
      name: "Problems",
      config: { icon: "mdi:alert-circle-outline", ...measurement },
      isOurs: true,
      value: ({ problems }) => problems.filter(({ severity }) => severity !== "info").length,
    },
    {
      key: "mining",
      platform: "binary_sensor",
      name: "Hashing",
      config: { device_class: "running" },
      isOurs: true,
      value: ({ summary }) => (summary.state === "lost" ? null : summary.state === "mining"),
    },
    {
      key: "problem",
      platform: "binary_sensor",
      name: "Problem",
      config: { device_class: "problem" },
      isOurs: true,
      value: ({ problems }) => problems.some(({ severity }) => severity === "error"),
    },
    {
      key: "pool_connected",
      platform: "binary_sensor",
      name: "Pool",
      config: { device_class: "connectivity", ...diagnostic },
      value: ({ pools }) => pools.some(({ state }) => state === "active"),
    },
  ];
}

function boardReadings(index: number, { device }: Status): readonly Reading[] {
  const rate = siPrefixed(device.scale);
  const of = (read: (board: BoardStatus) => ReadingValue) => (status: Status) => {
    const board = status.boards[index];
    return board === undefined ? null : read(board);
  };
  return [
    {
      key: `board_${index}_hashrate`,
      platform: "sensor",
      name: `Board ${index} hashrate`,
      config: {
        unit_of_measurement: rate.unit,
        suggested_display_precision: 2,
        icon: "mdi:pickaxe",
        ...measurement,
      },
      value: of(({ hashrateHps }) => rate.of(hashrateHps.m5)),
    },
    {
      key: `board_${index}_temperature`,
      platform: "sensor",
      name: `Board ${index} temperature`,
      config: celsius,
      value: of(({ sensors }) => round(hottestOf(sensors), 1)),
    },
    {
      key: `board_${index}_chips`,
      platform: "sensor",
      name: `Board ${index} chips`,
      config: { icon: "mdi:chip", ...measurement, ...diagnostic },
      value: of(({ chipsFound }) => chipsFound),
    },
    {
      key: `board_${index}_state`,
      platform: "sensor",
      name: `Board ${index} state`,
      config: { device_class: "enum", options: [...boardSchema.properties.state.enum] },
      value: of(({ state }) => state),
    },
  ];
}

function fanReading(index: number, name: string): Reading {
  return {
    key: `fan_${index}_rpm`,
    platform: "sensor",
    name: `Fan ${name}`,
    config: { unit_of_measurement: "rpm", icon: "mdi:fan", ...measurement, ...diagnostic },
    value: ({ fans }) => round(fans.fans[index]?.rpm ?? null, 0),
  };
}

/** Name of the pool that has the hash power; of several, the first. */
export function activePool({ pools }: Pick<Status, "pools">): string | null {
  return pools.find(({ state }) => state === "active")?.name ?? null;
}

function hottestOf(sensors: BoardStatus["sensors"]): number | null {
  const known = sensors.flatMap(({ temperatureC }) => temperatureC ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

function round(value: number | null, digits: number): number | null {
  return value === null ? null : Number(value.toFixed(digits));
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX - 1)}…`;
}
