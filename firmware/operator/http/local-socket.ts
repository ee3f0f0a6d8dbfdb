/** The Unix socket of the command line: for its owner alone, and never in the place of one where somebody answers. */
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";

export interface LocalSocket {
  /** Unless another one has taken its place. Never throws. */
  remove(): void;
}

/** Rejects with the system's error, or an Error where somebody answers. */
export async function openLocalSocket(
  path: string,
  server: Server,
  listening: (server: Server, listen: () => void) => Promise<void>,
): Promise<LocalSocket> {
  mkdirSync(dirname(path), { recursive: true });
  if (await answers(path)) throw new Error("another asicd answers there; it is left alone");
  // A server removes the name that it was opened with when it ends, whosever it is by then: this one is gone at once.
  const first = join(dirname(path), `.${process.pid}`);
  rmSync(first, { force: true });
  await listening(server, () => {
    // The file is made within this call, and must not be open to all for a moment.
    const before = process.umask(0o177);
    server.listen(first);
    process.umask(before);
  });
  try {
    chmodSync(first, 0o600);
    renameSync(first, path);
  } catch (error) {
    server.close();
    throw error;
  }
  const { dev, ino } = lstatSync(path);
  return {
    remove() {
      try {
        const now = lstatSync(path);
        if (now.ino === ino && now.dev === dev) rmSync(path);
      } catch {
        // Gone, or in a folder of root's: the next start finds that nobody answers.
      }
    },
  };
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const connection = createConnection(path);
    connection.once("connect", () => {
      connection.destroy();
      resolve(true);
    });
    connection.once("error", (error: NodeJS.ErrnoException) => {
      // No socket, or one that a dead process has left.
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(false);
      else reject(error);
    });
  });
}
