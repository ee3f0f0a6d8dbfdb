/** Writes the tree that is appended to an executable into a folder, which appears whole or not at all. */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type PackedFile, readPayload } from "./payload.ts";

/** Throws Error with what to do when it cannot be written there. */
export function unpackInto(folder: string, executable: string): void {
  const files = readPayload(executable);
  const cache = dirname(folder);
  let work: string | undefined;
  try {
    makeReadable(cache);
    work = mkdtempSync(join(cache, ".new-"));
    // mkdtemp gives 0700; processes that lost their rights on purpose read here too.
    chmodSync(work, 0o755);
    for (const file of files) writeFile(work, file);
    replace(folder, work);
  } catch (error) {
    throw new Error(
      `${folder}: cannot unpack the program there (${error instanceof Error ? error.message : error}); set ASICD_CACHE_DIR to a folder that can be written`,
      { cause: error },
    );
  } finally {
    if (work !== undefined) rmSync(work, { recursive: true, force: true });
  }
}

/** Whatever the umask of root: its miner reads here as another account. Only what is new is changed. */
function makeReadable(cache: string): void {
  const first = mkdirSync(cache, { recursive: true, mode: 0o755 });
  if (first === undefined || process.geteuid?.() !== 0) return;
  const top = resolve(first);
  for (let path = resolve(cache); path.startsWith(top); path = dirname(path))
    chmodSync(path, 0o755);
}

/** Another process may do the same at the same time; both have the same files. */
function replace(folder: string, work: string): void {
  const old = `${work}-old`;
  try {
    renameSync(folder, old);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  try {
    renameSync(work, folder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  } finally {
    rmSync(old, { recursive: true, force: true });
  }
}

function writeFile(work: string, { path, mode, bytes }: PackedFile): void {
  const target = join(work, path);
  const parent = dirname(target);
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const file = openSync(target, "wx", mode);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    // Names must not reach the disk before contents do: the check after a loss of power would read them all for nothing.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  // Whatever the umask left of it.
  chmodSync(target, mode);
  for (let folder = parent; folder !== work; folder = dirname(folder)) chmodSync(folder, 0o755);
}
