/** A declaration as whoever walks it sees it: the parts of a JSON schema that ours use, and what we add. */
import type { RestartNeed } from "../api/device.ts";

export interface SchemaNode {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly SchemaNode[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly unit?: string;
  readonly title?: string;
  readonly description?: string;
  /** Never shown. */
  readonly secret?: boolean;
  /** What taking a change into use costs; absent: nothing. */
  readonly restart?: RestartNeed;
  /** A wrong value can cut the operator off: a change is taken back unless somebody confirms it. */
  readonly confirm?: boolean;
}

/** A key of an object, or a place in a list. */
export type Step = string | number;

/** The forms that a value may have. */
export function formsOf(node: SchemaNode): readonly SchemaNode[] {
  return node.anyOf ?? [node];
}

/** What may stand under `step`; several where a choice has forms with the same key. */
export function childrenOf(nodes: readonly SchemaNode[], step: Step): readonly SchemaNode[] {
  return nodes
    .flatMap(formsOf)
    .flatMap((form) => (typeof step === "number" ? form.items : propertyOf(form, step)) ?? []);
}

export function propertyOf({ properties }: SchemaNode, key: string): SchemaNode | undefined {
  return properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
}

/** True for a node, or one form of it, that nobody may be shown. */
export function isSecret(nodes: readonly SchemaNode[]): boolean {
  return nodes.flatMap((node) => [node, ...formsOf(node)]).some(({ secret }) => secret === true);
}

/** True for what is secret, has a part that is, or takes anything at all. */
export function mayHoldSecret(nodes: readonly SchemaNode[]): boolean {
  return nodes.some((node) => {
    const { type, enum: words, anyOf, items, properties } = node;
    if (isSecret([node])) return true;
    if (anyOf !== undefined) return mayHoldSecret(anyOf);
    if (items !== undefined) return mayHoldSecret([items]);
    if (properties !== undefined) return mayHoldSecret(Object.values(properties));
    const isOpen = type === undefined && words === undefined && node.const === undefined;
    return isOpen || type === "object" || type === "array";
  });
}

const COSTS: readonly RestartNeed[] = ["none", "pools", "operator", "program"];

/** The dearest of them. */
export function restartOf(nodes: readonly SchemaNode[]): RestartNeed {
  const costs = nodes.map(({ restart }) => COSTS.indexOf(restart ?? "none"));
  return COSTS[Math.max(0, ...costs)] ?? "none";
}
