/** Packages that npm does not install here, being for another machine: fetched at a pinned hash into a cache outside the clone. */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { runProgram, type Say } from "./run-program.ts";

export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  /** As in package-lock.json: "sha512-…". */
  readonly integrity: string;
}

export function packagingCache(): string {
  const folder =
    process.env["ASICD_PACKAGING_CACHE"] ??
    join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "asicd/packaging");
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The folder with the unpacked package. Throws Error when it cannot be had, or is not the pinned one. */
export function fetchPackage(wanted: PinnedPackage, say: Say): string {
  const cache = packagingCache();
  const folder = join(cache, `${wanted.name.replace("/", "+")}-${wanted.version}`);
  if (existsSync(folder)) return folder;
  const specifier = `${wanted.name}@${wanted.version}`;
  say(`fetching ${specifier} from npm`);
  const work = mkdtempSync(join(cache, "fetch-"));
  try {
    runProgram("npm", ["pack", "--silent", specifier, "--pack-destination", work], { cwd: work });
    const tarball = join(work, readdirSync(work)[0] ?? "");
    const found = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`;
    if (found !== wanted.integrity)
      throw new Error(`${specifier}: has the hash ${found}; pinned is ${wanted.integrity}`);
    runProgram("tar", ["-xzf", tarball, "-C", work, "--no-same-owner"]);
    if (!existsSync(folder)) renameSync(join(work, "package"), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}
