/** The file that `asicd update` takes: header and signature before the archive of a tree. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { migrations } from "../../src/config/migrate.ts";
import { CONFIG_VERSION } from "../../src/config/schema.ts";
import { writeUpdateHeader } from "../../src/update/update-file.ts";
import { listFiles, sha256Hex } from "./manifest.ts";
import type { Tree } from "./tree.ts";

/** What the bundles are made for: `target` in options.mjs. */
const MINIMUM_NODE = "20.11.0";

/** Throws UpdateError for a manifest that no reader would take. */
export function makeUpdate(tree: Tree, archive: Uint8Array, secretKey: Uint8Array): Buffer {
  const header = writeUpdateHeader(
    {
      name: "asicd",
      version: tree.manifest.version,
      target: tree.target,
      bytes: archive.length,
      sha256: sha256Hex(archive),
      unpackedBytes: listFiles(tree.folder)
        .map((path) => readFileSync(join(tree.folder, path)).length)
        .reduce((sum, bytes) => sum + bytes, 0),
      configVersion: CONFIG_VERSION,
      minimumConfigVersion: migrations[0]?.from ?? CONFIG_VERSION,
      minimumNode: MINIMUM_NODE,
    },
    secretKey,
  );
  return Buffer.concat([header, archive]);
}
