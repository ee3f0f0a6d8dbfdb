/** Where the tree is unpacked. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const SYSTEM_CACHE = "/var/cache/asicd";

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
  readonly homedir: () => string;
  readonly exists: (path: string) => boolean;
}

/** Another content is another name, so that versions do not meet. */
export function folderName(version: string, treeSha256: string): string {
  return `asicd-${version}-${treeSha256.slice(0, 16)}`;
}

/** $ASICD_CACHE_DIR, else the system's for root and for whoever finds it there, else the user's own. */
export function chooseFolder(
  name: string,
  { environment, isRoot, homedir, exists }: Surroundings = thisProcess(),
): string {
  const given = environment["ASICD_CACHE_DIR"];
  if (given) return join(given, name);
  const system = join(SYSTEM_CACHE, name);
  if (isRoot || exists(system)) return system;
  return join(environment["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "asicd", name);
}

function thisProcess(): Surroundings {
  return {
    environment: process.env,
    isRoot: process.geteuid?.() === 0,
    homedir,
    exists: existsSync,
  };
}
