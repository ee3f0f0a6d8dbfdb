/**
 * What a single-file executable begins with: unpacks the tree that is appended to it, once, and runs a program from there.
 * Child processes are the same executable with the path of another program of the tree as first argument, which is how
 * `fork` starts them.
 */
import { Module } from "node:module";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { checkTree } from "./check-tree.ts";
import { chooseFolder, folderName } from "./choose-folder.ts";
import { adoptFlags, forkWithFlags } from "./node-flags.ts";
import { markInUse, markTime, pruneCache } from "./prune.ts";
import { unpackInto } from "./unpack.ts";

/** Of manifest.json of the tree inside, which vouches for all other files. */
const treeSha256 = process.env["ASICD_TREE_SHA256"] ?? "";
const version = process.env["ASICD_VERSION"] ?? "";

/** import.cjs as text. */
const importSource = process.env["ASICD_IMPORT_SOURCE"] ?? "";

const MAIN_PROGRAM = "asicd.js";
const DAY_MS = 86_400_000;

try {
  adoptFlags();
  const args = process.argv.slice(2);
  const name = folderName(version, treeSha256);
  const program = programOf(args[0], name);
  const folder = program === undefined ? ready(name) : checked(dirname(program));
  const path = program ?? join(folder, MAIN_PROGRAM);
  process.argv = [process.execPath, path, ...args.slice(program === undefined ? 0 : 1)];
  forkWithFlags();
  run(path);
} catch (error) {
  fail(error);
}

/** The path, where it is a program of this very tree. */
function programOf(argument: string | undefined, name: string): string | undefined {
  const isProgram = argument?.endsWith(".js") && basename(dirname(argument)) === name;
  return isProgram ? argument : undefined;
}

/** The folder with the tree as it was packed. Throws Error. */
function ready(name: string): string {
  const folder = chooseFolder(name);
  // Before the check: whoever clears up meanwhile sees it.
  markInUse(folder);
  // For whoever shares the folder and does not see this process. Keeps no program from its end.
  setInterval(() => markTime(folder), DAY_MS).unref();
  const problem = checkTree(folder, treeSha256);
  if (problem === undefined) return folder;
  if (problem.kind === "unsafe") throw new Error(problem.text);
  if (problem.kind === "damaged") process.stderr.write(`asicd: ${problem.text}; unpacking again\n`);
  // Somebody may have made the folder since: then it is looked at after unpacking, and nothing is removed there.
  if (problem.kind !== "nowhere") pruneCache(dirname(folder), name);
  unpackInto(folder, process.execPath);
  markInUse(folder);
  return checked(folder);
}

function checked(folder: string): string {
  const problem = checkTree(folder, treeSha256);
  if (problem !== undefined) throw new Error(problem.text);
  return folder;
}

/** The program that is embedded in an executable cannot import files, a module that seems to lie in a folder can. */
function run(path: string): void {
  const file = join(dirname(path), "import.cjs");
  const module = new Module(file) as Module & { _compile(code: string, filename: string): void };
  module._compile(importSource, file);
  const load = module.exports as (url: string) => Promise<unknown>;
  load(pathToFileURL(path).href).catch(fail);
}

function fail(error: unknown): void {
  process.stderr.write(`asicd: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
