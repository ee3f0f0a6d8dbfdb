/** manifest.json of a tree: what is in it, so that whoever has it can tell whether all of it is there and unchanged. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "../../src/update/update-file.ts";

export const MANIFEST_NAME = "manifest.json";

export interface TreeManifest {
  readonly format: 1;
  readonly name: "asicd";
  readonly version: string;
  readonly target: Target;
  /** SHA-256 in hex by path, of all files but the manifest. */
  readonly files: Readonly<Record<string, string>>;
}

/** Of what lies in `folder`, in the order of the paths' bytes. */
export function makeManifest(folder: string, version: string, target: Target): TreeManifest {
  const paths = listFiles(folder).filter((path) => path !== MANIFEST_NAME);
  const files = Object.fromEntries(
    paths.map((path) => [path, sha256Hex(readFileSync(join(folder, path)))]),
  );
  return { format: 1, name: "asicd", version, target, files };
}

export function formatManifest(manifest: TreeManifest): string {
  return `${JSON.stringify(manifest, null, 1)}\n`;
}

/** Relative paths of all files, sorted by code unit whatever the locale. */
export function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
