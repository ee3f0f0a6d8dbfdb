/** The file `boot` and what the launcher told this process: light enough to be asked by a program that mines. */
import { readFileSync, statSync } from "node:fs";
import {
  type BootState,
  formatBoot,
  isTreeName,
  MAX_BOOT_BYTES,
  parseBoot,
  type TreeName,
} from "../../src/update/boot-state.ts";
import { replaceFile, type SlotDisk } from "./slot-disk.ts";
import { type SlotPaths, slotPaths } from "./slot-paths.ts";

/** By which asicd asks its launcher, or whoever started that, to start it again: another version is wanted. */
export const START_AGAIN_EXIT_CODE = 75;

type Environment = Readonly<Record<string, string | undefined>>;

export interface Launched {
  readonly root: string;
  /** What the launcher started. */
  readonly tree: TreeName;
  readonly isOnTrial: boolean;
}

/** `undefined`: this process was started without a launcher. */
export function launchedBy(env: Environment): Launched | undefined {
  const tree = env["ASICD_LAUNCHED"];
  if (!isTreeName(tree)) return undefined;
  return { root: env["ASICD_ROOT"] ?? "", tree, isOnTrial: env["ASICD_TRIAL"] === "yes" };
}

/** Whether the next start would run another version than this one, or with other settings. */
export function isAnotherVersionWanted(env: Environment): boolean {
  const launched = launchedBy(env);
  if (launched === undefined) return false;
  const text = readBootText(slotPaths(launched.root));
  const boot = text === undefined ? undefined : parseBoot(text);
  return boot !== undefined && (boot.run !== launched.tree || boot.state === "restoring");
}

export function readBootText(paths: SlotPaths): string | undefined {
  const bytes = readBounded(paths.boot, MAX_BOOT_BYTES);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString("latin1");
}

/** The old file or the new one is there at any moment. Throws the system's error. */
export function writeBoot(disk: SlotDisk, paths: SlotPaths, boot: BootState): void {
  replaceFile(disk, paths.boot, new TextEncoder().encode(formatBoot(boot)), 0o644);
}

/** `undefined` for what is not there, no file or too large. */
export function readBounded(file: string, maxBytes: number): Uint8Array | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile() !== true || found.size > maxBytes) return undefined;
  return readFileSync(file);
}
