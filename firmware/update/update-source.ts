/** An update file on a disk: its header, checked, and then its payload piece by piece. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { UpdateError } from "../../src/update/update-error.ts";
import {
  MAX_HEADER_BYTES,
  readUpdateHeader,
  type UpdateHeader,
} from "../../src/update/update-file.ts";

const PIECE_BYTES = 65_536;

export interface UpdateSource extends Disposable {
  readonly header: UpdateHeader;
  /** Each piece is good until the next one. */
  payload(): Iterable<Uint8Array>;
}

/** Throws UpdateError for what is no update, and the system's error for what cannot be read. */
export function openUpdate(file: string): UpdateSource {
  const handle = openPlainFile(file);
  const close = () => closeSync(handle);
  try {
    const start = new Uint8Array(MAX_HEADER_BYTES);
    const header = readUpdateHeader(start.subarray(0, readAt(handle, start, 0)));
    if (header === undefined)
      throw new UpdateError("damaged", { path: file, problem: "ends within its header" });
    return { header, payload: () => piecesOf(handle, header.headerBytes), [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Neither a link nor a pipe: the file may be a stranger's, and the reader root. */
export function openPlainFile(file: string): number {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let handle: number;
  try {
    handle = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UpdateError("not-an-update", {
      path: file,
      problem: code === "ELOOP" ? "is a link" : `cannot be read (${code})`,
      allowed: "a file",
    });
  }
  if (fstatSync(handle).isFile()) return handle;
  closeSync(handle);
  throw new UpdateError("not-an-update", { path: file, problem: "is no file", allowed: "a file" });
}

/** Fills `into` from `position` on; returns how much there was. */
export function readAt(handle: number, into: Uint8Array, position: number): number {
  let filled = 0;
  while (filled < into.length) {
    const read = readSync(handle, into, filled, into.length - filled, position + filled);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}

function* piecesOf(handle: number, from: number): Iterable<Uint8Array> {
  const piece = new Uint8Array(PIECE_BYTES);
  for (let position = from; ; ) {
    const read = readAt(handle, piece, position);
    if (read === 0) return;
    position += read;
    yield piece.subarray(0, read);
  }
}
