/** The operator's list of pools as a value that can be edited and given back whole, in any of the file's three forms. */
import type { Actor, ConfigChange, ConfigResult, Device } from "../api/device.ts";

/** A pool of the file, sparse; its secrets are the real ones. */
export type PoolEntry = Readonly<Record<string, unknown>>;

export interface ListedEntry {
  readonly group: number;
  readonly entry: PoolEntry;
}

type SparsePools = {
  readonly pool?: PoolEntry;
  readonly pools?: readonly PoolEntry[];
  readonly groups?: readonly { readonly pools?: readonly PoolEntry[]; readonly share?: number }[];
};

/** In the order of `Status.pools`. Asked for with secrets, because a list that goes back in another order must keep them. */
export function listPools(device: Device): readonly ListedEntry[] {
  const { pool, pools, groups } = sparseOf(device);
  if (groups !== undefined)
    return groups.flatMap((one, group) => (one.pools ?? []).map((entry) => ({ group, entry })));
  return (pools ?? (pool === undefined ? [] : [pool])).map((entry) => ({ group: 0, entry }));
}

/** Undefined where there is but one list. */
export function groupsOf(device: Device): SparsePools["groups"] {
  return sparseOf(device).groups;
}

/** What makes this the list; each group keeps its own. */
export function poolListChanges(
  device: Device,
  list: readonly ListedEntry[],
): readonly ConfigChange[] {
  const { pool, groups } = sparseOf(device);
  if (groups === undefined) {
    const whole = { path: "pools", value: list.map(({ entry }) => entry) };
    return pool === undefined ? [whole] : [{ path: "pool", value: undefined }, whole];
  }
  return groups.map((_, index) => ({
    path: `groups[${index}].pools`,
    value: list.flatMap(({ group, entry }) => (group === index ? [entry] : [])),
  }));
}

export function applyPoolList(
  device: Device,
  list: readonly ListedEntry[],
  actor: Actor,
): Promise<ConfigResult> {
  return device.config.apply(poolListChanges(device, list), actor);
}

/** Why nothing came of it, in one line; `undefined` when it was applied. */
export function refusalOf(result: ConfigResult): string | undefined {
  switch (result.is) {
    case "applied":
      return undefined;
    case "invalid":
      return result.problems
        .map(({ path, problem, allowed }) =>
          allowed === undefined ? `${path} ${problem}` : `${path} ${problem} (allowed: ${allowed})`,
        )
        .join("; ");
    case "refused":
      return result.text;
  }
}

function sparseOf(device: Device): SparsePools {
  return (device.config.sparse({ secrets: true }) ?? {}) as SparsePools;
}
