/** Files that are read and written in the middle, and never grow beyond what they are allowed. */
import { constants } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";

export interface HistoryDisk {
  /** Less where the file ends, nothing where there is none. Rejects with the system's error. */
  read(name: string, position: number, length: number): Promise<Uint8Array>;
  /** Makes the file when there is none; resolves when the bytes are on the disk. What lies beyond `maxBytes` is cut off. */
  write(name: string, position: number, bytes: Uint8Array, maxBytes: number): Promise<void>;
}

/** The folder is made when it is first written to. */
export function historyDisk(path: string): HistoryDisk {
  return {
    async read(name, position, length) {
      const file = await open(join(path, name), "r").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      if (file === undefined) return new Uint8Array(0);
      try {
        const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, position);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
    async write(name, position, bytes, maxBytes) {
      await mkdir(path, { recursive: true });
      const file = await open(join(path, name), constants.O_RDWR | constants.O_CREAT, 0o600);
      try {
        if ((await file.stat()).size > maxBytes) await file.truncate(maxBytes);
        await writeAll(file, position, bytes);
        await file.datasync();
      } finally {
        await file.close();
      }
    },
  };
}

async function writeAll(
  file: Awaited<ReturnType<typeof open>>,
  position: number,
  bytes: Uint8Array,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
