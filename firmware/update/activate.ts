/**
 * Says which version is to run from the next start on. Before that, the settings are put aside as they are now, for the day
 * on which the version goes back: launch.sh restores them, as a version that cannot even start cannot do it.
 */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import Type from "typebox";
import { Check } from "typebox/value";
import {
  type BootState,
  bootForReturn,
  bootForTrial,
  bootSettled,
  type TreeName,
} from "../../src/update/boot-state.ts";
import type { BeforeUpdate } from "../../src/update/health.ts";
import { UpdateError } from "../../src/update/update-error.ts";
import { writeBoot } from "./boot-file.ts";
import { type SlotDisk, writeWhole } from "./slot-disk.ts";
import type { SlotPaths } from "./slot-paths.ts";
import { isSound, type Slots } from "./slots.ts";
import { isStaged } from "./stage.ts";

/** Beside the settings: how the machine did. */
const BEFORE_FILE = "before.json";
const FOR_OWNER = 0o700;

const indexes = Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), { maxItems: 256 });
const beforeSchema = Type.Object({
  refused: Type.Boolean(),
  hashing: indexes,
  latched: indexes,
  withoutPool: Type.Boolean(),
  paused: Type.Optional(Type.Boolean()),
  hasPools: Type.Optional(Type.Boolean()),
});

export interface Activation {
  readonly name: TreeName;
  /** The file that `asicd run` was given. */
  readonly configFile: string;
  readonly before: BeforeUpdate | null;
}

/** Throws UpdateError; whatever happens in between, the next start finds a version and its settings. */
export function activate(
  { name, configFile, before }: Activation,
  slots: Slots,
  disk: SlotDisk,
): void {
  const { paths, boot, current } = slots;
  if (boot.state === "trial" || boot.state === "restoring") throw onTrial(boot);
  if (!isStaged(paths, name) || name === current.name)
    throw new UpdateError("wrong-version", {
      path: name,
      problem: "is no version that waits here to be taken into use",
      allowed: "what asicd update --status shows as staged",
    });
  keepSettings(paths, name, settingsFiles(paths, configFile), before, disk);
  writeBoot(disk, paths, bootForTrial({ ...boot, run: current.name }, name));
}

/** By hand, also after it had settled. Throws UpdateError when there is nothing to go back to. */
export function goBack({ paths, boot, current }: Slots, reason: string, disk: SlotDisk): void {
  if (boot.state === "restoring") throw onTrial(boot);
  if (boot.state === "returned" || boot.previous === boot.run)
    throw new UpdateError("wrong-version", {
      path: "update --return",
      problem: `there is no version before ${current.version} to go back to`,
    });
  if (!isSound(paths, boot.previous))
    throw new UpdateError("wrong-version", {
      path: "update --return",
      problem: `${boot.previous} is not there any more, or damaged`,
    });
  writeBoot(disk, paths, bootForReturn(boot, reason));
}

/** The version on trial stays, whoever says so. Throws UpdateError when none is. */
export function settle({ paths, boot }: Slots, reason: string, disk: SlotDisk): void {
  if (boot.state !== "trial")
    throw new UpdateError("wrong-version", { path: "update", problem: "no version is on trial" });
  writeBoot(disk, paths, bootSettled(boot, reason));
}

/** As the version before `name` left the machine; null where nobody wrote it down. */
export function readBefore(paths: SlotPaths, name: TreeName): BeforeUpdate | null {
  try {
    const value: unknown = JSON.parse(
      readFileSync(join(paths.settingsBefore(name), BEFORE_FILE), "utf8"),
    );
    return Check(beforeSchema, value) ? value : null;
  } catch {
    return null;
  }
}

/** What asicd keeps of its settings (firmware/config-store.ts, config-uci.ts), and what OpenWrt does. */
function settingsFiles(paths: SlotPaths, configFile: string): string[] {
  const file = realPath(configFile);
  return [file, `${file}.last-good`, `${file}.kept`, `${file}.uci`, realPath(paths.uci)];
}

/** N has the content of the file whose path is in N.path; where there is no N, there was no such file. */
function keepSettings(
  paths: SlotPaths,
  name: TreeName,
  files: readonly string[],
  before: BeforeUpdate | null,
  disk: SlotDisk,
): void {
  const folder = paths.settingsBefore(name);
  const part = `${folder}.part`;
  disk.remove(part);
  disk.makeFolder(part, FOR_OWNER);
  const put = (file: string, text: string) =>
    writeWhole(disk, join(part, file), new TextEncoder().encode(text), 0o600);
  for (const [index, file] of files.entries()) {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.isFile() === true)
      writeWhole(disk, join(part, `${index}`), readFileSync(file), found.mode & 0o777, found);
    put(`${index}.path`, `${file}\n`);
  }
  put(BEFORE_FILE, `${JSON.stringify(before)}\n`);
  disk.syncFolder(part);
  disk.remove(folder);
  disk.rename(part, folder);
  disk.syncFolder(paths.settings);
  disk.syncFolder(paths.home);
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function onTrial({ run, state }: BootState): UpdateError {
  return new UpdateError("busy", {
    path: "update",
    problem: `${run} ${state === "trial" ? "is on trial" : "waits for its settings"}`,
    allowed: "wait until it has settled, or asicd update --return",
  });
}
