/** Configurations without what nobody may read. */
import { configSchema } from "../config/schema.ts";

/** What stands for a secret; on its way back it means "the one that is stored". */
export const MASK = "…";

interface Node {
  readonly secret?: boolean;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

/** A copy in which every node that the schema calls secret is "…". */
export function maskSecrets(config: unknown, schema: Node = configSchema as Node): unknown {
  return masked(config, [schema]);
}

function masked(value: unknown, nodes: readonly Node[]): unknown {
  const forms = nodes.flatMap((node) => node.anyOf ?? [node]);
  if (forms.some(({ secret }) => secret === true)) return value === undefined ? undefined : MASK;
  if (Array.isArray(value))
    return value.map((item) =>
      masked(
        item,
        forms.flatMap(({ items }) => items ?? []),
      ),
    );
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [
      key,
      masked(
        child,
        forms.flatMap(({ properties }) => properties?.[key] ?? []),
      ),
    ]),
  );
}
