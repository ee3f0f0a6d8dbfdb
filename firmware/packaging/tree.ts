/** One version for one target as a folder: what a machine runs, what archives and executables are made of. */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Target } from "../../src/update/update-file.ts";
import { type Bundles, buildBundles } from "./bundles.ts";
import { licenseTexts } from "./licenses.ts";
import {
  formatManifest,
  listFiles,
  MANIFEST_NAME,
  makeManifest,
  type TreeManifest,
} from "./manifest.ts";
import { addOns, compileAddOn, ensureCompiler } from "./native-add-ons.ts";
import { fetchPackage } from "./npm-package.ts";
import { findRepository, type Repository } from "./repository.ts";
import { runProgram, type Say } from "./run-program.ts";
import { packageFolder, runtimeFiles, runtimePackages } from "./runtime-packages.ts";
import { loadSigningKey } from "./signing-key.ts";
import { type TargetFacts, targets } from "./targets.ts";

export interface TreeOptions {
  readonly target: Target;
  /** Becomes the tree; what is there goes. */
  readonly outdir: string;
  readonly say?: Say;
  readonly repository?: Repository;
  /** Where they were built before for another target. */
  readonly bundles?: Bundles;
  /** Text of release.pub; without it that of the throw-away key. */
  readonly releaseKey?: string;
  /** Headers of the Node that will run it (its include/node); else those of the target's Node on npm. */
  readonly headers?: string;
}

export interface Tree {
  readonly target: Target;
  readonly folder: string;
  readonly manifest: TreeManifest;
  /** Keys of the lock file: in the bundles or as folders. */
  readonly packages: readonly string[];
}

/** Throws Error with what failed: a compiler, npm, the build. */
export async function buildTree(options: TreeOptions): Promise<Tree> {
  const { target } = options;
  const outdir = resolve(options.outdir);
  const say = options.say ?? ((text) => process.stderr.write(`${text}\n`));
  const repository = options.repository ?? findRepository(say);
  const facts = targets[target];
  const work = mkdtempSync(join(tmpdir(), "asicd-tree-"));
  try {
    const bundles = options.bundles ?? (await buildBundles(repository, work));
    const packages = runtimePackages(repository.lock, facts);
    rmSync(outdir, { recursive: true, force: true });
    mkdirSync(outdir, { recursive: true });
    cpSync(bundles.folder, outdir, { recursive: true });
    for (const key of packages) copyPackage(repository, facts, key, outdir, say);
    copyAddOns(repository, facts, outdir, options.headers, say);
    const all = [...new Set([...bundles.packages, ...packages])].sort();
    write(outdir, "package.json", packageJson(repository));
    write(outdir, "LICENSE", readFileSync(join(repository.root, "LICENSE"), "utf8"));
    write(outdir, "LICENSES.txt", licenseTexts(repository, facts, all, say));
    write(outdir, "node-options", NODE_OPTIONS);
    write(outdir, "release.pub", options.releaseKey ?? loadSigningKey(undefined, say).publicText);
    const manifest = makeManifest(outdir, repository.version, target);
    write(outdir, MANIFEST_NAME, formatManifest(manifest));
    setModes(outdir);
    return { target, folder: outdir, manifest, packages: all };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function copyPackage(
  repository: Repository,
  facts: TargetFacts,
  key: string,
  outdir: string,
  say: Say,
): void {
  const from = packageFolder(repository, facts, key, say);
  for (const path of runtimeFiles(from)) copy(join(from, path), join(outdir, key, path));
}

function copyAddOns(
  repository: Repository,
  facts: TargetFacts,
  outdir: string,
  givenHeaders: string | undefined,
  say: Say,
): void {
  const { root } = repository;
  ensureCompiler(facts, say);
  const headers = givenHeaders ?? join(fetchPackage(facts.node, say), "include/node");
  for (const [key, { binary }] of Object.entries(addOns))
    compileAddOn(root, facts, key, headers, join(outdir, key, binary));

  const bindings = "node_modules/@serialport/bindings-cpp/prebuilds";
  const koffi = `node_modules/${facts.koffiPackage}`;
  const koffiFolder = packageFolder(repository, facts, koffi, say);
  const prebuilt = [
    ...facts.serialportPrebuilds.map((path) => [join(root, bindings, path), `${bindings}/${path}`]),
    ...listFiles(koffiFolder)
      .filter((path) => path.endsWith(".node"))
      .map((path) => [join(koffiFolder, path), `${koffi}/${path}`]),
  ];
  for (const [from = "", to = ""] of prebuilt) {
    copy(from, join(outdir, to));
    runProgram(`${facts.toolPrefix}strip`, ["--strip-unneeded", join(outdir, to)]);
  }
}

/** Whatever the umask is, which archives and executables would repeat. */
function setModes(outdir: string): void {
  chmodSync(outdir, 0o755);
  for (const entry of readdirSync(outdir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() || path === join(outdir, "asicd.js") ? 0o755 : 0o644);
  }
}

/** For the launcher: what the first process cannot give to itself (firmware/process-memory.ts). */
const NODE_OPTIONS = "--v8-pool-size=1\n";

function packageJson({ version, license }: Repository): string {
  const description = { name: "asicd", version, license, private: true, type: "module" };
  return `${JSON.stringify(description, null, 2)}\n`;
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function write(outdir: string, name: string, text: string): void {
  writeFileSync(join(outdir, name), text);
}
