/** A tree as .tar.gz: the same bytes whenever and wherever it is made. */
import { constants, gzipSync } from "node:zlib";
import { listFiles } from "./manifest.ts";
import { runProgram } from "./run-program.ts";

/** POSIX ustar of regular files, sorted, all of root and of one time. Throws Error with what tar said. */
export function archiveFolder(folder: string, unixSeconds: number): Buffer {
  const tar = runProgram(
    "tar",
    [
      ...["--create", "--format=ustar", "--owner=0", "--group=0", "--numeric-owner"],
      ...["--mode=u+rw,go+r,go-w", `--mtime=@${unixSeconds}`, "--no-recursion"],
      ...["--directory", folder, "--null", "--files-from=-"],
    ],
    { input: Buffer.from(listFiles(folder).join("\0")), env: { ...process.env, LC_ALL: "C" } },
  );
  return gzipSync(tar, { level: constants.Z_BEST_COMPRESSION });
}
