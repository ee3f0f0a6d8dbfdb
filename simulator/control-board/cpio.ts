/** The archive that Linux unpacks as its first file system: "newc", Documentation/driver-api/early-userspace/buffer-format. */

export type CpioEntry =
  | { readonly path: string; readonly type: "folder"; readonly mode?: number }
  | {
      readonly path: string;
      readonly type: "file";
      readonly mode?: number;
      readonly content: Uint8Array;
    }
  | { readonly path: string; readonly type: "link"; readonly target: string }
  | {
      readonly path: string;
      readonly type: "device";
      readonly mode?: number;
      readonly major: number;
      readonly minor: number;
    };

/**
 * The same entries give the same bytes, in whatever order they come: owner root, time 0, sorted, folders made as needed.
 * Throws RangeError for a path twice, or one that is not relative and plain.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  const byPath = new Map<string, CpioEntry>();
  for (const entry of entries) {
    if (!/^(?!\.{1,2}(\/|$))[^/\0]+(\/(?!\.{1,2}(\/|$))[^/\0]+)*$/.test(entry.path))
      throw new RangeError(`cpio: "${entry.path}" is no plain relative path`);
    if (byPath.has(entry.path)) throw new RangeError(`cpio: "${entry.path}" is there twice`);
    byPath.set(entry.path, entry);
  }
  for (const path of [...byPath.keys()])
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (!byPath.has(folder)) byPath.set(folder, { path: folder, type: "folder" });
    }
  const pieces: Uint8Array[] = [];
  // A folder's path is a prefix of what is in it, so it comes first.
  const sorted = [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  sorted.forEach((entry, at) => {
    pieces.push(...piecesOf(entry, at + 1));
  });
  pieces.push(...piecesOf({ path: TRAILER, type: "end" }, 0));
  return Buffer.concat(pieces);
}

const TRAILER = "TRAILER!!!";
const FORMAT = { folder: 0o040000, file: 0o100000, link: 0o120000, device: 0o020000, end: 0 };
const MODE = { folder: 0o755, file: 0o644, link: 0o777, device: 0o600, end: 0 };

function piecesOf(
  entry: CpioEntry | { readonly path: string; readonly type: "end" },
  inode: number,
): Uint8Array[] {
  const name = Buffer.from(`${entry.path}\0`);
  const content =
    entry.type === "file" ? entry.content : Buffer.from(entry.type === "link" ? entry.target : "");
  const permissions = ("mode" in entry ? entry.mode : undefined) ?? MODE[entry.type];
  const device = entry.type === "device" ? entry : { major: 0, minor: 0 };
  const fields = [
    ...[inode, FORMAT[entry.type] | permissions, 0, 0, entry.type === "folder" ? 2 : 1, 0],
    ...[content.length, 0, 0, device.major, device.minor, name.length, 0],
  ];
  const header = Buffer.from(
    `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`,
  );
  return [
    ...[header, name, padding(header.length + name.length)],
    ...[content, padding(content.length)],
  ];
}

function padding(length: number): Uint8Array {
  return new Uint8Array(-length & 3);
}
