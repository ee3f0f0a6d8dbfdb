/** Stratum V1 by name: the methods, who sends them, and what their parameters are called in a scenario. */
import { nearest } from "../../src/lib/nearest.ts";
import { type Scope, ValueProblem } from "./scope.ts";
import type { SourceNode } from "./source.ts";
import { readJson } from "./values.ts";

export interface V1Spec {
  readonly name: string;
  readonly from: "client" | "server" | "both";
  readonly params: readonly string[];
  /** The server expects an answer, so it sends an id. */
  readonly isRequest?: boolean;
}

const methods: readonly V1Spec[] = [
  { name: "mining.configure", from: "client", params: ["extensions", "parameters"] },
  { name: "mining.subscribe", from: "client", params: ["userAgent", "resume"] },
  { name: "mining.authorize", from: "client", params: ["user", "password"] },
  { name: "mining.extranonce.subscribe", from: "client", params: [] },
  { name: "mining.suggest_difficulty", from: "client", params: ["difficulty"] },
  { name: "mining.suggest_target", from: "client", params: ["target"] },
  { name: "mining.capabilities", from: "client", params: ["capabilities"] },
  { name: "mining.get_transactions", from: "client", params: ["jobId"] },
  {
    name: "mining.submit",
    from: "client",
    params: ["user", "jobId", "extranonce2", "ntime", "nonce", "versionBits"],
  },
  { name: "mining.ping", from: "both", params: [], isRequest: true },
  {
    name: "mining.notify",
    from: "server",
    params: [
      ...["jobId", "prevHash", "coinbase1", "coinbase2", "branches"],
      ...["version", "nbits", "ntime", "cleanJobs"],
    ],
  },
  { name: "mining.set_difficulty", from: "server", params: ["difficulty"] },
  { name: "mining.set_extranonce", from: "server", params: ["extranonce1", "extranonce2Size"] },
  { name: "mining.set_version_mask", from: "server", params: ["mask"] },
  { name: "mining.set_goal", from: "server", params: ["goal", "parameters"] },
  { name: "client.reconnect", from: "server", params: ["host", "port", "waitS"] },
  { name: "client.get_version", from: "server", params: [], isRequest: true },
  { name: "client.show_message", from: "server", params: ["message"] },
];

/** An answer, in either direction. */
const response: V1Spec = { name: "response", from: "both", params: [] };
const specs = new Map([...methods, response].map((spec) => [spec.name, spec]));

/** Fields that are text on the wire even when a file writes them like numbers: 00006000 is a mask. */
const textFields = new Set([
  ...["user", "password", "userAgent", "resume", "target", "jobId", "prevHash", "coinbase1"],
  ...["coinbase2", "version", "nbits", "ntime", "nonce", "versionBits", "extranonce1"],
  ...["extranonce2", "mask", "host", "message", "goal"],
]);

/** The value of a field, as JSON. Throws ValueProblem. */
export function readV1Field(field: string, node: SourceNode, scope: Scope): unknown {
  const isText = node.kind === "scalar" && textFields.has(field) && typeof node.value === "number";
  return isText ? node.text : readJson(node, scope);
}

export function v1Names(): readonly string[] {
  return [...specs.keys()];
}

/** Throws ValueProblem with the nearest name. */
export function v1Spec(name: string): V1Spec {
  const spec = specs.get(name);
  if (spec !== undefined) return spec;
  const meant = nearest(name, specs.keys());
  const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
  throw new ValueProblem(`no method is called ${name}${hint}`, [...specs.keys()].join(", "));
}

/** Fields that a message of that name has for a scenario. */
export function v1Fields(name: string): readonly string[] {
  if (name === "response") return ["id", "result", "error"];
  if (name === "unknown") return ["line"];
  return ["id", "params", ...v1Spec(name).params];
}

/** Throws ValueProblem for a field that the message does not have. */
export function checkV1Field(name: string, field: string): void {
  const known = v1Fields(name);
  if (known.includes(field)) return;
  const meant = nearest(field, known);
  const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
  throw new ValueProblem(`${name} has no field ${field}${hint}`, known.join(", "));
}

/** Previous hashes go out with the bytes of each 32-bit word reversed. Its own inverse. */
export function swapWords(hash: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(hash.length);
  for (let i = 0; i < hash.length; i++) swapped[i] = hash[i ^ 3] ?? 0;
  return swapped;
}

/** Eight hex digits, highest first. */
export function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
