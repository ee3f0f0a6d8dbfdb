/** Puts stored secrets back where a configuration that comes from outside has "…". */
import { MASK } from "../api/mask-secrets.ts";
import { ConfigError, type ConfigProblem } from "../lib/errors.ts";
import { formatPath, isRecord } from "./paths.ts";
import { own } from "./plain-values.ts";
import { configTree } from "./schema.ts";
import { childrenOf, isSecret, type SchemaNode, type Step } from "./schema-node.ts";

/**
 * A masked secret means the one that `stored` has. A pool is found again by its URL and user wherever it moved to, then by
 * its URL, then by its place. Throws ConfigError where "…" stands for nothing.
 */
export function unmask(
  incoming: unknown,
  stored: unknown,
  schema: SchemaNode = configTree,
): unknown {
  const problems: ConfigProblem[] = [];
  const pools = poolsIn(stored);
  const value = filled(incoming, stored, [], [schema]);
  if (problems.length > 0) throw new ConfigError(problems);
  return value;

  function filled(
    value: unknown,
    old: unknown,
    steps: readonly Step[],
    nodes: readonly SchemaNode[],
  ): unknown {
    if (value === MASK && isSecret(nodes)) return secretOf(old, steps);
    if (Array.isArray(value)) {
      const before: readonly unknown[] = Array.isArray(old) ? old : [];
      const items: readonly unknown[] = value;
      const matches: readonly unknown[] = items.map((item, at) =>
        sameItem(item, pools, before[at]),
      );
      return items.map((item, at) => {
        // Whoever is found elsewhere does not give its secret to the one that now stands in its place.
        const inPlace = matches.includes(before[at]) ? undefined : before[at];
        return filled(item, matches[at] ?? inPlace, [...steps, at], childrenOf(nodes, at));
      });
    }
    if (!isRecord(value)) return value;
    const match = sameItem(value, pools, old) ?? old;
    const before = isRecord(match) ? match : {};
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [
        key,
        filled(child, own(before, key), [...steps, key], childrenOf(nodes, key)),
      ]),
    );
  }

  function secretOf(old: unknown, steps: readonly Step[]): unknown {
    if (typeof old === "string") return old;
    problems.push({
      path: formatPath(steps),
      problem: `"${MASK}" stands for the secret that is stored, and none is`,
      allowed: "the secret itself",
    });
    return undefined;
  }
}

type Item = Readonly<Record<string, unknown>>;

function poolsIn(config: unknown): readonly Item[] {
  if (!isRecord(config)) return [];
  const { pool, pools, groups } = config as Item & Record<"pool" | "pools" | "groups", unknown>;
  const inGroups = listOf(groups).flatMap((group) =>
    isRecord(group) ? listOf(group["pools"]) : [],
  );
  return [pool, ...listOf(pools), ...inGroups].filter(isRecord);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `inPlace` is what stood where `item` stands now: of several pools with its URL it comes first. */
function sameItem(item: unknown, pools: readonly Item[], inPlace: unknown): Item | undefined {
  if (!isRecord(item)) return undefined;
  const url = own(item, "url");
  if (typeof url !== "string") return undefined;
  const user = own(item, "user") ?? "";
  const sameUrl = pools.filter((pool) => own(pool, "url") === url);
  const sameUser = sameUrl.filter((pool) => (own(pool, "user") ?? "") === user);
  return [sameUser, sameUrl]
    .map((found) => found.find((pool) => pool === inPlace) ?? found[0])
    .find((found) => found !== undefined);
}
