/** The clone that is packaged: where it is, its version, its time, its lock file. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runProgram, type Say } from "./run-program.ts";

export interface Repository {
  readonly root: string;
  readonly version: string;
  readonly license: string;
  /** SOURCE_DATE_EPOCH (reproducible-builds.org), else the time of the last commit. */
  readonly unixSeconds: number;
  readonly lock: Lock;
}

/** package-lock.json, version 3, as far as it is used. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

export interface LockedPackage {
  readonly version: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Found from a program in dist/ or from the sources. Throws Error outside of a clone. */
export function findRepository(say: Say): Repository {
  const root = findRoot(import.meta.dirname);
  const { version, license } = readJson(join(root, "package.json")) as {
    version: string;
    license: string;
  };
  const lock = readJson(join(root, "package-lock.json")) as Lock;
  return { root, version, license, lock, unixSeconds: sourceTime(root, say) };
}

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package-lock.json")) && existsSync(join(folder, "boards")))
      return folder;
    if (folder === dirname(folder)) throw new Error(`no clone of asicd around ${from}`);
  }
}

function sourceTime(root: string, say: Say): number {
  const given = Number(process.env["SOURCE_DATE_EPOCH"]);
  if (Number.isSafeInteger(given) && given > 0) return given;
  try {
    return Number(runProgram("git", ["log", "-1", "--format=%ct"], { cwd: root }).toString());
  } catch {
    say("no git history and no SOURCE_DATE_EPOCH: the time of this build goes into the bundles");
    return Math.floor(Date.now() / 1_000);
  }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
