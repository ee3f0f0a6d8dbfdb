/** Takes an update over the network into one file: what nobody trusted has signed ends after its first kilobyte. */
import { chmod, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Received, UpdateReceiver } from "../../src/api/update-receiver.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { UpdateError } from "../../src/update/update-error.ts";

/** In the operator's folder; the supervisor looks for it there, and removes it when it is done with it. */
export const UPLOADED_UPDATE = "received.update";
const PART = "receiving.update";
/** Whoever sends nothing for so long sends nothing more. */
const STALLED_MS = 20_000;

export interface UpdateUploadParts {
  readonly folder: string;
  readonly root: string;
  /** Version of the settings in force. */
  readonly configVersion: number;
  readonly clock: Clock;
}

export function updateReceiver(parts: UpdateUploadParts): UpdateReceiver {
  let isBusy = false;
  // Of one that a loss of power cut off.
  const cleaned = rm(join(parts.folder, PART), { force: true }).catch(() => {});
  return async (upload, allowDowngrade) => {
    if (isBusy) return refused("busy", "update", "another one is being received");
    isBusy = true;
    const part = join(parts.folder, PART);
    try {
      await cleaned;
      const version = await receive(parts, upload, allowDowngrade, part);
      await rename(part, join(parts.folder, UPLOADED_UPDATE));
      return { is: "received", version };
    } catch (error) {
      await rm(part, { force: true });
      if (error instanceof UpdateError) return { is: "refused", error };
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOSPC") return refused("disk-full", parts.folder, "the disk is full");
      if (code === "ECONNRESET" || code === "ERR_STREAM_PREMATURE_CLOSE")
        return refused("damaged", "update file", "the connection ended before its end");
      throw error;
    } finally {
      isBusy = false;
    }
  };
}

async function receive(
  { folder, root, configVersion, clock }: UpdateUploadParts,
  upload: AsyncIterable<Uint8Array>,
  allowDowngrade: boolean,
  part: string,
): Promise<string> {
  // Curves and tables take memory: only an operator process that gets an update pays for them.
  const { MAX_HEADER_BYTES, PayloadCheck, readUpdateHeader } = await import(
    "../../src/update/update-file.ts"
  );
  const { acceptUpdate } = await import("../update/accept-update.ts");
  const { readSlots } = await import("../update/slots.ts");
  const slots = readSlots(root);
  let start = new Uint8Array(0);
  let check: InstanceType<typeof PayloadCheck> | undefined;
  let version = "";
  await rm(part, { force: true });
  const file = await open(part, "wx", 0o600);
  try {
    for await (const chunk of withoutStalls(upload, clock)) {
      await file.write(chunk);
      if (check !== undefined) {
        check.take(chunk);
        continue;
      }
      start = new Uint8Array(Buffer.concat([start, chunk]));
      const header = readUpdateHeader(start);
      if (header === undefined && start.length <= MAX_HEADER_BYTES) continue;
      if (header === undefined) break;
      acceptUpdate(header, slots, {
        allowDowngrade,
        nodeVersion: process.versions.node,
        configVersion,
      });
      version = header.manifest.version;
      const { statfs } = await import("node:fs/promises");
      const { bavail, bsize } = await statfs(folder);
      const neededBytes = header.manifest.bytes;
      if (bavail * bsize < neededBytes)
        throw new UpdateError("disk-full", {
          path: folder,
          problem: `${(neededBytes / 1e6).toFixed(1)} MB do not fit on this disk`,
        });
      check = new PayloadCheck(header.manifest);
      check.take(start.subarray(header.headerBytes));
    }
    if (check === undefined)
      throw new UpdateError("damaged", { path: "update file", problem: "ends within its header" });
    check.finish();
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(part, 0o600);
  return version;
}

/** Rejects with UpdateError when nothing comes for too long. */
async function* withoutStalls(
  upload: AsyncIterable<Uint8Array>,
  clock: Clock,
): AsyncIterable<Uint8Array> {
  const pieces = upload[Symbol.asyncIterator]();
  try {
    for (;;) {
      const enough = new AbortController();
      const late = clock.sleep(STALLED_MS, enough.signal).then(
        () => "late" as const,
        () => "late" as const,
      );
      const next = await Promise.race([pieces.next(), late]);
      enough.abort();
      if (next === "late")
        throw new UpdateError("damaged", {
          path: "update file",
          problem: `nothing came for ${STALLED_MS / 1_000} s`,
        });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // A stream that hangs would wait for its next piece before it ends.
    void pieces.return?.();
  }
}

function refused(code: UpdateError["code"], path: string, problem: string): Received {
  return { is: "refused", error: new UpdateError(code, { path, problem }) };
}
