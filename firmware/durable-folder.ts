/** A folder whose files outlive a loss of power, as far as the file system keeps its word. */
import { mkdir, open, rename } from "node:fs/promises";
import { join } from "node:path";

export interface DurableFolder {
  /** At most `maxBytes` + 1 of it; `undefined` when there is no such file. Rejects with the system's error. */
  read(name: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Makes the file or replaces its content; resolves when the content is on the disk, its name perhaps not yet. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** After a loss of power `to` is the old file or the new one. */
  rename(from: string, to: string): Promise<void>;
  /** Resolves when all names are on the disk. */
  syncNames(): Promise<void>;
}

/** The folder is made when it is first written to. */
export function durableFolder(path: string): DurableFolder {
  return {
    async read(name, maxBytes) {
      const file = await open(join(path, name), "r").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      if (file === undefined) return undefined;
      try {
        // Not as much as there may be: whoever keeps the content would keep megabytes of nothing beside it.
        const { size } = await file.stat();
        const room = new Uint8Array(Math.min(size, maxBytes) + 1);
        const { buffer, bytesRead } = await file.read(room, 0, room.length);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
    async write(name, bytes) {
      await mkdir(path, { recursive: true });
      const file = await open(join(path, name), "w");
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    rename: (from, to) => rename(join(path, from), join(path, to)),
    async syncNames() {
      const folder = await open(path, "r");
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    },
  };
}
