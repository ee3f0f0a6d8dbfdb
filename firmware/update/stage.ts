/**
 * Brings a version beside the one that runs. Nothing that is in use is touched: all is written into a folder that nobody
 * reads, checked, synced, and gets its name in one step.
 */
import { createHash, type Hash } from "node:crypto";
import { dirname, join } from "node:path";
import { createGunzip } from "node:zlib";
import type { TreeName } from "../../src/update/boot-state.ts";
import { UpdateError } from "../../src/update/update-error.ts";
import { PayloadCheck, type UpdateManifest } from "../../src/update/update-file.ts";
import type { SlotDisk, SlotFile } from "./slot-disk.ts";
import type { SlotPaths } from "./slot-paths.ts";
import {
  isSound,
  namesIn,
  parseTreeManifest,
  type Slots,
  TREE_MANIFEST,
  TREE_PROGRAM,
} from "./slots.ts";
import { type TarEntry, TarReader } from "./untar.ts";
import type { UpdateSource } from "./update-source.ts";

/** For names and block sizes, and so that asicd can still write what it keeps. */
const SPARE_BYTES = 4 << 20;
/** Of headers and padding around the files. */
const TAR_OVERHEAD_BYTES = 16 << 20;
const PART = ".part-";

/** Rejects with UpdateError; the name is that of `acceptUpdate`. */
export async function stageUpdate(
  source: UpdateSource,
  name: TreeName,
  slots: Slots,
  disk: SlotDisk,
): Promise<void> {
  const { paths } = slots;
  const { manifest } = source.header;
  makeRoom(name, manifest, slots, disk);
  const id = name.slice("versions/".length);
  const part = join(paths.versions, `${PART}${id}`);
  try {
    disk.makeFolder(part, 0o755);
    const writer = new TreeWriter(part, manifest, disk);
    await unpack(source, manifest, writer);
    writer.finish();
    // It may be here from an earlier time; this one is known to be whole.
    disk.remove(paths.tree(name));
    disk.rename(part, paths.tree(name));
    disk.syncFolder(paths.versions);
    disk.syncFolder(paths.home);
  } catch (error) {
    disk.remove(part);
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") throw diskFull(paths, "it is full");
    throw error;
  }
}

/** Reads all of it and keeps nothing. */
export async function checkPayload(source: UpdateSource): Promise<void> {
  const { manifest } = source.header;
  const nowhere: SlotDisk = {
    makeFolder() {},
    create: () => ({ write() {}, syncAndClose() {} }),
    rename() {},
    remove() {},
    syncFolder() {},
    freeBytes: () => Number.POSITIVE_INFINITY,
  };
  const writer = new TreeWriter("", manifest, nowhere);
  await unpack(source, manifest, writer);
  writer.finish();
}

async function unpack(
  source: UpdateSource,
  manifest: UpdateManifest,
  writer: TreeWriter,
): Promise<void> {
  const check = new PayloadCheck(manifest);
  const tar = new TarReader(writer, manifest.unpackedBytes);
  const gunzip = createGunzip();
  let unpacked = 0;
  const read = (async () => {
    for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
      unpacked += chunk.length;
      if (unpacked > manifest.unpackedBytes + TAR_OVERHEAD_BYTES)
        throw damaged("payload", "unpacks to more than its manifest says");
      tar.take(chunk);
    }
    tar.finish();
  })();
  read.catch(() => gunzip.destroy());
  try {
    for (const piece of source.payload()) {
      check.take(piece);
      // A copy: the piece is good until the next one.
      if (gunzip.destroyed) break;
      if (!gunzip.write(piece.slice()))
        await Promise.race([new Promise((resolve) => gunzip.once("drain", resolve)), read]);
    }
    if (!gunzip.destroyed) gunzip.end();
    await read;
  } catch (error) {
    gunzip.destroy();
    await read.catch(() => {});
    // What zlib says of damaged bytes.
    const { code } = error as NodeJS.ErrnoException;
    if (code?.startsWith("Z_") === true) throw damaged("payload", `cannot be unpacked (${code})`);
    throw error;
  }
  check.finish();
}

/** Files as they come out of the archive, held against the tree's own manifest in the end. */
class TreeWriter {
  readonly #folder: string;
  readonly #manifest: UpdateManifest;
  readonly #disk: SlotDisk;
  readonly #hashes = new Map<string, string>();
  readonly #folders = new Set<string>();
  #open: { path: string; file: SlotFile; hash: Hash; kept: Uint8Array[] | undefined } | undefined;
  #manifestBytes: Uint8Array | undefined;

