/** As much of a status as history looks at, of a machine with some boards on which everything is known. */
import type { HistorySource } from "../../../src/telemetry/history/series.ts";

/** In November 2025, soon after the ring of 400 days began anew, which keeps files in memory small. */
export const T0 = 51 * 400 * 86_400 + 1_234;

export interface Told {
  readonly unixSeconds: number;
  readonly hashrateHps?: number;
  readonly accepted?: number;
  readonly powerW?: number | null;
  readonly measuredAgoS?: number | null;
  readonly miner?: HistorySource["processes"]["miner"];
  readonly boards?: number;
}

export function told(changes: Told): HistorySource {
  const hashrateHps = { s5: changes.hashrateHps ?? 1e14 };
  const { powerW = 3_000 } = changes;
  return {
    unixSeconds: changes.unixSeconds,
    measuredAgoS: changes.measuredAgoS === undefined ? 0 : changes.measuredAgoS,
    hashrate: { expectedHps: 1e14, hashrateHps },
    temperature: { hottestC: 70 },
    shares: { run: { accepted: changes.accepted ?? 0, rejected: 0 } },
    power: { powerW, efficiencyJPerTh: powerW === null ? null : 30 },
    fans: { targetDutyPercent: 50 },
    boards: Array.from({ length: changes.boards ?? 1 }, () => ({
      hashrateHps,
      frequencyMHz: 500,
      powerW,
      sensors: [{ temperatureC: 60 }, { temperatureC: null }, { temperatureC: 65 }],
    })),
    processes: { miner: changes.miner ?? { state: "running", uptimeS: 100 } },
  };
}
