/** A configuration that could come into force: its value, the text that says it, and what it means; made from another one. */
import type { ConfigChange } from "../src/api/device.ts";
import type { LoadedConfig } from "../src/config/load.ts";
import { migrate } from "../src/config/migrate.ts";
import { parsePath, valueAt, withoutValueAt, withValueAt } from "../src/config/paths.ts";
import { isSame, withoutDefaults } from "../src/config/plain-values.ts";
import { isTooDeep, WHOLE_FILE } from "../src/config/problems.ts";
import { configTree } from "../src/config/schema.ts";
import { childrenOf, formsOf, type SchemaNode, type Step } from "../src/config/schema-node.ts";
import { unmask } from "../src/config/unmask.ts";
import { ConfigError, type ConfigProblem } from "../src/lib/errors.ts";
import { MAX_CONFIG_BYTES, parseJsonc } from "./cli/config-file.ts";
import { freshText, textWith } from "./config-text.ts";

export interface Candidate {
  /** Only what is no default. */
  readonly sparse: unknown;
  readonly text: string;
  readonly loaded: LoadedConfig;
}

/** Throws ConfigError with every problem. */
export type Load = (value: unknown) => LoadedConfig;

const MAX_CHANGES = 200;

/** As a file has it. Throws ConfigError. */
export function keptCandidate(text: string, load: Load): Candidate {
  const sparse = migrate(parseJsonc(text)).value;
  return { sparse, text, loaded: load(sparse) };
}

/** Throws ConfigError with every problem. */
export function changedCandidate(
  before: Candidate,
  changes: readonly ConfigChange[],
  load: Load,
): Candidate {
  if (changes.length > MAX_CHANGES)
    throw new ConfigError([
      { path: WHOLE_FILE, problem: `${changes.length} changes`, allowed: `up to ${MAX_CHANGES}` },
    ]);
  const problems: ConfigProblem[] = [];
  let sparse = before.sparse;
  for (const { path, value } of changes) {
    try {
      const steps = parsePath(path);
      if (isTooDeep(value)) throw tooDeep(path);
      sparse = changedAt(sparse, steps, value);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return candidate(before, sparse, load);
}

/** Throws ConfigError with every problem. With `isNewFile` nothing of the old text stays, comments included. */
export function replacedCandidate(
  before: Candidate,
  config: unknown,
  load: Load,
  { isNewFile = false }: { readonly isNewFile?: boolean } = {},
): Candidate {
  if (isTooDeep(config)) throw tooDeep(WHOLE_FILE);
  const whole = unmask(migrate(config).value, before.loaded);
  const loaded = load(whole);
  const sparse = withoutDefaults(whole, configTree);
  return {
    sparse,
    text: checkedLength(isNewFile ? freshText(sparse) : textWith(before.text, sparse)),
    loaded,
  };
}

function candidate(before: Candidate, masked: unknown, load: Load): Candidate {
  const sparse = unmask(masked, before.loaded);
  const loaded = load(sparse);
  return { sparse, text: checkedLength(textWith(before.text, sparse)), loaded };
}

function changedAt(sparse: unknown, steps: readonly Step[], value: unknown): unknown {
  const nodes = nodesAt(steps);
  if (value === undefined || value === null || isDefault(value, nodes)) return unset(sparse, steps);
  return withValueAt(sparse, steps, withoutDefaults(value, { anyOf: nodes.flatMap(formsOf) }));
}

/** An object that says nothing any more goes, too, where its absence means the same. */
function unset(sparse: unknown, steps: readonly Step[]): unknown {
  const next = withoutValueAt(sparse, steps);
  const parent = steps.slice(0, -1);
  if (parent.length === 0) return next;
  const rest = valueAt(next, parent);
  return rest !== undefined && isSame(rest, {}) && isDefault(rest, nodesAt(parent))
    ? unset(next, parent)
    : next;
}

function isDefault(value: unknown, nodes: readonly SchemaNode[]): boolean {
  return nodes.some((node) => node.default !== undefined && isSame(node.default, value));
}

function nodesAt(steps: readonly Step[]): readonly SchemaNode[] {
  return steps.reduce(childrenOf, [configTree] as readonly SchemaNode[]);
}

function tooDeep(path: string): ConfigError {
  return new ConfigError([{ path, problem: "is nested too deeply" }]);
}

function checkedLength(text: string): string {
  if (new TextEncoder().encode(text).length <= MAX_CONFIG_BYTES) return text;
  throw new ConfigError([
    { path: WHOLE_FILE, problem: "is too large", allowed: `at most ${MAX_CONFIG_BYTES} bytes` },
  ]);
}
