/** What there is to say of the last trial. */
import type { UpdateVersions } from "../../update/update-view.ts";

export interface Became {
  readonly key: "update.returning" | "update.returned" | "update.settled";
  /** The one that it is said of. */
  readonly version: string;
  readonly reason: string;
}

/** `null`: there was none, or it is not over. */
export function whatBecame({
  returned,
  state,
  reason,
  current,
}: Pick<UpdateVersions, "returned" | "state" | "reason" | "current">): Became | null {
  if (returned !== null) {
    // The version that failed may still run, or the settings could not be put back.
    const key = state === "restoring" ? "update.returning" : "update.returned";
    return { key, version: returned.version, reason: returned.reason };
  }
  if (state !== "settled" || reason === "") return null;
  return { key: "update.settled", version: current.version, reason };
}
