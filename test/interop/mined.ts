/** What is the same wherever our device mines on a server of the reference implementation for half a minute. */
import { waitFor } from "./children.ts";
import type { Device } from "./device.ts";
import type { SriCounts } from "./sri-log.ts";

export const SHARES_WANTED = 60;
/** Of new blocks, and of fee-bump templates. */
export const CHANGES_WANTED = 2;
/** Most of it is the machine's start; a slow host hashes less and needs more time for a block. */
const WITHIN_MS = 90_000;

/** What the server told its miners since the first share. */
export interface Followed {
  readonly newBlocks: number;
  readonly feeBumps: number;
}

/** Waits until the device has mined enough for the rows, or the time is over. */
export async function mineAWhile(device: Device, counts: SriCounts): Promise<Followed> {
  await waitFor(() => counts.accepted > 0, WITHIN_MS, device.child);
  // What came before the first share has not been followed by anybody.
  const before = { newBlocks: counts.newBlocks, feeBumps: counts.feeBumps };
  const followed = () => ({
    newBlocks: counts.newBlocks - before.newBlocks,
    feeBumps: counts.feeBumps - before.feeBumps,
  });
  await waitFor(
    () =>
      counts.accepted >= SHARES_WANTED && counts.blocksFound > 0 && hasFollowedEnough(followed()),
    WITHIN_MS,
    device.child,
  );
  return followed();
}

export function hasFollowedEnough({ newBlocks, feeBumps }: Followed): boolean {
  return newBlocks >= CHANGES_WANTED && feeBumps >= CHANGES_WANTED;
}
