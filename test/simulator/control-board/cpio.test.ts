import { describe, expect, test } from "vitest";
import { type CpioEntry, cpioArchive } from "../../../simulator/control-board/cpio.ts";

const text = (content: string) => new TextEncoder().encode(content);
const entries: readonly CpioEntry[] = [
  { path: "init", type: "file", mode: 0o755, content: text("#!/bin/sh\n") },
  { path: "lib/modules/a.ko", type: "file", content: text("abc") },
  { path: "tmp", type: "folder", mode: 0o1777 },
  { path: "bin/sh", type: "link", target: "busybox" },
  { path: "dev/console", type: "device", major: 5, minor: 1 },
];

describe("the archive of the board's file system", () => {
  test("has every entry with its mode and content, and the folders around them", () => {
    expect(listed(cpioArchive(entries))).toEqual([
      ["bin", 0o040755, ""],
      ["bin/sh", 0o120777, "busybox"],
      ["dev", 0o040755, ""],
      ["dev/console", 0o020600, "5:1"],
      ["init", 0o100755, "#!/bin/sh\n"],
      ["lib", 0o040755, ""],
      ["lib/modules", 0o040755, ""],
      ["lib/modules/a.ko", 0o100644, "abc"],
      ["tmp", 0o041777, ""],
      ["TRAILER!!!", 0, ""],
    ]);
  });

  test("is the same bytes whatever the order of the entries", () => {
    expect(Buffer.compare(cpioArchive(entries), cpioArchive([...entries].reverse()))).toBe(0);
  });

  test("begins every header and content at a multiple of four", () => {
    expect(cpioArchive(entries).length % 4).toBe(0);
  });

  test.each(["/init", "a//b", "a/../b", "./a", "", "a/", ".."])(
    "the path %j is refused, since the kernel would take it as it is",
    (path) => {
      expect(() => cpioArchive([{ path, type: "folder" }])).toThrow(RangeError);
    },
  );

  test("a path twice is refused", () => {
    const [init] = entries;
    expect(() => cpioArchive([init as CpioEntry, init as CpioEntry])).toThrow(/twice/);
  });
});

/** A reader of its own: path, mode, and content or device. */
function listed(archive: Uint8Array): unknown[] {
  const bytes = Buffer.from(archive);
  const rows: unknown[] = [];
  const aligned = (at: number) => (at + 3) & ~3;
  for (let at = 0; at < bytes.length; ) {
    expect(bytes.toString("latin1", at, at + 6)).toBe("070701");
    const field = (index: number) =>
      Number.parseInt(bytes.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameEnd = at + 110 + field(11);
    const from = aligned(nameEnd);
    const content = bytes.toString("utf8", from, from + field(6));
    const device = (field(1) & 0o170000) === 0o020000 ? `${field(9)}:${field(10)}` : content;
    rows.push([bytes.toString("utf8", at + 110, nameEnd - 1), field(1), device]);
    expect(field(5), "no time").toBe(0);
    at = aligned(from + field(6));
  }
  return rows;
}
