/** One section of /etc/config/asicd: from an object of the configuration to options, and back. */
import type { ConfigProblem } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";
import { isRecord, valueAt, withoutValueAt, withValueAt } from "./paths.ts";
import { isSame } from "./plain-values.ts";
import { formsOf, type SchemaNode } from "./schema-node.ts";
import {
  AS_JSON,
  GROUP_OPTION,
  MAIN,
  nameOf,
  type OptionKind,
  placesIn,
  type SectionKind,
} from "./uci-table.ts";
import { canBeUciValue, type UciSection, type UciValue } from "./uci-text.ts";

/** What a section said. */
export interface ReadSection {
  readonly value: unknown;
  readonly name: string | undefined;
  readonly group: string | undefined;
  readonly where: string;
}

export function sectionOf(
  { type, options }: SectionKind,
  value: unknown,
  name: string,
): UciSection {
  const said = new Map<string, UciValue>();
  let rest: unknown = value;
  for (const option of options) {
    const here = valueAt(value, option.steps);
    const text = textOf(here, option);
    if (text === undefined) continue;
    said.set(option.name, text);
    rest = withoutValueAt(rest, option.steps);
  }
  // What is left, the smallest parts of it: objects that options above have emptied say nothing more.
  for (const { steps, value: left } of placesIn(rest)) {
    const isBranch = isRecord(left) && Object.keys(left).length > 0;
    const wasEmptied = isRecord(left) && !isSame(valueAt(value, steps), left);
    if (!isBranch && !wasEmptied) said.set(`${AS_JSON}${nameOf(steps)}`, jsonText(left));
  }
  return { type, name, options: said };
}

/** JSON escapes most of what a line cannot hold, but not DEL and what follows it. */
function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    /\p{Cc}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** `undefined` where UCI has no form for it. */
function textOf(value: unknown, { kind, schemas }: OptionKind): UciValue | undefined {
  if (kind === "list") {
    const isText =
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((item) => typeof item === "string" && canBeUciValue(item));
    return isText ? (value as readonly string[]) : undefined;
  }
  const text =
    typeof value === "boolean"
      ? value
        ? "1"
        : "0"
      : typeof value === "object" || value === undefined
        ? ""
        : String(value);
  return canBeUciValue(text) && Object.is(meantBy(text, schemas), value) ? text : undefined;
}

/** Adds to `problems` what cannot be; the checks of the configuration say the rest. */
export function readSection(
  kind: SectionKind,
  { name, options }: UciSection,
  where: string,
  problems: ConfigProblem[],
): ReadSection {
  let value: unknown = {};
  let group: string | undefined;
  const byName = new Map(kind.options.map((option) => [option.name, option]));
  for (const [key, text] of options) {
    const path = `${where}.${key}`;
    const option = byName.get(key);
    if (key === GROUP_OPTION && kind.type === "pool" && typeof text === "string") group = text;
    // As in all of UCI, an empty option is one that is not there.
    else if (text === "") continue;
    else if (option !== undefined)
      value = withValueAt(value, option.steps, fromText(text, option, path, problems));
    else if (!key.startsWith(AS_JSON))
      problems.push(unknownName(path, "is an option", key, [...byName.keys()]));
    else value = withJson(value, key.slice(AS_JSON.length), kind, text, path, problems);
  }
  return { value, name, group, where };
}

function fromText(
  text: UciValue,
  { kind, schemas }: OptionKind,
  path: string,
  problems: ConfigProblem[],
): unknown {
  if (kind === "list") return typeof text === "string" ? [text] : text;
  if (typeof text === "string") return meantBy(text, schemas);
  // `uci show` does not tell a list of one from an option.
  if (text.length === 1) return meantBy(text[0] ?? "", schemas);
  problems.push({ path, problem: `is a list of ${text.length}`, allowed: "one option" });
  return undefined;
}

/** UCI has text only; the declaration says what it stands for. What fits nothing stays text, and the checks say why. */
function meantBy(text: string, schemas: readonly SchemaNode[]): unknown {
  const forms = schemas.flatMap(formsOf);
  const words = forms.flatMap(({ const: only, enum: several = [] }) => [only, ...several]);
  if (words.includes(text)) return text;
  const types = new Set(forms.map(({ type }) => type));
  if (types.has("boolean") || words.some((word) => typeof word === "boolean")) {
    if (YES.includes(text)) return true;
    if (NO.includes(text)) return false;
  }
  const isNumber =
    types.has("number") || types.has("integer") || words.some((word) => typeof word === "number");
  if (isNumber && /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) return Number(text);
  return text;
}

/** As /lib/functions.sh has them. */
const YES: readonly string[] = ["1", "on", "true", "yes", "enabled"];
const NO: readonly string[] = ["0", "off", "false", "no", "disabled"];

function withJson(
  value: unknown,
  name: string,
  { type, schemas }: SectionKind,
  text: UciValue,
  path: string,
  problems: ConfigProblem[],
): unknown {
  const steps = nodesOf(type, schemas).get(name);
  if (steps === undefined) {
    problems.push(unknownName(path, "is a setting", name, [...nodesOf(type, schemas).keys()]));
    return value;
  }
  if (valueAt(value, steps) !== undefined) {
    problems.push({ path, problem: "is also given by an option", allowed: "one of them" });
    return value;
  }
  try {
    return withValueAt(value, steps, JSON.parse(typeof text === "string" ? text : text.join(" ")));
  } catch {
    // The parser's own words quote the text, which may be a secret, and this ends in a log.
    problems.push({ path, problem: "is no JSON", allowed: "JSON" });
    return value;
  }
}

/** Every node below a section by its name: also those that hold others. */
function nodesOf(
  type: string,
  schemas: readonly SchemaNode[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const walk = (nodes: readonly SchemaNode[], steps: readonly string[]) => {
    if (steps.length > 0) found.set(nameOf(steps), steps);
    for (const { properties = {} } of nodes.flatMap(formsOf))
      for (const [key, child] of Object.entries(properties))
        if (type !== MAIN || child.properties === undefined) walk([child], [...steps, key]);
  };
  walk(schemas, []);
  return found;
}

export function unknownName(
  path: string,
  what: string,
  name: string,
  names: readonly string[],
): ConfigProblem {
  const meant = nearest(name, names);
  const hint = meant === undefined ? "" : `, did you mean "${meant}"?`;
  return {
    path,
    problem: `nothing by this name ${what}${hint}`,
    allowed: names.join(", "),
  };
}
