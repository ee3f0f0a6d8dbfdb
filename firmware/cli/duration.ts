/** Durations as people write them on a command line: 90, 90s, 500ms, 10m, 1h30m. */

export const durationForms = "seconds, or a duration such as 500ms, 90s, 10m, 1h30m, 2d";

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds; `undefined` when the text is no duration. A bare number counts seconds. */
export function parseDurationMs(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    totalMs += Number(amount) * (MS_PER_UNIT[unit ?? ""] ?? Number.NaN);
  return totalMs;
}
