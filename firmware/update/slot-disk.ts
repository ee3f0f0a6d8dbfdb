/** The few file operations by which versions come and go, so that a test can take the power away between any two of them. */
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

export interface SlotDisk {
  /** Parents too. */
  makeFolder(path: string, mode: number): void;
  /** Made or emptied. */
  create(path: string, mode: number, owner?: FileOwner): SlotFile;
  rename(from: string, to: string): void;
  /** Whatever it is; nothing when there is nothing. */
  remove(path: string): void;
  /** Names in it are on the disk afterwards. */
  syncFolder(path: string): void;
  freeBytes(path: string): number;
}

export interface SlotFile {
  write(bytes: Uint8Array): void;
  /** On the disk when it returns. */
  syncAndClose(): void;
}

/** Throws the system's errors. */
export const slotDisk: SlotDisk = {
  makeFolder: (path, mode) => void mkdirSync(path, { recursive: true, mode }),
  create(path, mode, owner) {
    const file = openSync(path, "w", mode);
    // The mode of `open` goes through the umask, and is not for a file that was there.
    chmodSync(path, mode);
    if (owner !== undefined && process.geteuid?.() === 0) chownSync(path, owner.uid, owner.gid);
    return {
      write(bytes) {
        let at = 0;
        while (at < bytes.length) at += writeSync(file, bytes, at);
      },
      syncAndClose() {
        try {
          fsyncSync(file);
        } finally {
          closeSync(file);
        }
      },
    };
  },
  rename: (from, to) => renameSync(from, to),
  remove: (path) => rmSync(path, { recursive: true, force: true }),
  syncFolder(path) {
    const folder = openSync(path, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  },
  freeBytes(path) {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  },
};

/** In one step: after a loss of power `path` is the old file or the new one. */
export function replaceFile(
  disk: SlotDisk,
  path: string,
  bytes: Uint8Array,
  mode: number,
  owner?: FileOwner,
): void {
  // The name that launch.sh uses too: whoever was cut off leaves no second one.
  const fresh = `${path}.new`;
  writeWhole(disk, fresh, bytes, mode, owner);
  disk.rename(fresh, path);
  disk.syncFolder(dirname(path));
}

export function writeWhole(
  disk: SlotDisk,
  path: string,
  bytes: Uint8Array,
  mode: number,
  owner?: FileOwner,
): void {
  const file = disk.create(path, mode, owner);
  try {
    file.write(bytes);
  } finally {
    file.syncAndClose();
  }
}
