/** cgminer's quota of a pool: here it belongs to the pool's group, and without groups there is none to set. */
import type { Device } from "../../api/device.ts";
import { groupsOf, listPools } from "../pool-list.ts";
import type { QuotaOf } from "./pool-section.ts";

export function quotaOf(device: Device): QuotaOf {
  const groups = groupsOf(device);
  if (groups === undefined) return () => 1;
  const list = listPools(device);
  return ({ index }) => {
    const group = groups[list[index]?.group ?? -1] as { readonly quota?: number } | undefined;
    return Math.max(1, Math.round(group?.quota ?? 1));
  };
}
