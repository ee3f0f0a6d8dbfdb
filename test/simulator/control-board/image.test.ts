import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { boardImage } from "../../../simulator/control-board/image.ts";
import type { BoardParts } from "../../../simulator/control-board/packages.ts";

const LIBRARIES = [
  ...["ld-linux-armhf.so.3", "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0"],
  ...["librt.so.1", "libutil.so.1", "libstdc++.so.6", "libgcc_s.so.1", "libatomic.so.1"],
];
const MODULES = [
  ...["i2c-imx", "i2c-dev", "gpio-mxc", "imx2_wdt", "softdog", "lm75"],
  ...["libphy", "fwnode_mdio", "fixed_phy", "of_mdio", "selftests", "fec"],
];

test("the same parts and tree give the same image, and the slow part of it is made once", () => {
  using board = fakeParts();
  const image = () => boardImage(board.parts, board.tree, { "/etc/asicd.jsonc": "{}" });
  const first = image();
  const [cached = ""] = readdirSync(board.parts.cache);
  const madeMs = statSync(join(board.parts.cache, cached)).mtimeMs;
  expect(Buffer.compare(first, image())).toBe(0);
  expect(readdirSync(board.parts.cache)).toEqual([cached]);
  expect(statSync(join(board.parts.cache, cached)).mtimeMs).toBe(madeMs);
});

test("tree, files and first process are in it", () => {
  using board = fakeParts();
  const text = gunzipSync(
    boardImage(board.parts, board.tree, { "/etc/asicd.jsonc": '{"version": 1}' }),
  ).toString("latin1");
  for (const part of ["usr/lib/asicd/base/node_modules/x/index.js", '{"version": 1}', "nc -ll"])
    expect(text).toContain(part);
});

test("another kernel is another base", () => {
  using board = fakeParts();
  boardImage(board.parts, board.tree, {});
  writeFileSync(join(board.parts.root, "lib/modules/6.1/kernel/fec.ko"), "newer");
  boardImage(board.parts, board.tree, {});
  expect(readdirSync(board.parts.cache)).toHaveLength(2);
});

test("a part that Debian no longer has is named", () => {
  using board = fakeParts();
  rmSync(join(board.parts.root, "lib/modules/6.1/kernel/fec.ko"));
  expect(() => boardImage(board.parts, board.tree, {})).toThrow("no module fec");
});

function fakeParts(): { readonly parts: BoardParts; readonly tree: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), "asicd-image-"));
  const write = (path: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `content of ${path}`);
  };
  for (const name of LIBRARIES) write(`root/lib/arm-linux-gnueabihf/${name}`);
  for (const name of MODULES) write(`root/lib/modules/6.1/kernel/${name}.ko`);
  write("root/bin/busybox");
  write("node");
  write("tree/asicd.js");
  write("tree/node_modules/x/index.js");
  mkdirSync(join(folder, "cache"));
  return {
    tree: join(folder, "tree"),
    parts: {
      kernel: "",
      deviceTree: "",
      release: "6.1",
      root: join(folder, "root"),
      node: join(folder, "node"),
      cache: join(folder, "cache"),
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
