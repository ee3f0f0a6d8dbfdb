/** The order of pools in a configuration, numbered over all groups as everywhere else. */

interface Sparse {
  readonly pool?: unknown;
  readonly pools?: readonly unknown[];
  readonly groups?: readonly { readonly pools?: readonly unknown[] }[];
}

/** A copy in which this pool is the first of its list, or in words why there is none. */
export function movedFirst(sparse: unknown, index: number): unknown {
  const { pool, pools, groups } = sparse as Sparse;
  const lists = groups?.map((group) => group.pools ?? []) ?? [pools ?? []];
  const count = lists.reduce((sum, list) => sum + list.length, 0);
  if (pool !== undefined && index === 0) return sparse;
  if (!(Number.isInteger(index) && index >= 0 && index < count))
    return `there is no pool ${index}; allowed: 0 to ${Math.max(1, count) - 1}`;
  let before = 0;
  const reordered = lists.map((list) => {
    const at = index - before;
    before += list.length;
    if (at < 0 || at >= list.length) return list;
    return [list[at], ...list.filter((_, i) => i !== at)];
  });
  return groups === undefined
    ? { ...(sparse as object), pools: reordered[0] }
    : {
        ...(sparse as object),
        groups: groups.map((group, g) => ({ ...group, pools: reordered[g] })),
      };
}
