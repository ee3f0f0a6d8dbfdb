/** A board's facts as decisions need them: sensors with limits, the hottest of them, and what the clock may be. */
import type { BoardFacts, BoardMemory, SensorFact } from "./board-policy-types.ts";

/** The lowest clock is this share of what the operator wants; who is still hot there for so long gets no power. */
const FLOOR_SHARE = 0.5;
/** Where every captured ramp of a hash clock begins; slower ones are beyond most PLLs. */
const SLOWEST_MHZ = 56.25;

export function limitedSensors({ sensors }: BoardFacts): readonly SensorFact[] {
  return sensors.filter(({ limits }) => limits !== undefined);
}

/** The sensor nearest to its hot limit, or farthest beyond. */
export function hottestOf(facts: BoardFacts) {
  let hottest:
    | {
        readonly name: string;
        readonly valueC: number;
        readonly limits: NonNullable<SensorFact["limits"]>;
      }
    | undefined;
  for (const { name, reading, limits } of facts.sensors) {
    if (limits === undefined || reading.is === "unknown") continue;
    if (
      hottest === undefined ||
      reading.valueC - limits.hotC > hottest.valueC - hottest.limits.hotC
    )
      hottest = { name, valueC: reading.valueC, limits };
  }
  return hottest;
}

/** The hottest sensor, if it is hot. */
export function hotOf(facts: BoardFacts) {
  const hottest = hottestOf(facts);
  return hottest !== undefined && hottest.valueC >= hottest.limits.hotC ? hottest : undefined;
}

export function capOf({ capMHz }: Pick<BoardMemory, "capMHz">, { targetMHz }: BoardFacts): number {
  return Math.min(targetMHz, capMHz ?? targetMHz);
}

export function floorOf({ targetMHz }: BoardFacts): number {
  return Math.min(targetMHz, Math.max(SLOWEST_MHZ, targetMHz * FLOOR_SHARE));
}

export function celsius(valueC: number): string {
  return `${valueC.toFixed(1)} °C`;
}
