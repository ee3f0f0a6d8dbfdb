/** How the top of the configuration is divided for people. What is on no list has a section of its own. */
import { isRequired, kindOf, type SchemaNode } from "./schema-node.ts";

export interface Section {
  readonly name: string;
  readonly keys: readonly string[];
}

const known: readonly Section[] = [
  { name: "general", keys: ["name", "paused", "log"] },
  { name: "pools", keys: ["pool", "pools", "groups", "standby"] },
  { name: "machine", keys: ["machine", "chains"] },
  { name: "api", keys: ["api"] },
  { name: "tools", keys: ["compat", "metrics", "mdns"] },
  { name: "mqtt", keys: ["mqtt"] },
  { name: "webhook", keys: ["webhook"] },
  { name: "paths", keys: ["paths"] },
];

export function sectionsOf(schema: SchemaNode): Section[] {
  const there = Object.entries(schema.properties ?? {})
    .filter(([, node]) => node.const === undefined)
    .map(([key]) => key);
  const placed = new Set(known.flatMap(({ keys }) => keys));
  const others = there.filter((key) => !placed.has(key)).map((key) => ({ name: key, keys: [key] }));
  return [...known, ...others]
    .map(({ name, keys }) => ({ name, keys: keys.filter((key) => there.includes(key)) }))
    .filter(({ keys }) => keys.length > 0);
}

/** The schema with these keys alone. */
export function partOf(schema: SchemaNode, keys: readonly string[]): SchemaNode {
  const properties = Object.entries(schema.properties ?? {}).filter(([key]) => keys.includes(key));
  return { ...schema, properties: Object.fromEntries(properties) };
}

/** The key of a section that is one object, and always there. */
export function onlyGroupOf(schema: SchemaNode, keys: readonly string[]): string | undefined {
  const [key] = keys;
  const node = key === undefined ? undefined : schema.properties?.[key];
  if (key === undefined || node === undefined || keys.length > 1) return undefined;
  const isAlwaysThere = isRequired(schema, key) || node.default !== undefined;
  return isAlwaysThere && kindOf(node) === "group" ? key : undefined;
}
