/** Whether this machine takes an update at all: who signed it, for which machine, newer than what runs. */
import type { TreeName } from "../../src/update/boot-state.ts";
import { treeName } from "../../src/update/boot-state.ts";
import { UpdateError } from "../../src/update/update-error.ts";
import {
  checkSignature,
  type UpdateHeader,
  type UpdateManifest,
} from "../../src/update/update-file.ts";
import { compareVersions } from "../../src/update/version.ts";
import { type Slots, trustedKeys } from "./slots.ts";

export interface AcceptOptions {
  /** The same or an older version is wanted. */
  readonly allowDowngrade: boolean;
  /** Of Node that will run it. */
  readonly nodeVersion: string;
  /** Version of the settings in force; `undefined` where there are none. */
  readonly configVersion: number | undefined;
}

/** Throws UpdateError; what it returns is the name that the version gets. */
export function acceptUpdate(header: UpdateHeader, slots: Slots, options: AcceptOptions): TreeName {
  const { paths, current } = slots;
  checkSignature(header, trustedKeys(paths, current.name));
  const { manifest } = header;
  const name = treeName(manifest.version, manifest.sha256);
  checkTarget(manifest, slots);
  checkVersion(manifest, slots, name, options.allowDowngrade);
  if (compareVersions(options.nodeVersion, manifest.minimumNode) < 0)
    throw new UpdateError("old-node", {
      path: "update file",
      problem: `needs Node ${manifest.minimumNode}, and this machine has ${options.nodeVersion}`,
      allowed: "an update for this Node, or an image with a newer one",
    });
  checkSettings(manifest, options.configVersion);
  return name;
}

function checkTarget({ target }: UpdateManifest, { current }: Slots): void {
  if (target !== current.target)
    throw new UpdateError("wrong-target", {
      path: "update file",
      problem: `is for ${target}`,
      allowed: `this machine runs asicd for ${current.target}`,
    });
}

function checkVersion(
  { version }: UpdateManifest,
  { current, boot }: Slots,
  name: TreeName,
  allowDowngrade: boolean,
): void {
  if (boot.state === "trial" || boot.state === "restoring")
    throw new UpdateError("busy", {
      path: "update",
      problem: `${boot.run} ${boot.state === "trial" ? "is on trial" : "waits for its settings"}`,
      allowed: "wait until it has settled, or asicd update --return",
    });
  if (name === current.name)
    throw new UpdateError("wrong-version", {
      path: "update file",
      problem: `is exactly what runs here (${name})`,
    });
  if (!allowDowngrade && compareVersions(version, current.version) <= 0)
    throw new UpdateError("wrong-version", {
      path: "update file",
      problem: `has version ${version}, which is not newer than ${current.version}`,
      allowed: "a newer version, or --allow-downgrade",
    });
}

function checkSettings(
  { configVersion, minimumConfigVersion }: UpdateManifest,
  settings: number | undefined,
): void {
  if (settings === undefined) return;
  if (settings < minimumConfigVersion || settings > configVersion)
    throw new UpdateError("settings", {
      path: "update file",
      problem: `takes settings of version ${minimumConfigVersion} to ${configVersion}, and yours have ${settings}`,
      allowed: "an update in between, or settings of such a version",
    });
}
