/** The command line of `npm run fuzz`. */
import { parseArgs } from "node:util";

export const USAGE = `usage: npm run fuzz -- [options]
  --seconds N         in all, divided among the targets (default 60)
  --target NAME       only this one; may be given several times
  --seed N            other inputs (default 1)
  --at N              begins at this run, as a finding names it; alone with --target it is run once
  --input JSON        runs this input of --target once, as a finding prints it
  --jobs N            targets at a time, each in a thread of its own (default 2)
  --hang-seconds N    a run that takes longer is a finding (default 10)
  --shrink-seconds N  spent on making a finding small (default 8; five times that for hangs)
  --first             each target ends with its first finding
  --json              a document instead of the summary
  --list              names the targets`;

export interface FuzzOptions {
  readonly seconds: number;
  readonly targets: readonly string[];
  readonly seed: number;
  readonly at: number | undefined;
  readonly input: string | undefined;
  readonly jobs: number;
  readonly hangSeconds: number;
  readonly shrinkSeconds: number;
  readonly first: boolean;
  readonly json: boolean;
  readonly list: boolean;
}

/** Throws TypeError or RangeError for what it does not understand. */
export function parseFuzzOptions(args: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "60" },
      target: { type: "string", multiple: true, default: [] },
      seed: { type: "string", default: "1" },
      at: { type: "string" },
      input: { type: "string" },
      jobs: { type: "string", default: "2" },
      "hang-seconds": { type: "string", default: "10" },
      "shrink-seconds": { type: "string", default: "8" },
      first: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  });
  const number = (name: string, text: string, min: number, max: number) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= min && value <= max))
      throw new RangeError(`--${name} ${text}; allowed: ${min} to ${max}`);
    return value;
  };
  const whole = (name: string, text: string, max: number) => Math.trunc(number(name, text, 0, max));
  if ((values.input !== undefined || values.at !== undefined) && values.target.length !== 1)
    throw new RangeError("--input and --at need one --target");
  return {
    seconds: number("seconds", values.seconds, 0.1, 1e6),
    targets: values.target,
    seed: whole("seed", values.seed, 0xffffffff),
    at: values.at === undefined ? undefined : whole("at", values.at, Number.MAX_SAFE_INTEGER),
    input: values.input,
    jobs: Math.max(1, whole("jobs", values.jobs, 64)),
    hangSeconds: number("hang-seconds", values["hang-seconds"], 0.1, 3_600),
    shrinkSeconds: number("shrink-seconds", values["shrink-seconds"], 0, 3_600),
    first: values.first,
    json: values.json,
    list: values.list,
  };
}
