/** Where the pools are in the settings: alone, in one list, or in groups. Numbered over all groups, as in the status. */
import type { ConfigChange } from "../../api/device.ts";

export type PoolSettings = Readonly<Record<string, unknown>>;

interface Sparse {
  readonly pool?: PoolSettings;
  readonly pools?: readonly PoolSettings[];
  readonly groups?: readonly { readonly pools: readonly PoolSettings[] }[];
}

export interface PoolPlace {
  /** "pool", "pools[1]" or "groups[0].pools[1]". */
  readonly path: string;
  /** Path of the list around it; null for the only pool. */
  readonly listPath: string | null;
  readonly list: readonly PoolSettings[];
  readonly at: number;
}

export function poolPlaces(config: unknown): PoolPlace[] {
  const { pool, pools, groups } = (config ?? {}) as Sparse;
  if (pool !== undefined) return [{ path: "pool", listPath: null, list: [pool], at: 0 }];
  if (groups !== undefined)
    return groups.flatMap((group, g) => placesIn(group.pools, `groups[${g}].pools`));
  return placesIn(pools ?? [], "pools");
}

function placesIn(list: readonly PoolSettings[], listPath: string): PoolPlace[] {
  return list.map((_, at) => ({ path: `${listPath}[${at}]`, listPath, list, at }));
}

/** One step up or down in its list; empty where it cannot go there. */
export function moved(place: PoolPlace, by: -1 | 1): ConfigChange[] {
  const { list, listPath, at } = place;
  const to = at + by;
  const [one, other] = [list[at], list[to]];
  if (listPath === null || one === undefined || other === undefined) return [];
  const value = list.map((pool, i) => (i === at ? other : i === to ? one : pool));
  return [{ path: listPath, value }];
}

/** Empty where it is the last one: a list of pools has at least one. */
export function removed({ list, listPath, at }: PoolPlace): ConfigChange[] {
  if (listPath === null || list.length < 2) return [];
  return [{ path: listPath, value: list.filter((_, i) => i !== at) }];
}

/** Behind the last pool of the first list; the only pool becomes a list. */
export function added(config: unknown, pool: PoolSettings): ConfigChange[] {
  const { pool: only, pools, groups } = (config ?? {}) as Sparse;
  if (only !== undefined)
    return [
      { path: "pool", value: undefined },
      { path: "pools", value: [only, pool] },
    ];
  if (groups !== undefined)
    return [{ path: "groups[0].pools", value: [...(groups[0]?.pools ?? []), pool] }];
  return [{ path: "pools", value: [...(pools ?? []), pool] }];
}
