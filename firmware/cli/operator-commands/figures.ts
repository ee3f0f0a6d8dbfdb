/** Figures of a status as words; what is not known says so. */
import type { BoardStatus, Status } from "../../../src/api/status.ts";
import { formatHashrate } from "../format.ts";
import type { Cell, Tone } from "./terminal-text.ts";

export const UNKNOWN = "unknown";

export function celsius(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN : `${value.toFixed(1)} °C`;
}

export function percent(value: number): string {
  return `${value.toFixed(value > 0 && value < 1 ? 2 : 1)} %`;
}

export function rate(hps: number): string {
  return formatHashrate(hps);
}

export function hottest({ sensors }: BoardStatus): number | null {
  const known = sensors.flatMap(({ temperatureC }) => temperatureC ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

export function power({ powerW, powerSource, efficiencyJPerTh }: Status["power"]): string {
  if (powerW === null) return UNKNOWN;
  const efficiency = efficiencyJPerTh === null ? "" : `, ${efficiencyJPerTh.toFixed(1)} J/TH`;
  return `${powerW.toFixed(0)} W ${powerSource ?? ""}${efficiency}`.trim();
}

const BOARD_TONES: Readonly<Partial<Record<BoardStatus["state"], Tone>>> = {
  hashing: "good",
  starting: "warning",
  resting: "warning",
  latched: "bad",
  faulted: "bad",
  absent: "bad",
};

export function boardState({ state }: BoardStatus): Cell {
  return { text: state, tone: BOARD_TONES[state] ?? "plain" };
}

const POOL_TONES: Readonly<Partial<Record<Status["pools"][number]["state"], Tone>>> = {
  active: "good",
  down: "bad",
  off: "dim",
};

export function poolState({ state }: Status["pools"][number]): Cell {
  return { text: state, tone: POOL_TONES[state] ?? "plain" };
}

export function utcText(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1_000);
  return Number.isNaN(date.getTime()) ? UNKNOWN : date.toISOString().slice(0, 19).replace("T", " ");
}
