/** Packages that go into a tree as folders: the native add-ons, which no bundle can hold, and the JavaScript around them. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fetchPackage } from "./npm-package.ts";
import type { Lock, Repository } from "./repository.ts";
import type { Say } from "./run-program.ts";
import type { TargetFacts } from "./targets.ts";

/** What drivers/linux imports when it is first needed: the `external` of options.mjs. */
const ROOTS = ["serialport", "i2c-bus", "onoff", "koffi"];

/** Named as dependencies, used only by compilers. */
const BUILD_ONLY = new Set(["nan", "node-addon-api"]);

/** Folders of packages that no program reads: sources, tests, and binaries of other machines. */
const LEFT_OUT = new Set(
  "build doc docs example examples integration-test node_modules prebuilds test tests vendor".split(
    " ",
  ),
);

/** Keys of the lock file ("node_modules/ms"), sorted. Throws Error for what is not installed. */
export function runtimePackages(lock: Lock, { koffiPackage }: TargetFacts): string[] {
  const found = new Set<string>();
  const visit = (from: string, name: string) => {
    if (BUILD_ONLY.has(name)) return;
    const key = resolveKey(lock, from, name);
    if (found.has(key)) return;
    found.add(key);
    for (const dependency of Object.keys(lock.packages[key]?.dependencies ?? {}))
      visit(key, dependency);
  };
  for (const name of [...ROOTS, koffiPackage]) visit("", name);
  return [...found].sort();
}

/** As Node looks for a package: in the folder's own node_modules, then further out. */
function resolveKey(lock: Lock, from: string, name: string): string {
  for (let folder = from; ; ) {
    const key = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
    if (lock.packages[key] !== undefined) return key;
    if (folder === "") throw new Error(`package-lock.json: no ${name} for ${from || "asicd"}`);
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")));
  }
}

/** Where the files of a package are: installed, or fetched when it is for another machine. */
export function packageFolder(
  { root, lock }: Repository,
  { koffiPackage }: TargetFacts,
  key: string,
  say: Say,
): string {
  const installed = join(root, key);
  const locked = lock.packages[key];
  if (existsSync(installed) || key !== `node_modules/${koffiPackage}`) return installed;
  return fetchPackage(
    {
      name: koffiPackage,
      version: locked?.version ?? "",
      integrity: locked?.integrity ?? "",
    },
    say,
  );
}

/** Paths inside of the package that a program may read, sorted. Add-ons come from elsewhere. */
export function runtimeFiles(folder: string): string[] {
  if (!existsSync(folder)) throw new Error(`${folder}: not installed; "npm ci" does`);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isForRuntime(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter(
      (path) =>
        !path
          .split("/")
          .slice(0, -1)
          .some((part) => LEFT_OUT.has(part)),
    )
    .sort();
}

function isForRuntime(name: string): boolean {
  if (/^licen[cs]e/i.test(name)) return true;
  // cnoke and trampolines are koffi's own build.
  if (name === "cnoke.cjs" || name === "trampolines.cjs") return false;
  return /\.(js|cjs|mjs|json)$/.test(name) && !/^(tsconfig|\.)/.test(name);
}
