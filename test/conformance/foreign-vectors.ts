/**
 * Vectors of other projects are read where they lie and are no part of this repository: in the folder that
 * ASICD_FOREIGN_VECTORS names, or else beside it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const roots = [
  process.env["ASICD_FOREIGN_VECTORS"] ?? "",
  fileURLToPath(new URL("../../../shared/vectors/foreign", import.meta.url)),
];

/** The first root that holds all of these files. */
export function foreignFiles(names: readonly string[]): string | undefined {
  return roots.find((root) => root !== "" && names.every((name) => existsSync(join(root, name))));
}

/** A folder among them. */
export function foreignFolder(name: string): string | undefined {
  const root = foreignFiles([name]);
  return root === undefined ? undefined : join(root, name);
}
