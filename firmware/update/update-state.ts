/** What `asicd update --status`, API and page show of the versions on this machine. */
import { isUntoldReturn, type TreeName } from "../../src/update/boot-state.ts";
import type { UpdateVersions } from "../../src/update/update-view.ts";
import { readTreeManifest, type Slots, stagedTrees } from "./slots.ts";

export function updateVersions({ paths, boot, current }: Slots): UpdateVersions {
  const versionOf = (name: TreeName) =>
    readTreeManifest(paths.tree(name))?.version ?? (name === "base" ? "?" : fromName(name));
  const hasReturned = boot.state === "returned" || boot.state === "restoring";
  const staged = stagedTrees(paths).find(
    ({ name }) => name !== current.name && name !== boot.run && name !== boot.previous,
  );
  return {
    current: { name: current.name, version: current.version },
    target: current.target,
    state: boot.state,
    previous:
      boot.previous === boot.run || hasReturned
        ? null
        : { name: boot.previous, version: versionOf(boot.previous) },
    staged: staged === undefined ? null : { name: staged.name, version: staged.version },
    returned: hasReturned
      ? {
          name: boot.previous,
          version: versionOf(boot.previous),
          reason: boot.reason,
          isNew: isUntoldReturn(boot),
        }
      : null,
    reason: boot.reason,
  };
}

/** Its files may be gone; the name says enough. */
function fromName(name: TreeName): string {
  return name.replace(/^versions\//, "").replace(/-[0-9a-f]{8}$/, "");
}
