/** From what a form was filled with to the changes that the device is asked for. */
import type { ConfigChange } from "../../api/device.ts";
import type { SchemaNode } from "./schema-node.ts";

/**
 * What leads from `before` to `after`, as small as it can be said: single values where a node was there before, whole ones
 * (without what is a default anyway) where it is new or a list got longer or shorter.
 */
export function changesBetween(
  before: unknown,
  after: unknown,
  schema: SchemaNode,
  path = "",
): ConfigChange[] {
  if (isEqual(before, after)) return [];
  if (isRecord(before) && isRecord(after) && schema.properties !== undefined)
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
      changesBetween(
        before[key],
        after[key],
        schema.properties?.[key] ?? {},
        path === "" ? key : `${path}.${key}`,
      ),
    );
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    if (schema.items?.properties !== undefined)
      return before.flatMap((one, i) =>
        changesBetween(one, after[i], schema.items ?? {}, `${path}[${i}]`),
      );
  return [{ path, value: withoutDefaults(after, schema) }];
}

/**
 * `draft`, which was made of `before`, on top of `now`: what was edited stays, all the rest is what the device has now. Where
 * both have changed a list the device has its way: nothing tells which of its items was meant.
 */
export function carriedOver(
  before: unknown,
  draft: unknown,
  now: unknown,
  schema: SchemaNode,
): unknown {
  if (isEqual(before, draft)) return now;
  if (isRecord(before) && isRecord(draft) && isRecord(now) && schema.properties !== undefined)
    return Object.fromEntries(
      [...new Set([...Object.keys(draft), ...Object.keys(now)])]
        .map((key) => {
          const part = schema.properties?.[key] ?? {};
          return [key, carriedOver(before[key], draft[key], now[key], part)] as const;
        })
        .filter(([, value]) => value !== undefined),
    );
  return Array.isArray(now) && !isEqual(before, now) ? now : draft;
}

/** Only what a file has to say: the rest is filled in again by the schema. */
export function withoutDefaults(value: unknown, schema: SchemaNode): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutDefaults(one, schema.items ?? {}));
  if (!isRecord(value) || schema.properties === undefined) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, child]) => child !== undefined && !isDefault(child, schema, key))
      .map(([key, child]) => [key, withoutDefaults(child, schema.properties?.[key] ?? {})]),
  );
}

function isDefault(value: unknown, schema: SchemaNode, key: string): boolean {
  const fallback = schema.properties?.[key]?.default;
  return fallback !== undefined && isEqual(value, fallback);
}

/** The tree with another value at these keys; `undefined` takes the node out. */
export function withValueAt(
  tree: unknown,
  keys: readonly (string | number)[],
  value: unknown,
): unknown {
  const [key, ...deeper] = keys;
  if (key === undefined) return value;
  if (typeof key === "number") {
    const list = Array.isArray(tree) ? [...tree] : [];
    list[key] = withValueAt(list[key], deeper, value);
    return list;
  }
  const record = isRecord(tree) ? tree : {};
  const inner = withValueAt(record[key], deeper, value);
  if (inner !== undefined) return { ...record, [key]: inner };
  const { [key]: _, ...others } = record;
  return others;
}

export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, i) => isEqual(one, b[i]));
  if (!isRecord(a) || !isRecord(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) =>
    isEqual(a[key], b[key]),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
