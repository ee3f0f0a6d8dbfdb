/** Numbers for charts and for the tables that say the same. */
import type { DeviceEvent } from "../../api/status.ts";

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** Which of the colours and dashes of the page; an expectation is drawn lightly. */
  readonly look: 0 | 1 | 2 | 3 | "expected";
}

export interface Extent {
  readonly least: number;
  readonly mean: number;
  readonly greatest: number;
}

/** null where nothing is known. */
export function extentOf(values: readonly (number | null)[]): Extent | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  return {
    least: known.reduce((so, value) => Math.min(so, value)),
    mean: known.reduce((so, value) => so + value, 0) / known.length,
    greatest: known.reduce((so, value) => Math.max(so, value)),
  };
}

export interface TableRow {
  readonly unixSeconds: number;
  readonly values: readonly (number | null)[];
}

/** At most so many rows: means of what lies between. */
export function tableOf(
  unixSeconds: readonly number[],
  lines: readonly Line[],
  maxRows: number,
): TableRow[] {
  const step = Math.max(1, Math.ceil(unixSeconds.length / maxRows));
  const rows: TableRow[] = [];
  for (let at = 0; at < unixSeconds.length; at += step)
    rows.push({
      unixSeconds: unixSeconds[at] ?? 0,
      values: lines.map(({ values }) => extentOf(values.slice(at, at + step))?.mean ?? null),
    });
  return rows;
}

/** What is worth a mark: everything that is no mere note, and the notes that change how much is mined. */
export function markedEvents(
  events: readonly DeviceEvent[],
  fromUnixSeconds: number,
  toUnixSeconds: number,
): DeviceEvent[] {
  return events.filter(
    ({ unixSeconds }) => unixSeconds >= fromUnixSeconds && unixSeconds <= toUnixSeconds,
  );
}

/** Ends of an axis that leave room around the values; of zero where the values are near it. */
export function paddedRange(least: number, greatest: number): readonly [number, number] {
  if (least === greatest) return least === 0 ? [0, 1] : [least - 1, greatest + 1];
  const room = (greatest - least) * 0.12;
  const low = least - room;
  return [least >= 0 && low < greatest * 0.3 ? 0 : low, greatest + room];
}
