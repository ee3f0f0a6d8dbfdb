/** One file that is Node, a loader and a tree: Node's own SEA holds the loader, the tree lies behind the end. README.md says why. */
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { foreignCommand } from "./foreign-command.ts";
import { packPayload } from "./loader/payload.ts";
import { formatManifest, listFiles, sha256Hex } from "./manifest.ts";
import type { NodeBinary } from "./node-binary.ts";
import type { Repository } from "./repository.ts";
import { runProgram, type Say } from "./run-program.ts";
import { targets } from "./targets.ts";
import type { Tree } from "./tree.ts";

/** Node's documentation, "Single executable applications". */
const SENTINEL_FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

const BLOB = "loader.blob";

/** Throws Error for a Node that cannot hold a program. */
export async function makeSingleFile(
  repository: Repository,
  tree: Tree,
  node: NodeBinary,
  outfile: string,
  say: Say,
): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "asicd-single-file-"));
  try {
    await bundleLoader(repository, tree, join(work, "loader.cjs"));
    makeBlob(tree, node, work, say);
    const executable = join(work, "asicd");
    copyFileSync(node.path, executable);
    chmodSync(executable, 0o755);
    // 13 MB of names that only a debugger of Node reads.
    runProgram(`${targets[tree.target].toolPrefix}strip`, [executable]);
    injectBlob(repository, executable, work);
    appendFileSync(executable, packPayload(packedFiles(tree)));
    copyFileSync(executable, outfile);
    chmodSync(outfile, 0o755);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function bundleLoader(
  { root, version }: Repository,
  tree: Tree,
  outfile: string,
): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ["firmware/packaging/loader/main.ts"],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20.11",
    format: "cjs",
    define: {
      "process.env.ASICD_VERSION": JSON.stringify(version),
      "process.env.ASICD_IMPORT_SOURCE": JSON.stringify(
        readFileSync(join(root, "firmware/packaging/loader/import.cjs"), "utf8"),
      ),
      "process.env.ASICD_TREE_SHA256": JSON.stringify(
        sha256Hex(Buffer.from(formatManifest(tree.manifest))),
      ),
    },
    logLevel: "warning",
  });
}

/** By the Node that will read it: the blob's lengths are as wide as its words, and its form changes between versions. */
function makeBlob(tree: Tree, node: NodeBinary, work: string, say: Say): void {
  // Relative names: the blob repeats them.
  const config = {
    main: "loader.cjs",
    output: BLOB,
    disableExperimentalSEAWarning: true,
    useCodeCache: false,
  };
  writeFileSync(join(work, "sea.json"), JSON.stringify(config));
  const [command = node.path, ...args] = [
    ...foreignCommand(tree.target, say),
    node.path,
    "--experimental-sea-config",
    "sea.json",
  ];
  runProgram(command, args, { cwd: work });
}

/** In a process of its own: its library writes of sections without names, which it handles. */
function injectBlob({ root }: Repository, executable: string, work: string): void {
  runProgram(process.execPath, [
    join(root, "node_modules/postject/dist/cli.js"),
    ...[executable, "NODE_SEA_BLOB", join(work, BLOB), "--sentinel-fuse", SENTINEL_FUSE],
  ]);
}

function packedFiles(tree: Tree) {
  return listFiles(tree.folder).map((path) => {
    const file = join(tree.folder, path);
    return { path, mode: statSync(file).mode & 0o777, bytes: readFileSync(file) };
  });
}
