/** Checks of a scenario's steps that no schema can make: messages, fields, values that do not fit, names that nobody gives. */
import { checkLiteral } from "./check-literals.ts";
import { MESSAGES } from "./facts.ts";
import { isMatcher, pattern } from "./matchers.ts";
import type { AssertedFact, PlaceSpec, ScenarioProtocol, Step } from "./scenario.ts";
import { unknownName, ValueProblem } from "./scope.ts";
import { child, plain, type SourceNode } from "./source.ts";
import { fieldType, sv2Names, sv2Spec, TAIL, unknownFields } from "./sv2-messages.ts";
import { checkV1Field, v1Names, v1Spec } from "./v1-messages.ts";
import { namesIn } from "./values.ts";

/** What connections give names to, of either protocol; `sv2-defaults.ts` and `v1-peer.ts` know what they stand for. */
const connectionNames = [
  ...["channel", "group", "job", "request", "sequence", "prevHash", "target"],
  ...["id", "extranonce1", "extranonce2Size", "difficulty"],
];

export class FieldChecks {
  readonly #root: SourceNode;
  readonly #steps: readonly Step[];
  readonly #asserts: readonly AssertedFact[];
  readonly #note: (line: number, problem: string, allowed?: string) => void;
  readonly #names: Set<string>;
  readonly #places: ReadonlySet<string>;
  readonly #protocol: ScenarioProtocol;

  constructor(
    root: SourceNode,
    steps: readonly Step[],
    asserts: readonly AssertedFact[],
    places: readonly PlaceSpec[],
    note: (line: number, problem: string, allowed?: string) => void,
  ) {
    this.#root = root;
    this.#steps = steps;
    this.#asserts = asserts;
    this.#protocol = places[0]?.protocol ?? "sv2";
    this.#note = note;
    this.#places = new Set(places.map(({ name }) => name));
    this.#names = new Set([...connectionNames, "now", "host", "port", "i"]);
    for (const name of this.#places) this.#names.add(`${name}.host`).add(`${name}.port`);
  }

  run(): void {
    this.#collectNames(this.#steps);
    this.#check(this.#steps);
    for (const { fact, expected, line } of this.#asserts) {
      if (fact.startsWith(MESSAGES)) this.#message(fact.slice(MESSAGES.length), line);
      this.#attempt(line, () => checkLiteral(expected, "F32"));
    }
    const ignore = child(this.#root, "ignore");
    for (const item of ignore?.kind === "list" ? ignore.items : [])
      this.#message(String(plain(item)), item.line);
  }

  #collectNames(steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.verb === "set" && step.argument?.kind === "map")
        for (const name of step.argument.entries.keys()) this.#names.add(name);
      const fields = step.option("with");
      for (const node of fields?.kind === "map" ? fields.entries.values() : []) {
        const as = child(node, "as");
        if (isMatcher(node) && as !== undefined) this.#names.add(String(plain(as)));
      }
      this.#collectNames(step.steps);
    }
  }

  #check(steps: readonly Step[]): void {
    for (const step of steps) {
      this.#checkNames(step);
      this.#checkOptions(step);
      for (const key of ["at"]) this.#place(step.option(key), step);
      if (step.verb === "use") this.#place(step.argument, step);
      if (step.definition.fields !== undefined) this.#checkMessage(step);
      const except = step.option("except");
      for (const item of except?.kind === "list" ? except.items : [])
        this.#message(String(plain(item)), item.line);
      this.#check(step.steps);
    }
  }

  #place(node: SourceNode | undefined, step: Step): void {
    if (node === undefined || this.#places.has(String(plain(node)))) return;
    this.#note(
      step.line,
      `no server is called ${String(plain(node))}`,
      [...this.#places].join(", "),
    );
  }

  #checkNames(step: Step): void {
    if (step.steps.length > 0) return;
    const nodes = [step.argument, ...Object.keys(OPTION_TYPES).map((key) => step.option(key))];
    for (const node of nodes)
      for (const { name, line } of node === undefined ? [] : namesIn(node))
        if (!this.#names.has(name))
          this.#attempt(line, () => {
            throw unknownName(name, this.#names);
          });
  }

  #checkOptions(step: Step): void {
    for (const [key, dataType] of Object.entries(OPTION_TYPES)) {
      const node = step.option(key);
      if (node !== undefined && dataType !== "JSON")
        this.#attempt(node.line, () => checkLiteral(node, dataType));
    }
    const { argument, verb } = step;
    const isRandom = argument?.kind === "scalar" && argument.text.startsWith("random*");
    if (verb === "sendRaw" && argument !== undefined && !isRandom)
      this.#attempt(step.line, () => checkLiteral(argument, "B0_16M"));
    if (verb === "sendLine" && argument !== undefined)
      this.#attempt(step.line, () => checkLiteral(argument, undefined));
  }

  #checkMessage(step: Step): void {
    const { argument, definition } = step;
    const given = argument === undefined ? "" : String(plain(argument));
    const name = definition.message?.[this.#protocol] ?? given;
    if (!this.#message(name, step.line)) return;
    const fields = step.option("with");
    for (const [field, node] of fields?.kind === "map" ? fields.entries : [])
      this.#attempt(node.line, () => this.#checkField(name, field, node, step));
  }

  #checkField(name: string, field: string, node: SourceNode, step: Step): void {
    const isExpected = step.definition.fields === "expected";
    if (!isExpected && field === TAIL)
      throw new ValueProblem(`${TAIL} is no field to be sent`, "the option append");
    const dataType = dataTypeOf(name, field);
    if (!isExpected || !isMatcher(node)) {
      checkLiteral(node, dataType);
      return;
    }
    for (const key of ["is", "not"]) {
      const literal = child(node, key);
      if (literal !== undefined) checkLiteral(literal, dataType);
    }
    const oneOf = child(node, "oneOf");
    for (const item of oneOf?.kind === "list" ? oneOf.items : []) checkLiteral(item, dataType);
    const regex = child(node, "regex");
    if (regex !== undefined) pattern(regex);
  }

  #message(name: string, line: number): boolean {
    return this.#attempt(line, () => {
      if (name === "unknown" || v1Names().includes(name) || sv2Names().includes(name)) return;
      if (name.startsWith("mining.") || name.startsWith("client.")) v1Spec(name);
      else sv2Spec(name);
    });
  }

  #attempt(line: number, check: () => void): boolean {
    try {
      check();
      return true;
    } catch (error) {
      if (!(error instanceof ValueProblem)) throw error;
      this.#note(line, error.message, error.allowed);
      return false;
    }
  }
}

/** Options of steps that hold values of the protocol, and what those are; "JSON" where it depends. */
const OPTION_TYPES: Readonly<Record<string, string>> = {
  with: "JSON",
  job: "JSON",
  jobId: "JSON",
  difficulty: "F32",
  append: "B0_16M",
  target: "U256",
  prevHash: "U256",
  extranoncePrefix: "B0_32",
  extranonce1: "B0_255",
  channelId: "U32",
  groupChannelId: "U32",
  extranonceSize: "U16",
  flags: "U32",
  version: "U32",
  nbits: "U32",
  time: "U32",
};

/** `undefined`: JSON of Stratum V1. */
function dataTypeOf(name: string, field: string): string | undefined {
  if (name === "unknown") {
    if (unknownFields.includes(field)) return field === "payload" ? "B0_16M" : "U32";
    checkV1Field(name, field);
    return undefined;
  }
  if (sv2Names().includes(name)) return fieldType(sv2Spec(name), field);
  checkV1Field(name, field);
  return undefined;
}
