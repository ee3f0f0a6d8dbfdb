/** AxeOS' GET /api/system/statistics from our history: columns by name, rows by time. */
import type { Device } from "../../api/device.ts";
import type { Numeral, Wire } from "../numerals.ts";
import { fixed, rate } from "../numerals.ts";

/** AxeOS keeps as many. */
const MAX_ROWS = 720;
const SPAN_S = 3_600;

interface Column {
  /** Of our history. */
  readonly series: string;
  readonly write: (value: number) => Numeral;
}

/** AxeOS' names; what we do not remember is not offered. */
const columns: Readonly<Record<string, Column>> = {
  hashrate: { series: "hashrate", write: (hps) => rate(hps / 1e9) },
  asicTemp: { series: "temperature", write: (celsius) => fixed(celsius, 2) },
  power: { series: "power", write: (watts) => fixed(watts, 2) },
  fanSpeed: { series: "fanDuty", write: (percent) => fixed(percent, 1) },
};

/** `wanted` as in ?columns=a,b; absent: all. Times are ms since the start, as AxeOS counts. */
export async function statistics(device: Device, wanted: string | undefined): Promise<Wire> {
  const status = device.status();
  const known = new Set(device.history.series.map(({ name }) => name));
  const asked = wanted === undefined ? Object.keys(columns) : wanted.slice(0, 500).split(",");
  const labels = [...new Set(asked)].filter((label) => known.has(columns[label]?.series ?? ""));
  const startedUnixSeconds = status.unixSeconds - status.device.uptimeS;
  const currentTimestamp = Math.round(1_000 * status.device.uptimeS);
  if (labels.length === 0) return { currentTimestamp, labels: ["timestamp"], statistics: [] };
  const { unixSeconds, series } = await device.history.query({
    series: labels.map((label) => columns[label]?.series ?? ""),
    fromUnixSeconds: Math.max(startedUnixSeconds, status.unixSeconds - SPAN_S),
    toUnixSeconds: status.unixSeconds,
    maxPoints: MAX_ROWS,
  });
  const rows = unixSeconds.flatMap((at, i): readonly Wire[] => {
    const values = labels.map((label) => {
      const column = columns[label];
      const value = column === undefined ? null : series[column.series]?.[i];
      return value === null || value === undefined ? undefined : column?.write(value);
    });
    // AxeOS has no word for a gap inside a row.
    if (values.some((value) => value === undefined)) return [];
    const row = values.flatMap((value) => value ?? []);
    return [[...row, Math.max(0, Math.round(1_000 * (at - startedUnixSeconds)))]];
  });
  return { currentTimestamp, labels: [...labels, "timestamp"], statistics: rows };
}
