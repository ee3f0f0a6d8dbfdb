/** What a node of the configuration's schema says, and what a form makes of it. */

/** The part of JSON Schema that our own schema is written in. */
export interface SchemaNode {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly unit?: string;
  readonly secret?: boolean;
  readonly restart?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly SchemaNode[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
}

export type FormKind =
  | "group"
  | "switch"
  | "choice"
  | "number"
  | "text"
  | "secret"
  /** Texts, one in each line. */
  | "lines"
  /** Of groups. */
  | "list"
  /** One of several shapes. */
  | "variants"
  | "fixed";

export function kindOf(node: SchemaNode): FormKind {
  if (node.anyOf !== undefined) return "variants";
  if (node.const !== undefined) return "fixed";
  if (node.enum !== undefined) return "choice";
  if (node.type === "object") return "group";
  if (node.type === "boolean") return "switch";
  if (node.type === "number" || node.type === "integer") return "number";
  if (node.type === "array") return kindOf(node.items ?? {}) === "text" ? "lines" : "list";
  return node.secret === true ? "secret" : "text";
}

/** What is filled in where something new begins. */
export function freshValue(node: SchemaNode): unknown {
  if (node.default !== undefined && kindOf(node) !== "group") return node.default;
  switch (kindOf(node)) {
    case "group":
      return Object.fromEntries(
        Object.entries(node.properties ?? {})
          .filter(([key, child]) => isRequired(node, key) || child.default !== undefined)
          .map(([key, child]) => [key, freshValue(child)]),
      );
    case "fixed":
      return node.const;
    case "choice":
      return node.enum?.[0];
    case "variants":
      return freshValue(node.anyOf?.[0] ?? {});
    case "number":
      return node.minimum ?? 0;
    case "switch":
      return false;
    case "lines":
      return [];
    case "list":
      return Array.from({ length: node.minItems ?? 0 }, () => freshValue(node.items ?? {}));
    default:
      return "";
  }
}

export function isRequired(node: SchemaNode, key: string): boolean {
  return node.required?.includes(key) ?? false;
}

/** Which of the shapes a value has: the first that it could be. */
export function variantOf(node: SchemaNode, value: unknown): number {
  return Math.max(0, node.anyOf?.findIndex((shape) => couldBe(shape, value)) ?? 0);
}

function couldBe(node: SchemaNode, value: unknown): boolean {
  switch (kindOf(node)) {
    case "group": {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
      const record = value as Readonly<Record<string, unknown>>;
      return Object.entries(node.properties ?? {}).every(([key, child]) =>
        record[key] === undefined ? !isRequired(node, key) : couldBe(child, record[key]),
      );
    }
    case "fixed":
      return value === node.const;
    case "choice":
      return node.enum?.includes(value) ?? false;
    case "switch":
      return typeof value === "boolean";
    case "number":
      return typeof value === "number";
    case "lines":
    case "list":
      return Array.isArray(value);
    case "variants":
      return node.anyOf?.some((shape) => couldBe(shape, value)) ?? false;
    default:
      return typeof value === "string";
  }
}

/** How a masked secret comes from the device; sent back it means: the one that is stored. */
export const MASK = "…";

export type FieldFault =
  | { readonly is: "needed" }
  | { readonly is: "not-a-number" }
  | { readonly is: "below"; readonly limit: number }
  | { readonly is: "above"; readonly limit: number }
  | { readonly is: "too-short"; readonly limit: number }
  | { readonly is: "too-long"; readonly limit: number }
  | { readonly is: "wrong-form" };

/** What a field alone can tell; the rest is the device's to say. */
export function faultOf(node: SchemaNode, value: unknown): FieldFault | null {
  if (typeof value === "number") {
    if (!Number.isFinite(value) || (node.type === "integer" && !Number.isInteger(value)))
      return { is: "not-a-number" };
    if (node.minimum !== undefined && value < node.minimum)
      return { is: "below", limit: node.minimum };
    if (node.maximum !== undefined && value > node.maximum)
      return { is: "above", limit: node.maximum };
  }
  if (typeof value === "string" && value !== MASK) {
    const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = node;
    if (minLength > 0 && value === "") return { is: "needed" };
    if (value.length < minLength) return { is: "too-short", limit: minLength };
    if (value.length > maxLength) return { is: "too-long", limit: maxLength };
    if (pattern !== undefined && !new RegExp(pattern).test(value)) return { is: "wrong-form" };
  }
  return null;
}
