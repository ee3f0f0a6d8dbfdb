/** Whether a board is protected, derived from its declaration and what is read right now, never written down by hand. */
import type { Protection } from "../telemetry/machine-snapshot.ts";
import type { SensorFact } from "./board-policy-types.ts";

export interface CoverageFacts {
  readonly isPresent: boolean;
  readonly sensors: readonly SensorFact[];
  /** What switches power off when the guard itself is dead. */
  readonly backstop:
    | { readonly by: "supply" | "watchdog"; readonly withinS: number }
    | { readonly by: "nothing"; readonly why: string };
  readonly isBackstopArmed: boolean;
}

/** Sensors of one place on a board that differ by more do not measure the same board [ours]; the hottest one counts anyway. */
const DISAGREEMENT_C = 20;

/** A limit without a sensor that works is blind, and so is a guard whose death nobody notices. */
export function coverageOf(facts: CoverageFacts): {
  readonly protection: Protection;
  readonly reason: string;
} {
  const { isPresent, sensors, backstop, isBackstopArmed } = facts;
  if (!isPresent) return { protection: "absent", reason: "no board is plugged in" };
  const limited = sensors.filter(({ limits }) => limits !== undefined);
  if (limited.length === 0)
    return { protection: "blind", reason: "no sensor that a limit applies to" };
  const blind = limited.filter(({ reading }) => reading.is === "unknown");
  if (blind.length > 0) {
    const names = blind.map(
      ({ name, reading }) => `${name}: ${reading.is === "unknown" ? reading.detail : ""}`,
    );
    return { protection: "blind", reason: names.join("; ") };
  }
  if (backstop.by === "nothing")
    return { protection: "blind", reason: `guard death: blind (${backstop.why})` };
  if (!isBackstopArmed)
    return { protection: "blind", reason: `guard death: blind (the ${backstop.by} is not there)` };
  return {
    protection: "protected",
    reason: [
      `${limited.length} sensors with limits`,
      `the ${backstop.by} switches off ${backstop.withinS} s after the guard's death`,
      ...disagreements(limited),
    ].join("; "),
  };
}

/** Nobody can tell which of two is right, so it is only said. */
function disagreements(sensors: readonly SensorFact[]): readonly string[] {
  return sensors.flatMap(({ name, place, reading }) => {
    if (reading.is === "unknown") return [];
    const hotter = sensors.find(
      (other) =>
        other.place === place &&
        other.reading.is === "known" &&
        other.reading.valueC - reading.valueC > DISAGREEMENT_C,
    );
    if (hotter?.reading.is !== "known") return [];
    const byC = hotter.reading.valueC - reading.valueC;
    return [`${name} reads ${byC.toFixed(1)} °C less than ${hotter.name}`];
  });
}
