/** Whether an unpacked tree is what was packed, and nobody else can change it between this check and its use. */
import { createHash } from "node:crypto";
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";

export type TreeProblem =
  | { readonly kind: "absent"; readonly text: string }
  /** Not even the folder that it would lie in is there: nobody has looked whose that will be. */
  | { readonly kind: "nowhere"; readonly text: string }
  /** Ours, but not as it was packed: power was lost while it was written, or the medium is bad. */
  | { readonly kind: "damaged"; readonly text: string }
  /** Somebody else can write to it. */
  | { readonly kind: "unsafe"; readonly text: string };

const MANIFEST = "manifest.json";
const OTHERS_MAY_WRITE = 0o022;
const STICKY = 0o1000;
const HOW_TO = "remove it, or set ASICD_CACHE_DIR to a folder that only you can write to";

/** `undefined`: all is well. `treeSha256` is that of its manifest.json; `uid` is whose process this is. */
export function checkTree(
  folder: string,
  treeSha256: string,
  uid: number = process.geteuid?.() ?? 0,
): TreeProblem | undefined {
  return (
    check(folder, "nowhere", () => foldersAbove(folder, uid)) ??
    check(folder, "absent", () => entriesInside(folder, uid) ?? contents(folder, treeSha256))
  );
}

/** `missing`: what it means that something is not there. */
function check(
  folder: string,
  missing: "nowhere" | "absent",
  look: () => TreeProblem | undefined,
): TreeProblem | undefined {
  try {
    return look();
  } catch (error) {
    const text = `${folder}: ${error instanceof Error ? error.message : error}`;
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    return { kind: isMissing ? missing : "unsafe", text };
  }
}

/**
 * As sshd asks of the folders above a file that it trusts: who can rename one of them can replace the tree. A sticky one
 * keeps others from that, but not from adding to it; root takes no such risk. And Node looks for a module that the tree does
 * not have (supports-color, bufferutil) in node_modules of every folder above.
 */
function foldersAbove(folder: string, uid: number): TreeProblem | undefined {
  for (let path = realpathSync(dirname(folder)); ; path = dirname(path)) {
    const { uid: owner, mode } = lstatSync(path);
    if (owner !== 0 && owner !== uid)
      return unsafe(path, `belongs to user ${owner}, who could replace ${folder}`);
    const isKeptByOwners = (mode & STICKY) !== 0 && uid !== 0;
    if ((mode & OTHERS_MAY_WRITE) !== 0 && !isKeptByOwners)
      return unsafe(path, `can be written by others, who could replace or add to ${folder}`);
    const problem = modulesFromOthers(join(path, "node_modules"), uid);
    if (problem !== undefined || path === dirname(path)) return problem;
  }
}

function modulesFromOthers(path: string, uid: number): TreeProblem | undefined {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  // A link's own owner counts as much as that of what it leads to.
  const target = entry && statSync(path, { throwIfNoEntry: false });
  for (const stat of [entry, target])
    if (stat !== undefined && stat.uid !== 0 && stat.uid !== uid)
      return unsafe(path, `belongs to user ${stat.uid}, and Node would find modules there`);
  if (target !== undefined && (target.mode & OTHERS_MAY_WRITE) !== 0)
    return unsafe(path, "can be written by others, and Node would find modules there");
  return undefined;
}

function entriesInside(folder: string, uid: number): TreeProblem | undefined {
  for (const path of [folder, ...listAll(folder)]) {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) return unsafe(path, "is a symbolic link");
    if (stat.uid !== 0 && stat.uid !== uid) return unsafe(path, `belongs to user ${stat.uid}`);
    if ((stat.mode & OTHERS_MAY_WRITE) !== 0) return unsafe(path, "can be written by others");
  }
  return undefined;
}

function contents(folder: string, treeSha256: string): TreeProblem | undefined {
  const manifest = join(folder, MANIFEST);
  if (hashFile(manifest) !== treeSha256) return damaged(manifest, "is not as it was packed");
  const { files } = JSON.parse(readFileSync(manifest, "utf8")) as {
    readonly files: Readonly<Record<string, string>>;
  };
  const found = new Set(
    listAll(folder)
      .filter((path) => !lstatSync(path).isDirectory())
      .map((path) => path.slice(folder.length + 1)),
  );
  for (const [name, sha256] of Object.entries(files)) {
    if (!found.has(name)) return damaged(join(folder, name), "is missing");
    if (hashFile(join(folder, name)) !== sha256)
      return damaged(join(folder, name), "is not as it was packed");
  }
  const extra = [...found].find((name) => name !== MANIFEST && files[name] === undefined);
  return extra === undefined ? undefined : damaged(join(folder, extra), "was not packed");
}

function listAll(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) =>
    // `path` until Node 20.12, which armv7 does not have.
    join((entry.parentPath ?? entry.path) as string, entry.name),
  );
}

/** In pieces: a miner's memory is small, and what was once used stays with the process. */
function hashFile(path: string): string {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(65_536);
  const file = openSync(path, "r");
  try {
    for (;;) {
      const bytes = readSync(file, piece);
      if (bytes === 0) return hash.digest("hex");
      hash.update(piece.subarray(0, bytes));
    }
  } finally {
    closeSync(file);
  }
}

function unsafe(path: string, problem: string): TreeProblem {
  return { kind: "unsafe", text: `${path}: ${problem}, so nothing is run from it; ${HOW_TO}` };
}

function damaged(path: string, problem: string): TreeProblem {
  return { kind: "damaged", text: `${path}: ${problem}` };
}
