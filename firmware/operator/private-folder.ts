/** A durable folder that nobody but its owner may look into. */
import { constants } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { type DurableFolder, durableFolder } from "../durable-folder.ts";

const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
/** A link may lead to a file of somebody else, and a pipe hangs until somebody reads. */
const NEW_FILE = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK;

/** Folder 0700, files 0600, whatever the umask is. The folder is made when it is first written to. */
export function privateFolder(path: string): DurableFolder {
  return {
    ...durableFolder(path),
    async write(name, bytes) {
      await mkdir(path, { recursive: true, mode: 0o700 });
      const file = await open(join(path, name), NEW_FILE, 0o600);
      try {
        // Of a file that was there before, and was readable.
        await file.chmod(0o600);
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    },
  };
}
