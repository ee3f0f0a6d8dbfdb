/** The command `asicd config`: looks into a configuration file and changes it, by the same rules as page and API. */
import type { ConfigDifference, ConfigResult, RestartNeed } from "../src/api/device.ts";
import { maskSecrets } from "../src/api/mask-secrets.ts";
import { differences } from "../src/config/differences.ts";
import { hasPools, type LoadedConfig, loadConfig } from "../src/config/load.ts";
import { parsePath, valueAt } from "../src/config/paths.ts";
import { CONFIG_VERSION, configTree } from "../src/config/schema.ts";
import { childrenOf, formsOf, type SchemaNode } from "../src/config/schema-node.ts";
import { ConfigError } from "../src/lib/errors.ts";
import { nearest } from "../src/lib/nearest.ts";
import { type Command, type CommandContext, exitCodes } from "./cli/command.ts";
import {
  configurableChips,
  parseJsonc,
  readConfigFile,
  readSparseConfig,
} from "./cli/config-file.ts";
import type { ParsedArgs } from "./cli/parse-args.ts";
import { SettingsDesk } from "./config-desk.ts";
import { openConfigFile } from "./config-store.ts";
import { exportUci, importUci, syncUci } from "./config-uci.ts";
import { SystemClock } from "./platform/system-clock.ts";

const DEFAULT_FILE = "/etc/asicd.jsonc";

export const configCommand: Command = {
  name: "config",
  summary: "look at settings, check and change them",
  usage:
    "get [PATH] | set PATH VALUE | unset PATH | validate | diff [FILE] | schema [PATH] | export | import FILE --uci | sync FILE --uci",
  description: `get       what holds, defaults included
set       VALUE is JSON, or text where text is wanted; comments in the file stay
unset     back to the default; of a list, one of its entries
validate  tells every problem at once
diff      what differs from the defaults, or from another file
schema    every setting with its bounds, default and meaning, as JSON Schema
export    what the file says, as a backup; with --uci as OpenWrt has it
import    with --uci: FILE, or - for stdin, in place of everything that was set; "uci show", "uci export" or a file of /etc/config
sync      with --uci: what was changed in FILE, /etc/config/asicd, and what was changed elsewhere, each to the other

import and sync tell asicd that runs over its socket. Otherwise the file is read and written directly: asicd that runs already takes it into use when it is started again.`,
  options: {
    config: { type: "string", value: "FILE", description: "the file", defaultText: DEFAULT_FILE },
    secrets: { type: "boolean", description: "show passwords instead of …" },
    json: { type: "boolean", description: "JSON for programs" },
    uci: { type: "boolean", description: "export, import, sync: as sections of OpenWrt's UCI" },
  },
  positionals: "what to do, and with which setting, e.g. pools[0].url",
  examples: [
    "asicd config get machine.fans",
    "asicd config set pools[0].user bc1q….rig1",
    "asicd config set machine.frequencyMHz 500 --config rig.jsonc",
    "asicd config export --secrets > backup.json",
    "asicd config sync /etc/config/asicd --uci",
  ],
  run,
};

interface Asked {
  readonly file: string;
  readonly words: readonly string[];
  readonly secrets: boolean;
  readonly json: boolean;
  readonly uci: boolean;
  readonly context: CommandContext;
}

interface Verb {
  /** How many words it takes after itself. */
  readonly least: number;
  readonly most: number;
  /** Whether it has to be, may be, or cannot be about UCI. */
  readonly uci?: "always" | "also";
  run(asked: Asked): Promise<number>;
}

const verbs: Readonly<Record<string, Verb>> = {
  get: { least: 0, most: 1, run: get },
  set: { least: 2, most: 2, run: (asked) => change(asked, asked.words[1]) },
  unset: { least: 1, most: 1, run: (asked) => change(asked, undefined) },
  validate: { least: 0, most: 0, run: validate },
  diff: { least: 0, most: 1, run: diff },
  schema: { least: 0, most: 1, run: schema },
  export: { least: 0, most: 0, uci: "also", run: exported },
  import: {
    least: 1,
    most: 1,
    uci: "always",
    run: (asked) => importUci(asked, asked.words[0] ?? ""),
  },
  sync: { least: 1, most: 1, uci: "always", run: (asked) => syncUci(asked, asked.words[0] ?? "") },
};

async function run(args: ParsedArgs, context: CommandContext): Promise<number> {
  const file = args.string("config", DEFAULT_FILE);
  const [secrets, json, uci] = [args.flag("secrets"), args.flag("json"), args.flag("uci")];
  const [name = "", ...words] = args.positionals;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined) args.problem(unknownVerb(name));
  else if (words.length < verb.least || words.length > verb.most)
    args.problem({
      path: name,
      problem: "has too many or too few words",
      allowed: configCommand.usage,
    });
  else if (uci !== (verb.uci === "always") && verb.uci !== "also")
    args.problem({
      path: "--uci",
      problem: uci ? `is of no use with ${name}` : `is missing: ${name} knows no other form yet`,
      allowed: "export [--uci], import FILE --uci, sync FILE --uci",
    });
  args.finish();
  return verb?.run({ file, words, secrets, json, uci, context }) ?? exitCodes.wrongUsage;
}

function unknownVerb(name: string) {
  const names = Object.keys(verbs);
  const meant = nearest(name, names);
  const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
  return {
    path: "config",
    problem: name === "" ? "what is to be done?" : `"${name}" is unknown${hint}`,
    allowed: names.join(", "),
  };
}

