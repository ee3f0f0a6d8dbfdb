/** The operator's limits within the declaration's: lower is welcome, above the ceiling is not. */
import { ConfigError, type ConfigProblem } from "../lib/errors.ts";
import type { PlaceLimits, SensorPlace, TemperatureLimits } from "./limits.ts";

export type OperatorLimits = Readonly<
  Partial<
    Record<SensorPlace, Pick<TemperatureLimits, "targetC" | "hotC" | "dangerousC"> | undefined>
  >
>;

/** Throws ConfigError with every problem. */
export function limitsWithin(declared: PlaceLimits, operator: OperatorLimits = {}): PlaceLimits {
  const problems: ConfigProblem[] = [];
  const merged: Partial<Record<SensorPlace, TemperatureLimits>> = { ...declared };
  for (const [name, wanted] of Object.entries(operator)) {
    if (wanted === undefined) continue;
    const place = name as SensorPlace;
    const path = `machine.limits.${place}`;
    const own = declared[place];
    if (own === undefined) {
      const allowed = Object.keys(declared).join(", ");
      problems.push({ path, problem: "this machine has no limits there", allowed });
      continue;
    }
    const { targetC, hotC, dangerousC } = wanted;
    if (!(targetC < hotC && hotC < dangerousC))
      problems.push({
        path,
        problem: `target ${targetC}, hot ${hotC} and dangerous ${dangerousC} °C are not in this order`,
        allowed: "target below hot below dangerous",
      });
    if (dangerousC > own.ceilingC)
      problems.push({
        path: `${path}.dangerousC`,
        problem: `${dangerousC} °C is above the ceiling (${own.source})`,
        allowed: `at most ${own.ceilingC} °C`,
      });
    merged[place] = { ...own, targetC, hotC, dangerousC };
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return merged;
}
