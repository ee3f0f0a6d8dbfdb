/** A past that a machine like the recorded one could have had: the same at every asking, with a pause in it. */
import type { HistoryReader } from "../../../src/api/device.ts";
import { historySeries } from "../../../src/telemetry/history/series.ts";

const BOARDS = 3;
const TOTAL_HPS = 3.06e6;

/** Means and how much they wander, by the last part of the name. */
const shapes: Readonly<Record<string, readonly [mean: number, swing: number]>> = {
  hashrate: [TOTAL_HPS, 0.05 * TOTAL_HPS],
  expectedHashrate: [TOTAL_HPS, 0],
  temperature: [46, 2.5],
};

export const madeUpHistory: HistoryReader = {
  series: historySeries(BOARDS),
  query: async ({ series, fromUnixSeconds, toUnixSeconds, maxPoints }) => {
    const stepS = Math.max(1, Math.ceil((toUnixSeconds - fromUnixSeconds) / maxPoints));
    const first = Math.ceil(fromUnixSeconds / stepS) * stepS;
    const count = Math.max(0, Math.floor((toUnixSeconds - first) / stepS));
    const unixSeconds = Array.from({ length: count }, (_, i) => first + i * stepS);
    return {
      stepS,
      unixSeconds,
      series: Object.fromEntries(
        series.map((name) => [name, unixSeconds.map((_, i) => levelOf(name, i, count))]),
      ),
    };
  },
  chip: async (_board, chip) => {
    const now = Math.floor(Date.now() / 900_000) * 900;
    const unixSeconds = Array.from({ length: 96 }, (_, i) => now - (95 - i) * 900);
    const mean = TOTAL_HPS / BOARDS / 126;
    return {
      stepS: 900,
      unixSeconds,
      series: {
        hashrate: unixSeconds.map((_, i) => mean * (1 + 0.06 * wander(i + chip * 7))),
        hashrateDaily: unixSeconds.map((_, i) => (i === 0 || i === 48 ? mean : null)),
      },
    };
  },
};

function levelOf(name: string, at: number, count: number): number | null {
  const board = /^board\.(\d+)\./.exec(name)?.[1];
  // The recorded machine has nothing that measures power.
  if (name.endsWith("power")) return null;
  const [mean, swing] = shapes[name.split(".").at(-1) ?? ""] ?? [1, 0];
  const part = at / count;
  // A pause of a twentieth, and a gap of a fiftieth in which nothing was heard.
  if (part > 0.55 && part < 0.57) return null;
  const isPaused = part > 0.3 && part < 0.35;
  if (isPaused) return name.endsWith("temperature") ? mean - 14 : 0;
  const offset = board === undefined ? 0 : Number(board);
  return (
    mean + (name.endsWith("temperature") ? offset * 2.2 : 0) + swing * wander(at + offset * 31)
  );
}

/** Between -1 and 1. */
function wander(at: number): number {
  return (Math.sin(at / 9) + Math.sin(at / 3.7 + 1) + Math.sin(at * 1.9)) / 3;
}
