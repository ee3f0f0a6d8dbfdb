/** Who may do what on an interface that knows no password: by the caller's address alone. */
import { NetworkList } from "../../lib/network-list.ts";

export type Access = "none" | "read" | "write";

/** Lists as `compat.cgminer.read` and `.write`; who may write may read. */
export function accessOf(
  address: string,
  lists: { readonly read: readonly string[]; readonly write: readonly string[] },
): Access {
  if (new NetworkList(lists.write).has(address)) return "write";
  return new NetworkList(lists.read).has(address) ? "read" : "none";
}
