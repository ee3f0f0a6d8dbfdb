/** Times as a scenario writes them: "500ms", "5s", "1m30s", "24h". */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
export const DURATION_PATTERN = "^(\\d{1,9}(\\.\\d{1,3})?(ms|s|m|h))+$";
/** A scenario that waits longer is a mistake. */
export const LONGEST_MS = 7 * 24 * 3_600_000;

/** Milliseconds; `undefined` for what is no time, or more than a week. */
export function durationMs(text: string): number | undefined {
  if (!new RegExp(DURATION_PATTERN).test(text)) return undefined;
  let totalMs = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    totalMs += Number(number) * (UNIT_MS[unit as string] as number);
  return totalMs <= LONGEST_MS ? totalMs : undefined;
}

export function showDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 120_000
    ? `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
    : `${(ms / 60_000).toFixed(1)} min`;
}
