/** Where the versions of asicd lie on a machine; README.md has the picture. */
import { join } from "node:path";
import type { TreeName } from "../../src/update/boot-state.ts";

export interface SlotPaths {
  readonly home: string;
  readonly launcher: string;
  readonly boot: string;
  readonly versions: string;
  /** By version: the settings as they were before it. */
  readonly settings: string;
  /** In memory, and in a folder of root alone. */
  readonly lock: string;
  /** Keys that the operator trusts besides those of the installed version. */
  readonly keys: string;
  readonly sysupgrade: string;
  readonly uci: string;
  tree(name: TreeName): string;
  settingsBefore(name: TreeName): string;
}

/** `root` goes before every path: another system's folder, or a test's. */
export function slotPaths(root: string): SlotPaths {
  const home = `${root}/usr/lib/asicd`;
  const settings = join(home, "settings");
  return {
    home,
    settings,
    launcher: join(home, "launch"),
    boot: join(home, "boot"),
    versions: join(home, "versions"),
    lock: `${root}/var/run/asicd-update.lock`,
    keys: `${root}/etc/asicd/update-keys`,
    sysupgrade: `${root}/sbin/sysupgrade`,
    uci: `${root}/etc/config/asicd`,
    tree: (name) => join(home, name),
    settingsBefore: (name) => join(settings, name.replace(/^versions\//, "")),
  };
}
