/** What a trial may be told. */
import { parseArgs } from "node:util";

export interface TrialOptions {
  readonly count: number;
  readonly durationS: number;
  readonly farms: number;
  readonly sharesPerMinute: number;
  readonly json: boolean;
  /** The program that has `simulate-pool`. */
  readonly asicd: string;
  /** The program that is a farm when its first argument is --farm: the trial itself. */
  readonly farmProgram: string;
}

export const USAGE = `Usage: npm run devices -- [--count 1000] [--duration 300] [--farms 2] [--shares-per-minute 12] [--json]
Light devices (a third each: SV2 standard, SV2 extended, Stratum V1) find real shares on asicd simulate-pool over TCP.
Duration in seconds, counted from when all are connected. Ends with 1 when anything was wrong.`;

/** Throws RangeError with what is allowed. */
export function readOptions(argv: readonly string[], farmProgram: string): TrialOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      count: { type: "string", default: "1000" },
      duration: { type: "string", default: "300" },
      farms: { type: "string", default: "2" },
      "shares-per-minute": { type: "string", default: "12" },
      json: { type: "boolean", default: false },
      asicd: { type: "string", default: "dist/asicd.js" },
    },
  });
  return {
    count: within("count", values.count, 1, 20_000),
    durationS: within("duration", values.duration, 1, 86_400),
    farms: within("farms", values.farms, 1, 32),
    sharesPerMinute: within("shares-per-minute", values["shares-per-minute"], 1, 600),
    json: values.json,
    asicd: values.asicd,
    farmProgram,
  };
}

function within(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`--${name} "${text}"; allowed: a whole number from ${min} to ${max}`);
}
