/** Figures of the machine as Bitmain's interfaces have them, both on 4028 and in its CGI. */
import type { BoardStatus, SensorStatus, Status } from "../../api/status.ts";

export const GIGA = 1e9;

/** Bitmain's boards have four sensors, and its interfaces always tell four. */
const SENSORS = 4;

/** Whole degrees, as strict readers want them; 0 is unknown, which readers leave out of their means. */
export function temperaturesC({ sensors }: BoardStatus, place: string): readonly number[] {
  const values = sensors
    .filter((sensor) => sensor.place === place)
    .map(({ temperatureC }: SensorStatus) => Math.round(temperatureC ?? 0));
  return Array.from({ length: Math.max(SENSORS, values.length) }, (_, i) => values[i] ?? 0);
}

/** What a board should make, whether it hashes or not: its part of the whole machine's nominal rate. */
export function idealHps(board: BoardStatus, { boards, hashrate }: Status): number {
  const weight = ({ chipsExpected, targetFrequencyMHz }: BoardStatus) =>
    chipsExpected * targetFrequencyMHz;
  const whole = boards.reduce((sum, one) => sum + weight(one), 0);
  return whole === 0 ? 0 : (hashrate.nominalHps * weight(board)) / whole;
}

/** 0 is unknown, or stands still. */
export function fanRpms({ fans }: Status): readonly number[] {
  return fans.fans.map(({ rpm }) => Math.round(rpm ?? 0));
}

export function meanFrequencyMHz({ boards }: Status): number {
  const hashing = boards.filter(({ frequencyMHz }) => frequencyMHz > 0);
  return hashing.length === 0
    ? 0
    : hashing.reduce((sum, { frequencyMHz }) => sum + frequencyMHz, 0) / hashing.length;
}

/** 0 normal, 1 sleep. */
export function workMode({ paused }: Status): 0 | 1 {
  return paused ? 1 : 0;
}

/** Percent of nonces that were wrong. */
export function wrongPercent(wrong: number, all: number): number {
  return all > 0 ? (100 * wrong) / all : 0;
}

/** "ooooxxxx oooo…": one letter for each chip, x for those that did not answer. */
export function chipLetters({ chipsFound, chipsExpected }: BoardStatus): string {
  const letters = "o".repeat(chipsFound) + "x".repeat(Math.max(0, chipsExpected - chipsFound));
  return letters.replace(/.{8}(?=.)/g, "$& ");
}