async function get(asked: Asked): Promise<number> {
  const [path = ""] = asked.words;
  const steps = parsePath(path);
  const effective = effectiveOf(asked.file);
  const value = valueAt(asked.secrets ? effective : maskSecrets(effective), steps);
  if (value === undefined) {
    requireNode(path);
    asked.context.stderr(`asicd: ${path} is absent\n`);
    return exitCodes.failed;
  }
  print(asked, value);
  return exitCodes.ok;
}

async function exported(asked: Asked): Promise<number> {
  if (asked.uci) return exportUci(asked, asked.secrets);
  effectiveOf(asked.file);
  const sparse = readSparseConfig(asked.file);
  print({ ...asked, json: true }, asked.secrets ? sparse : maskSecrets(sparse));
  return exitCodes.ok;
}

async function validate(asked: Asked): Promise<number> {
  const loaded = effectiveOf(asked.file);
  const note = hasPools(loaded) ? "" : "; no pool is set yet";
  if (asked.json) print(asked, { valid: true, hasPools: hasPools(loaded) });
  else asked.context.stdout(`${asked.file} is valid${note}.\n`);
  return exitCodes.ok;
}

async function diff(asked: Asked): Promise<number> {
  const [other] = asked.words;
  const before = other === undefined ? byDefault() : effectiveOf(other);
  const after = effectiveOf(asked.file);
  printDifferences(asked, differences(before, after));
  return exitCodes.ok;
}

async function schema(asked: Asked): Promise<number> {
  const [path = ""] = asked.words;
  const nodes = requireNode(path);
  print({ ...asked, json: true }, nodes.length === 1 ? nodes[0] : { anyOf: nodes });
  return exitCodes.ok;
}

async function change(asked: Asked, word: string | undefined): Promise<number> {
  const [path = ""] = asked.words;
  const value = word === undefined ? undefined : meantBy(word, requireNode(path));
  const { desk, problems } = await openDesk(asked.file);
  using settings = desk;
  for (const problem of problems) asked.context.stderr(`asicd: ${problem}\n`);
  if (settings.view().confirmByUnixSeconds !== null) {
    asked.context.stderr(
      "asicd: a change of the API waits to be confirmed or taken back; try again in a minute\n",
    );
    return exitCodes.failed;
  }
  const result = await settings.apply([{ path, value }]);
  // Who can write the file needs no page to get back in.
  if (settings.view().confirmByUnixSeconds !== null) await settings.confirm();
  return tellResult(asked, result);
}

function tellResult(asked: Asked, result: ConfigResult): number {
  if (result.is === "invalid") throw new ConfigError(result.problems);
  if (result.is === "refused") {
    asked.context.stderr(`asicd: ${result.text}\n`);
    return exitCodes.failed;
  }
  printDifferences(asked, result.differences);
  if (result.differences.length > 0)
    asked.context.stderr(
      "asicd: saved; asicd that runs takes it into use when it is started again\n",
    );
  return exitCodes.ok;
}

/** In force, every default in its place. */
function effectiveOf(file: string): LoadedConfig {
  return readConfigFile(file, { mayLackPools: true });
}

async function openDesk(file: string) {
  const load = (value: unknown) => loadConfig(value, configurableChips, { mayLackPools: true });
  const store = await openConfigFile(file, (text) => load(parseJsonc(text)));
  const desk = new SettingsDesk({
    store,
    clock: new SystemClock(),
    chips: configurableChips,
    mayLackPools: true,
    apply() {},
  });
  return { desk, problems: store.problems };
}

function byDefault(): LoadedConfig {
  return loadConfig({ version: CONFIG_VERSION }, configurableChips, { mayLackPools: true });
}

/** Throws ConfigError for a path that no configuration has. */
function requireNode(path: string): readonly SchemaNode[] {
  let nodes: readonly SchemaNode[] = [configTree];
  for (const step of parsePath(path)) {
    const known = nodes.flatMap(formsOf).flatMap(({ properties }) => Object.keys(properties ?? {}));
    nodes = childrenOf(nodes, step);
    if (nodes.length > 0) continue;
    const meant = nearest(`${step}`, known);
    throw new ConfigError([
      {
        path,
        problem: `there is no such setting${meant === undefined ? "" : `, did you mean "${meant}"?`}`,
        allowed: known.join(", ") || "nothing lies below it",
      },
    ]);
  }
  return nodes;
}

/** Text where text is wanted, JSON elsewhere; what is no JSON is text, and the schema says what is wrong with it. */
function meantBy(word: string, nodes: readonly SchemaNode[]): unknown {
  const isText = nodes
    .flatMap(formsOf)
    .every(({ type, enum: words }) => type === "string" || words !== undefined);
  if (isText && !word.startsWith('"')) return word;
  try {
    return parseJsonc(word);
  } catch {
    return word;
  }
}

function print({ context, json }: Asked, value: unknown): void {
  const isBare = typeof value === "string" && !json;
  context.stdout(`${isBare ? value : JSON.stringify(value, null, 2)}\n`);
}

const COSTS: Readonly<Record<RestartNeed, string>> = {
  none: "",
  pools: " (pools connect again)",
  operator: " (page and API start again)",
  program: " (asicd must start again)",
};

function printDifferences(asked: Asked, all: readonly ConfigDifference[]): void {
  if (asked.json) {
    print(asked, all.map(nullable));
    return;
  }
  const show = (value: unknown) => (value === undefined ? "absent" : JSON.stringify(value));
  for (const { path, before, after, restart } of all)
    asked.context.stdout(`${path}: ${show(before)} -> ${show(after)}${COSTS[restart]}\n`);
  if (all.length === 0) asked.context.stdout("no difference\n");
}

/** JSON has no undefined. */
function nullable({ path, before = null, after = null, restart }: ConfigDifference) {
  return { path, before, after, restart };
}
