/** From the text of a file to a scenario, or to every reason why it is none, each with its line. */
import type { TSchema } from "typebox";
import Type from "typebox";
import { checkAgainst } from "../../src/config/problems.ts";
import { printable } from "../../src/lib/bytes.ts";
import { ConfigError, type ConfigProblem } from "../../src/lib/errors.ts";
import { nearest } from "../../src/lib/nearest.ts";
import { FieldChecks } from "./check-fields.ts";
import { durationMs } from "./duration.ts";
import {
  checkSwitches,
  type Note,
  plainOf,
  readAsserts,
  readDevice,
  readPlaces,
} from "./read-head.ts";
import type { Scenario, ScenarioProtocol, Step } from "./scenario.ts";
import { ALWAYS_IGNORED, headSchema } from "./schema.ts";
import { child, parseSource, plain, type SourceNode } from "./source.ts";
import { verbs } from "./steps.ts";

const MAX_STEPS = 2_000;
const MINUTE_MS = 60_000;
/** Of one side of a message; the list of all messages' names is 1 100 long. */
const MAX_WORDS = 2_000;

/** Throws ConfigError. */
export function readScenario(text: string, file: string): Scenario {
  const root = parseSource(text, file);
  const problems: ConfigProblem[] = [];
  const note: Note = (line, problem, allowed) =>
    void problems.push({
      path: `${file}:${line}`,
      // Whatever of the file's own text is in it, a terminal will show it.
      problem: printable(problem, MAX_WORDS),
      ...(allowed === undefined ? {} : { allowed: printable(allowed, MAX_WORDS) }),
    });
  if (root.kind !== "map") {
    note(1, "this is no scenario", "a map with name, proves, protocol and steps");
    throw new ConfigError(problems);
  }
  checkNode(root, headSchema, note);
  const protocol = plainOf(root, "protocol") === "sv1" ? "sv1" : "sv2";
  const steps = readSteps(child(root, "steps"), protocol, note);
  const places = readPlaces(root, protocol, note);
  const device = readDevice(child(root, "device"), places, note);
  const asserts = readAsserts(child(root, "assert"), places, note);
  checkSwitches(root, note);
  new FieldChecks(root, steps, asserts, places, note).run();
  if (problems.length > 0) throw new ConfigError(problems);

  const proves = plainOf(root, "proves") as string | readonly string[];
  const own = (plainOf(root, "ignore") as readonly string[] | undefined) ?? [];
  const time = (key: string, usualMs: number) =>
    durationMs(String(plainOf(root, key) ?? "")) ?? usualMs;
  return {
    id: file.replace(/^.*[/\\]/, "").replace(/\.(ya?ml|json)$/, ""),
    file,
    name: plainOf(root, "name") as string,
    description: ((plainOf(root, "description") as string | undefined) ?? "").trim(),
    proves: typeof proves === "string" ? [proves] : proves,
    protocol,
    places,
    device,
    quirks: (plainOf(root, "quirks") as readonly string[] | undefined) ?? [],
    sharesPerMinute: (plainOf(root, "sharesPerMinute") as number | undefined) ?? 60,
    difficulty: plainOf(root, "difficulty") as number | undefined,
    ignore: [...ALWAYS_IGNORED.sv2, ...ALWAYS_IGNORED.sv1, ...own],
    graceMs: time("grace", 1_000),
    limitMs: time("limit", 60 * MINUTE_MS),
    connectWithinMs: time("connectWithin", MINUTE_MS),
    steps,
    asserts,
  };
}

/** Every problem with a node by a schema, at the line of what is wrong. */
function checkNode(node: SourceNode, schema: TSchema, note: Note): boolean {
  const { problems } = checkAgainst(schema, plain(node));
  for (const { path, problem, allowed } of problems) {
    const shown = path.startsWith("(") ? "" : `${path}: `;
    note(lineAt(node, path), `${shown}${problem}`, allowed);
  }
  return problems.length === 0;
}

/** The line of "steps[3].with", as far as it exists. */
function lineAt(node: SourceNode, path: string): number {
  let at = node;
  for (const [, key, index, quoted] of path.matchAll(/\.?([\w-]+)|\[(\d+)\]|\["([^"]*)"\]/g)) {
    const next =
      at.kind === "list" ? at.items[Number(index)] : child(at, key ?? quoted ?? index ?? "");
    if (next === undefined) break;
    at = next;
  }
  return at.line;
}

function readSteps(node: SourceNode | undefined, protocol: ScenarioProtocol, note: Note): Step[] {
  const steps: Step[] = [];
  for (const item of node?.kind === "list" ? node.items : []) {
    const step = readStep(item, protocol, note);
    if (step !== undefined) steps.push(step);
  }
  if (steps.length > MAX_STEPS)
    note(node?.line ?? 1, `${steps.length} steps`, `at most ${MAX_STEPS}`);
  return steps;
}

function readStep(node: SourceNode, protocol: ScenarioProtocol, note: Note): Step | undefined {
  const keys =
    node.kind === "map" ? [...node.entries.keys()] : node.kind === "scalar" ? [node.text] : [];
  const found = keys.filter((key) => Object.hasOwn(verbs, key));
  const [verb] = found;
  if (verb === undefined || found.length > 1) {
    const [first = ""] = keys;
    const meant = nearest(first, Object.keys(verbs));
    const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
    const what =
      found.length > 1
        ? `${found.join(" and ")} in one step`
        : `"${printable(first, 40)}" is no step${hint}`;
    note(node.line, what, Object.keys(verbs).join(", "));
    return undefined;
  }
  const definition = verbs[verb] as (typeof verbs)[string];
  if (definition.protocol !== undefined && definition.protocol !== protocol && protocol === "sv1")
    note(node.line, `${verb} is a step of Stratum V2`);
  const given = child(node, verb);
  const isBare = given === undefined || (given.kind === "scalar" && given.value === null);
  const argument = isBare ? undefined : given;
  if (!checkNode(withoutNull(node, verb, isBare), stepSchema(verb), note)) return undefined;
  const inner =
    definition.steps === "argument"
      ? argument
      : definition.steps === "option"
        ? child(node, "steps")
        : undefined;
  const why = child(node, "why");
  return {
    verb,
    line: node.line,
    why: why?.kind === "scalar" ? why.text : undefined,
    argument,
    option: (key) => child(node, key),
    steps: readSteps(inner, protocol, note),
    definition,
  };
}

function withoutNull(node: SourceNode, verb: string, isBare: boolean): SourceNode {
  if (node.kind === "scalar") return { kind: "map", line: node.line, entries: new Map() };
  if (node.kind !== "map" || !isBare) return node;
  return { ...node, entries: new Map([...node.entries].filter(([key]) => key !== verb)) };
}

const stepSchemas = new Map<string, TSchema>();

function stepSchema(verb: string): TSchema {
  const known = stepSchemas.get(verb);
  if (known !== undefined) return known;
  const {
    argument,
    isArgumentOptional,
    options = {},
    fields,
  } = verbs[verb] as (typeof verbs)[string];
  const properties: Record<string, TSchema> = {
    why: Type.Optional(Type.String({ maxLength: 300 })),
  };
  if (argument !== undefined)
    properties[verb] = isArgumentOptional === true ? Type.Optional(argument) : argument;
  for (const [key, schema] of Object.entries(options)) properties[key] = Type.Optional(schema);
  if (fields !== undefined)
    properties["with"] = Type.Optional(Type.Record(Type.String(), Type.Unknown()));
  const schema = Type.Object(properties, { additionalProperties: false });
  stepSchemas.set(verb, schema);
  return schema;
}
