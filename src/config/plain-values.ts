/** Comparing plain values, and leaving out of them what holds anyway. */
import { isRecord } from "./paths.ts";
import { childrenOf, type SchemaNode } from "./schema-node.ts";

/** As JSON means it: the order of keys does not count, nor a key that is undefined. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  if (!isRecord(a) || !isRecord(b)) return false;
  return keysOf(a, b).every((key) => isSame(own(a, key), own(b, key)));
}

/** Of either, each once. */
export function keysOf(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}

/** `undefined` also for what every object inherits. */
export function own(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** A copy in which nothing stands that is a default; an object that became empty goes where its default is empty, too. */
export function withoutDefaults(value: unknown, schema: SchemaNode): unknown {
  return stripped(value, [schema]);
}

function stripped(value: unknown, nodes: readonly SchemaNode[]): unknown {
  if (Array.isArray(value)) return value.map((item) => stripped(item, childrenOf(nodes, 0)));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]) => {
      const below = childrenOf(nodes, key);
      const rest = stripped(child, below);
      const isDefault = below.some(
        (node) =>
          node.default !== undefined && (isSame(node.default, child) || isSame(node.default, rest)),
      );
      return isDefault || rest === undefined ? [] : [[key, rest]];
    }),
  );
}
