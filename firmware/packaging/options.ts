/** The command line that `npm run package` and `npm run package:check` share. */
import { parseArgs } from "node:util";
import { TARGETS, type Target } from "../../src/update/update-file.ts";

export const optionLines = `  --target x64|arm64|armv7   only for this one; may be repeated
  --sign-key FILE            the release key: 32 bytes in base64 on one line; without it a throw-away key signs
  --node TARGET=PATH|npm     the Node inside of the executable: a binary, with its include/node beside its bin where add-ons
                             need it; npm (the default) fetches one
  --json                     the result as JSON on stdout
  --help                     this text`;

export interface PackagingOptions {
  readonly wanted: readonly Target[];
  readonly signKey: string | undefined;
  readonly nodeOf: (target: Target) => string;
  readonly out: string;
  readonly json: boolean;
  readonly help: boolean;
}

/** Throws Error that names the option and what it allows. */
export function parsePackagingOptions(args: readonly string[], out: string): PackagingOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: "string", multiple: true, default: [] },
      "sign-key": { type: "string" },
      node: { type: "string", multiple: true, default: [] },
      out: { type: "string", default: out },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  const named = values.target.map((text) => targetOf("--target", text));
  const nodes = new Map(values.node.map(nodeChoice));
  return {
    wanted: TARGETS.filter((target) => named.length === 0 || named.includes(target)),
    signKey: values["sign-key"],
    nodeOf: (target) => nodes.get(target) ?? "npm",
    out: values.out,
    json: values.json,
    help: values.help,
  };
}

function nodeChoice(text: string): [Target, string] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1)
    throw new Error(`--node "${text}": e.g. armv7=/opt/node/bin/node, or armv7=npm`);
  return [targetOf("--node", text.slice(0, at)), text.slice(at + 1)];
}

function targetOf(option: string, text: string): Target {
  const target = TARGETS.find((name) => name === text);
  if (target === undefined) throw new Error(`${option} "${text}": ${TARGETS.join(", ")}`);
  return target;
}
