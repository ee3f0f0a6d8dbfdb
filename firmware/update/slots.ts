/** What lies in the slots of a machine: versions, which of them runs, and whose updates it takes. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import Type from "typebox";
import { Check } from "typebox/value";
import {
  type BootState,
  chooseTree,
  FRESH_BOOT,
  isTreeName,
  parseBoot,
  type TreeName,
} from "../../src/update/boot-state.ts";
import { parseKey } from "../../src/update/release-key.ts";
import { UpdateError } from "../../src/update/update-error.ts";
import { TARGETS, type Target } from "../../src/update/update-file.ts";
import { isVersion } from "../../src/update/version.ts";
import { readBootText, readBounded } from "./boot-file.ts";
import { type SlotPaths, slotPaths } from "./slot-paths.ts";

export const TREE_MANIFEST = "manifest.json";
export const TREE_PROGRAM = "asicd.js";
const RELEASE_KEY = "release.pub";
const MAX_MANIFEST_BYTES = 1_048_576;
const MAX_KEY_BYTES = 4_096;
const MAX_KEYS = 16;

/** As the packaging writes it. */
const treeManifest = Type.Object({
  format: Type.Literal(1),
  name: Type.Literal("asicd"),
  version: Type.String({ maxLength: 64 }),
  target: Type.Enum(TARGETS),
  files: Type.Record(Type.String(), Type.String({ pattern: "^[0-9a-f]{64}$" })),
});

export interface TreeManifest {
  readonly version: string;
  readonly target: Target;
  /** SHA-256 by path, of all files but the manifest. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Tree {
  readonly name: TreeName;
  readonly version: string;
  readonly target: Target;
}

export interface Slots {
  readonly paths: SlotPaths;
  /** As the file says; the package's version where it says nothing. */
  readonly boot: BootState;
  /** What runs now, or would be run. */
  readonly current: Tree;
}

/** Throws UpdateError on a machine where asicd was not installed with slots. */
export function readSlots(root: string): Slots {
  const paths = slotPaths(root);
  const text = readBootText(paths);
  const { run } = chooseTree(text, (name) => isSound(paths, name));
  const manifest = readTreeManifest(paths.tree(run));
  if (!existsSync(paths.launcher) || manifest === undefined)
    throw new UpdateError("no-slots", {
      path: paths.home,
      problem: "asicd was not installed in a way that it can update itself",
      allowed:
        "the OpenWrt package, or the archive with its launcher; see firmware/update/README.md",
    });
  const { version, target } = manifest;
  return {
    paths,
    boot: (text === undefined ? undefined : parseBoot(text)) ?? FRESH_BOOT,
    current: { name: run, version, target },
  };
}

/** Versions that updates brought; what is not sound is left out. */
export function stagedTrees(paths: SlotPaths): Tree[] {
  return namesIn(paths.versions).flatMap((name) => {
    const tree = `versions/${name}`;
    if (!isTreeName(tree) || !isSound(paths, tree)) return [];
    const manifest = readTreeManifest(paths.tree(tree));
    return manifest === undefined
      ? []
      : [{ name: tree, version: manifest.version, target: manifest.target }];
  });
}

/** As launch.sh sees it: names come into a folder only when all of it is written. */
export function isSound(paths: SlotPaths, name: TreeName): boolean {
  return [TREE_PROGRAM, TREE_MANIFEST].every((file) => {
    const found = statSync(join(paths.tree(name), file), { throwIfNoEntry: false });
    return found?.isFile() === true && found.size > 0;
  });
}

export function readTreeManifest(folder: string): TreeManifest | undefined {
  return parseTreeManifest(readBounded(join(folder, TREE_MANIFEST), MAX_MANIFEST_BYTES));
}

export function parseTreeManifest(bytes: Uint8Array | undefined): TreeManifest | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return Check(treeManifest, value) && isVersion(value.version) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keys whose updates `tree` takes, with where each was found. Throws UpdateError for a file that is no key. */
export function trustedKeys(paths: SlotPaths, tree: TreeName): Uint8Array[] {
  const added = namesIn(paths.keys)
    .filter((name) => name.endsWith(".pub"))
    .sort()
    .slice(0, MAX_KEYS)
    .map((name) => join(paths.keys, name));
  return [join(paths.tree(tree), RELEASE_KEY), ...added].flatMap((file) => {
    const bytes = readBounded(file, MAX_KEY_BYTES);
    return bytes === undefined ? [] : [parseKey(new TextDecoder().decode(bytes), file)];
  });
}

export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
