/** What `npm run bench` can be told. */
import { parseArgs } from "node:util";

export const benchNames = [
  "new-block",
  "nonce-latency",
  "nonce-rate",
  "codec",
  "handshake",
  "memory",
  "guard",
  "pools",
  "protocols",
  "operator",
] as const;
export type BenchName = (typeof benchNames)[number];

export interface BenchOptions {
  readonly json: boolean;
  readonly short: boolean;
  readonly only: readonly BenchName[];
}

export const USAGE = `npm run bench -- [--json] [--short] [--only NAME]...
  --json   prints one JSON document instead of the table
  --short  fewer rounds, for continuous integration: every bench, in some five minutes
  --only   one bench, may be repeated: ${benchNames.join(", ")}
`;

/** Throws Error with a sentence for the operator. */
export function parseBenchOptions(argv: readonly string[]): BenchOptions | "help" {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      json: { type: "boolean", default: false },
      short: { type: "boolean", default: false },
      only: { type: "string", multiple: true },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const only = values.only?.map((name) => {
    const known = benchNames.find((bench) => bench === name);
    if (known === undefined)
      throw new Error(`--only ${name}: no such bench; allowed: ${benchNames.join(", ")}`);
    return known;
  });
  return { json: values.json, short: values.short, only: only ?? benchNames };
}
