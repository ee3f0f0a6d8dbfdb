/** Says what is wrong with a value in the words of its schema: where, what, and what would be right. */
import type { TSchema } from "typebox";
import { Settings } from "typebox/system";
import { Default, Errors } from "typebox/value";
import { printable } from "../lib/bytes.ts";
import type { ConfigProblem } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";
import { formsOf, isSecret, mayHoldSecret, type SchemaNode } from "./schema-node.ts";

/** The path of a problem with the top of the tree. */
export const WHOLE_FILE = "(whole file)";

/** Nothing that a file can mean goes deeper than a few levels. */
const MAX_DEPTH = 32;

/** A copy of `value` with the schema's defaults where something is absent, and every problem with it. */
export function checkAgainst(
  schema: TSchema,
  value: unknown,
): { readonly value: unknown; readonly problems: readonly ConfigProblem[] } {
  if (isTooDeep(value))
    return {
      value: undefined,
      problems: [{ path: WHOLE_FILE, problem: `is nested more than ${MAX_DEPTH} levels deep` }],
    };
  const filled = Default(schema, structuredClone(value));
  const problems = new Map<string, ConfigProblem>();
  const note = (problem: ConfigProblem) => {
    if (!problems.has(problem.path)) problems.set(problem.path, problem);
  };
  // The library stops at eight errors by default; we promise all of them.
  Settings.Set({ maxErrors: Number.POSITIVE_INFINITY });
  const root = schema as SchemaNode;
  const failures = Errors(schema, filled).filter(
    ({ schemaPath, instancePath }) => !isOfAnotherForm(root, filled, schemaPath, instancePath),
  );
  for (const { keyword, instancePath, schemaPath, params } of failures) {
    const steps = stepsOf(instancePath);
    const nodes = nodesAt(root, steps);
    const [node] = nodes;
    const form = objectForm(placesOn(root, schemaPath).at(-1)?.node);
    const given = valueAt(filled, steps);
    if (keyword === "required") {
      const { requiredProperties } = params as { readonly requiredProperties: readonly string[] };
      for (const key of requiredProperties)
        note({
          path: showPath([...steps, key]),
          problem: "is missing",
          ...allowedBy(form?.properties?.[key]),
        });
    } else if (keyword === "additionalProperties") {
      const { additionalProperties } = params as {
        readonly additionalProperties: readonly string[];
      };
      const known = Object.keys(form?.properties ?? {});
      for (const key of additionalProperties) note(unknownKey(steps, key, known, nodes));
    } else if (
      node !== undefined &&
      keyword !== "boolean" &&
      !isExplainedBelow(instancePath, node)
    ) {
      note({
        path: showPath(steps),
        problem: `${showValue(given, nodes)} is not valid`,
        ...allowedBy(...nodes),
      });
    }
  }
  return { value: filled, problems: [...problems.values()] };

  /** Of a choice between forms, one of which the value has tried to be: the deeper message says more. */
  function isExplainedBelow(instancePath: string, node: SchemaNode): boolean {
    return (
      node.anyOf !== undefined &&
      failures.some(
        (other) =>
          other.instancePath.startsWith(`${instancePath}/`) ||
          (other.instancePath === instancePath && other.keyword === "required"),
      )
    );
  }
}

/** "a number from 50 to 1000 MHz"; empty for what needs no words. */
function describeAllowed(node: SchemaNode): string {
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum !== undefined) return node.enum.map((one) => JSON.stringify(one)).join(", ");
  if (node.anyOf !== undefined) return node.anyOf.map(describeAllowed).join(", or ");
  switch (node.type) {
    case "integer":
      return `a whole number${range(node.minimum, node.maximum)}${unitOf(node)}`;
    case "number":
      return `a number${range(node.minimum, node.maximum)}${unitOf(node)}`;
    case "boolean":
      return "true or false";
    case "array":
      return `a list of ${node.minItems ?? 0} to ${node.maxItems ?? "any number of"} entries`;
    case "object":
      return `{ ${Object.keys(node.properties ?? {}).join(", ")} }`;
    default: {
      const length = node.maxLength === undefined ? "" : ` of at most ${node.maxLength} characters`;
      const meaning = node.description === undefined ? "" : ` (${node.description})`;
      return `text${length}${meaning}`;
    }
  }
}

function allowedBy(...nodes: readonly (SchemaNode | undefined)[]): { readonly allowed?: string } {
  const known = nodes.filter((node) => node !== undefined).map(describeAllowed);
  return known.length === 0 ? {} : { allowed: [...new Set(known)].join(", or ") };
}

function unitOf({ unit }: SchemaNode): string {
  return unit === undefined ? "" : ` ${unit}`;
}

function range(min: number | undefined, max: number | undefined): string {
  return min === undefined || max === undefined ? "" : ` from ${min} to ${max}`;
}

function unknownKey(
  steps: readonly string[],
  key: string,
  known: readonly string[],
  nodes: readonly SchemaNode[],
): ConfigProblem {
  const meant = nearest(key, known);
  // Key and value may stand the wrong way round, or in one text.
  const isShown = /^[\w-]{1,40}$/.test(key) || !mayHoldSecret(nodes);
  return {
    path: showPath([...steps, isShown ? key : "…"]),
    problem: `unknown key${meant === undefined ? "" : `, did you mean "${meant}"?`}`,
    allowed: known.join(", "),
  };
}

