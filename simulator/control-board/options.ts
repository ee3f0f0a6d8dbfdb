/** The command line of `npm run board`. */
import { parseArgs } from "node:util";

export interface BoardOptions {
  /** Absent: all runs. */
  readonly only: string | undefined;
  /** An armv7 tree that is there already; absent: it is built. */
  readonly tree: string | undefined;
  readonly strictMemory: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Throws Error with what is wrong and what is allowed. */
export function parseBoardOptions(
  argv: readonly string[],
  runNames: readonly string[],
): BoardOptions | "help" {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: "string" },
      tree: { type: "string" },
      "strict-memory": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const { only, tree, json, verbose } = values;
  if (only !== undefined && !runNames.includes(only))
    throw new Error(`--only ${only}: no such run; allowed: ${runNames.join(", ")}`);
  return { only, tree, strictMemory: values["strict-memory"], json, verbose };
}

export function usage(runs: readonly { readonly name: string; readonly does: string }[]): string {
  const list = runs.map(({ name, does }) => `  ${name.padEnd(8)} ${does}\n`).join("");
  return `npm run board -- [options]
Boots the armv7 build on an emulated control board, lets it mine, and does something to it:
${list}  --only NAME        this run alone
  --tree FOLDER      an armv7 tree that was built before
  --strict-memory    more memory than the goal fails the run
  --json             the result as JSON on stdout
  --verbose          what the guest and its lines say
  --help
`;
}