  constructor(folder: string, manifest: UpdateManifest, disk: SlotDisk) {
    this.#folder = folder;
    this.#manifest = manifest;
    this.#disk = disk;
  }

  begin({ path, isExecutable }: TarEntry): void {
    const folder = dirname(path);
    if (!this.#folders.has(folder)) {
      this.#disk.makeFolder(join(this.#folder, folder), 0o755);
      for (let one = folder; !this.#folders.has(one); one = dirname(one)) this.#folders.add(one);
    }
    this.#open = {
      path,
      file: this.#disk.create(join(this.#folder, path), isExecutable ? 0o755 : 0o644),
      hash: createHash("sha256"),
      kept: path === TREE_MANIFEST ? [] : undefined,
    };
  }

  take(bytes: Uint8Array): void {
    this.#open?.file.write(bytes);
    this.#open?.hash.update(bytes);
    this.#open?.kept?.push(bytes.slice());
  }

  end(): void {
    if (this.#open === undefined) return;
    const { path, file, hash, kept } = this.#open;
    this.#open = undefined;
    file.syncAndClose();
    if (kept === undefined) this.#hashes.set(path, hash.digest("hex"));
    else this.#manifestBytes = Buffer.concat(kept);
  }

  /** Throws UpdateError unless this is exactly the tree that its manifest describes; its names are on the disk then. */
  finish(): void {
    const tree = parseTreeManifest(this.#manifestBytes);
    if (tree === undefined) throw damaged(TREE_MANIFEST, "is missing or no manifest of a version");
    const { version, target } = this.#manifest;
    if (tree.version !== version || tree.target !== target)
      throw damaged(
        TREE_MANIFEST,
        `is of ${tree.version} for ${tree.target}, and not of ${version} for ${target}`,
      );
    const wanted = new Map(Object.entries(tree.files));
    if (!wanted.has(TREE_PROGRAM)) throw damaged(TREE_PROGRAM, "is missing");
    for (const [path, sha256] of this.#hashes) {
      if (wanted.get(path) !== sha256)
        throw damaged(
          path,
          wanted.has(path) ? "is not what its manifest says" : "is in no manifest",
        );
      wanted.delete(path);
    }
    const [missing] = wanted.keys();
    if (missing !== undefined) throw damaged(missing, "is missing");
    for (const folder of this.#folders) this.#disk.syncFolder(join(this.#folder, folder));
  }
}

/** Removes what is of no use any more, and then, if it has to be, the version before the one that runs. */
function makeRoom(name: TreeName, manifest: UpdateManifest, slots: Slots, disk: SlotDisk): void {
  const { paths, boot, current } = slots;
  disk.makeFolder(paths.versions, 0o755);
  removeUnused(slots, disk);
  const neededBytes = manifest.unpackedBytes + SPARE_BYTES;
  const free = () => disk.freeBytes(paths.versions);
  const { previous } = boot;
  if (free() < neededBytes && previous !== "base" && previous !== current.name) {
    disk.remove(paths.tree(previous));
    disk.remove(paths.settingsBefore(current.name));
  }
  const freeBytes = free();
  if (freeBytes < neededBytes)
    throw diskFull(
      paths,
      `${name} needs ${megabytes(neededBytes)}, and ${megabytes(Math.max(0, freeBytes))} are free`,
    );
}

/** Kept are the version that runs and the one before it, and the settings of before. */
export function removeUnused({ paths, boot, current }: Slots, disk: SlotDisk): void {
  const kept = [boot.run, boot.previous, current.name];
  for (const folder of [paths.versions, paths.settings])
    for (const name of namesIn(folder))
      if (!kept.includes(`versions/${name}`)) disk.remove(join(folder, name));
}

/** Whether `name` lies there to be activated. */
export function isStaged(paths: SlotPaths, name: TreeName): boolean {
  return name !== "base" && isSound(paths, name);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function damaged(path: string, problem: string): UpdateError {
  return new UpdateError("damaged", { path: `update file: ${path}`, problem });
}

function diskFull(paths: SlotPaths, problem: string): UpdateError {
  return new UpdateError("disk-full", {
    path: paths.versions,
    problem,
    allowed: "remove what is not needed from this disk",
  });
}