/** "/chains/1/frequencyMHz" as its steps (RFC 6901). */
function stepsOf(instancePath: string): string[] {
  return instancePath
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** "chains[1].frequencyMHz". */
function showPath(steps: readonly string[]): string {
  const text = steps.map(showStep).join("");
  return text === "" ? WHOLE_FILE : text.replace(/^\./, "");
}

function showStep(step: string): string {
  if (/^\d+$/.test(step)) return `[${step}]`;
  return /^[\w-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(printable(step, 40))}]`;
}

/** More is no slip of the pen but something else, a key for one, in the wrong place. */
const MAX_SHOWN_CHARACTERS = 60;
/** Addresses with a user, a password or a word in them that lets one in. */
const MAY_LET_IN = /:\/\/|@/;

/** Messages end in logs and on other people's screens: what is or may be a secret, or has one in it, is named by its kind. */
function showValue(value: unknown, nodes: readonly SchemaNode[]): string {
  if (isSecret(nodes)) return "what stands there";
  if (Array.isArray(value)) return value.length === 0 ? "[]" : "a list";
  if (typeof value === "object" && value !== null && Object.keys(value).length > 0)
    return "an object";
  const isWord = typeof value === "string";
  // Such as a webhook's URL in place of the webhook.
  if ((isWord || typeof value === "number") && mayHoldSecret(nodes)) return "what stands there";
  if (isWord && value.length > MAX_SHOWN_CHARACTERS) return `text of ${value.length} characters`;
  if (isWord && MAY_LET_IN.test(value)) return "what stands there";
  return printable(JSON.stringify(value) ?? String(value), 8 * MAX_SHOWN_CHARACTERS);
}

/** Deeper than anything that a configuration can mean. */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    level = level.flatMap((one) =>
      typeof one === "object" && one !== null ? Object.values(one) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}

function nodesAt(root: SchemaNode, steps: readonly string[]): readonly SchemaNode[] {
  let nodes: readonly SchemaNode[] = [root];
  for (const step of steps)
    nodes = nodes
      .flatMap(formsOf)
      .flatMap(({ items, properties }) => items ?? properties?.[step] ?? []);
  return nodes;
}

interface SchemaPlace {
  readonly node: SchemaNode;
  /** Steps of the value that lead here. */
  readonly depth: number;
  /** Of the choice above it. */
  readonly form: number | undefined;
}

/** The nodes on the way of a path like "#/properties/fans/anyOf/1/properties/mode", as far as they are ours. */
function placesOn(root: SchemaNode, schemaPath: string): readonly SchemaPlace[] {
  const words = stepsOf(schemaPath);
  const places: SchemaPlace[] = [{ node: root, depth: 0, form: undefined }];
  for (let at = 0; at < words.length; at++) {
    const { node, depth } = places.at(-1) as SchemaPlace;
    const word = words[at];
    const name = word === "items" ? "" : (words[++at] ?? "");
    const form = word === "anyOf" ? Number(name) : undefined;
    const next =
      form !== undefined
        ? node.anyOf?.[form]
        : word === "items"
          ? node.items
          : word === "properties"
            ? node.properties?.[name]
            : undefined;
    if (next === undefined) break;
    places.push({ node: next, depth: form === undefined ? depth + 1 : depth, form });
  }
  return places;
}

/** Of forms that differ by a word in the same key, the one with the given word is meant, and the others have no say. */
function isOfAnotherForm(
  root: SchemaNode,
  value: unknown,
  schemaPath: string,
  instancePath: string,
): boolean {
  const steps = stepsOf(instancePath);
  const places = placesOn(root, schemaPath);
  return places.some(({ depth, form }, at) => {
    const forms = places[at - 1]?.node.anyOf;
    const key = forms && tellingKey(forms);
    if (form === undefined || forms === undefined || key === undefined) return false;
    const given = valueAt(value, [...steps.slice(0, depth), key]);
    if (given === undefined) return false;
    const meant = forms.findIndex(({ properties }) => wordsOf(properties?.[key]).includes(given));
    return meant < 0 ? steps[depth] !== key : meant !== form;
  });
}

/** The key by whose word forms are told apart. */
function tellingKey(forms: readonly SchemaNode[]): string | undefined {
  const [first] = forms;
  return Object.keys(first?.properties ?? {}).find((key) =>
    forms.every(({ properties }) => wordsOf(properties?.[key]).length > 0),
  );
}

function wordsOf(node: SchemaNode | undefined): readonly unknown[] {
  return node?.enum ?? (node?.const === undefined ? [] : [node.const]);
}

/** Of a choice between forms, the one with keys. */
function objectForm(node: SchemaNode | undefined): SchemaNode | undefined {
  return node?.anyOf?.find(({ properties }) => properties !== undefined) ?? node;
}

function valueAt(root: unknown, steps: readonly string[]): unknown {
  let value = root;
  for (const step of steps)
    value = typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined;
  return value;
}
