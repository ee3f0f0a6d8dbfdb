/** What `npm run soak` can be told. */
import { parseArgs } from "node:util";

export interface SoakOptions {
  readonly minutes: number;
  readonly json: boolean;
  readonly pages: number;
  readonly pollers: number;
}

export const SOAK_USAGE = `npm run soak -- [--minutes N] [--pages N] [--pollers N] [--json]
  --minutes  how long the clients go on, from 1 (20); below 10 is the short form, with wider bounds
  --pages    pages that are open, each with its live stream (20)
  --pollers  clients that ask once a second (20)
  --json     prints one JSON document instead of the table
`;

/** Throws Error with a sentence for the operator. */
export function parseSoakOptions(argv: readonly string[]): SoakOptions | "help" {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: "string", default: "20" },
      pages: { type: "string", default: "20" },
      pollers: { type: "string", default: "20" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  return {
    minutes: numberOf("minutes", values.minutes, { min: 1, max: 10_080 }),
    pages: numberOf("pages", values.pages, { min: 0, max: 100 }),
    pollers: numberOf("pollers", values.pollers, { min: 0, max: 60 }),
    json: values.json,
  };
}

function numberOf(name: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= min && value <= max))
    throw new Error(`--${name} ${text}: allowed are ${min} to ${max}`);
  return value;
}
