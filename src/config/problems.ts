/** Says what is wrong with a value in the words of its schema: where, what, and what would be right. */
import type { TSchema } from "typebox";
import { Settings } from "typebox/system";
import { Default, Errors } from "typebox/value";
import { printable } from "../lib/bytes.ts";
import type { ConfigProblem } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";

/** The parts of a JSON schema that our declarations use. */
interface SchemaNode {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly SchemaNode[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly unit?: string;
  readonly description?: string;
}

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
  const failures = Errors(schema, filled);
  for (const { keyword, instancePath, params } of failures) {
    const steps = stepsOf(instancePath);
    const node = nodeAt(schema as SchemaNode, steps);
    const given = valueAt(filled, steps);
    if (keyword === "required") {
      const { requiredProperties } = params as { readonly requiredProperties: readonly string[] };
      for (const key of requiredProperties)
        note({
          path: showPath([...steps, key]),
          problem: "is missing",
          ...allowedBy(objectForm(node)?.properties?.[key]),
        });
    } else if (keyword === "additionalProperties") {
      const { additionalProperties } = params as {
        readonly additionalProperties: readonly string[];
      };
      const known = Object.keys(objectForm(node)?.properties ?? {});
      for (const key of additionalProperties) note(unknownKey([...steps, key], key, known));
    } else if (
      node !== undefined &&
      keyword !== "boolean" &&
      !isExplainedBelow(instancePath, node)
    ) {
      note({
        path: showPath(steps),
        problem: `${steps.at(-1) === SECRET ? "what stands there" : showValue(given)} is not valid`,
        ...allowedBy(node),
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

function allowedBy(node: SchemaNode | undefined): { readonly allowed?: string } {
  return node === undefined ? {} : { allowed: describeAllowed(node) };
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
): ConfigProblem {
  const meant = nearest(key, known);
  return {
    path: showPath(steps),
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

/** Lists and objects by their kind: what is in them may be somebody's password. */
function showValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "[]" : "a list";
  if (typeof value === "object" && value !== null && Object.keys(value).length > 0)
    return "an object";
  return printable(JSON.stringify(value) ?? String(value), 60);
}

const SECRET = "password";

function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    level = level.flatMap((one) =>
      typeof one === "object" && one !== null ? Object.values(one) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}

function nodeAt(root: SchemaNode, steps: readonly string[]): SchemaNode | undefined {
  let nodes: readonly SchemaNode[] = [root];
  for (const step of steps)
    nodes = nodes
      .flatMap((node) => node.anyOf ?? [node])
      .flatMap((node) =>
        node.items !== undefined ? [node.items] : (node.properties?.[step] ?? []),
      );
  return nodes[0];
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
