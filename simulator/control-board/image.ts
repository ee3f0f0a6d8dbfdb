/** The guest's first file system: a part that changes with Debian and Node only, and one with what is tested. */
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { type CpioEntry, cpioArchive } from "./cpio.ts";
import type { BoardParts } from "./packages.ts";

/** In the order in which they are loaded. */
const MODULES = [
  ...["i2c-imx", "i2c-dev", "gpio-mxc", "imx2_wdt", "softdog", "lm75"],
  ...["libphy", "fwnode_mdio", "fixed_phy", "of_mdio", "selftests", "fec"],
];
const LIBRARIES = [
  ...["ld-linux-armhf.so.3", "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0"],
  ...["librt.so.1", "libutil.so.1", "libstdc++.so.6", "libgcc_s.so.1", "libatomic.so.1"],
];
/** Where Debian keeps them. */
const LIBRARY_FOLDERS = ["lib/arm-linux-gnueabihf", "usr/lib/arm-linux-gnueabihf"];

export const ASICD_UID = 700;

/**
 * gzip, two archives one after the other, which the kernel unpacks into one tree. `files`: by absolute path in the guest;
 * what begins with "#!" is executable.
 */
export function boardImage(
  parts: BoardParts,
  asicdTree: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Uint8Array {
  const scripts = "simulator/control-board";
  const own = [
    ...folderEntries(asicdTree, "usr/lib/asicd/base"),
    fileEntry("/init", readFileSync(join(scripts, "guest-init.sh"))),
    fileEntry("/sbin/board-command", readFileSync(join(scripts, "guest-command.sh"))),
    ...Object.entries(files).map(([path, content]) => fileEntry(path, content)),
  ];
  return Buffer.concat([baseArchive(parts), gzipSync(cpioArchive(own), { level: 1 })]);
}

/** Kept in the cache by its content. */
function baseArchive(parts: BoardParts): Uint8Array {
  const entries = baseEntries(parts);
  const archive = cpioArchive(entries);
  const hash = createHash("sha256").update(archive).digest("hex").slice(0, 16);
  const path = join(parts.cache, `base-${hash}.cpio.gz`);
  if (existsSync(path)) return readFileSync(path);
  const packed = gzipSync(archive, { level: 6 });
  const part = `${path}.${randomBytes(4).toString("hex")}`;
  writeFileSync(part, packed);
  renameSync(part, path);
  return packed;
}

function baseEntries({ root, release, node }: BoardParts): CpioEntry[] {
  const modules = new Map(
    readdirSync(join(root, "lib/modules", release), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ko"))
      .map((path) => [basename(path, ".ko"), join(root, "lib/modules", release, path)]),
  );
  return [
    { path: "dev/console", type: "device", major: 5, minor: 1 },
    { path: "tmp", type: "folder", mode: 0o1777 },
    ...["proc", "sys", "bin", "root"].map((path): CpioEntry => ({ path, type: "folder" })),
    executable("bin/busybox", join(root, "bin/busybox")),
    executable("usr/bin/node", node),
    ...LIBRARIES.map((name) => executable(`lib/${name}`, libraryPath(root, name))),
    ...MODULES.map((name) =>
      fileEntry(`/lib/modules/${name}.ko`, readPart(modules.get(name), name)),
    ),
    fileEntry("/lib/modules/order", MODULES.map((name) => `${name}\n`).join("")),
    fileEntry(
      "/etc/passwd",
      `root:x:0:0::/root:/bin/sh\nasicd:x:${ASICD_UID}:${ASICD_UID}::/var/lib/asicd:/bin/false\n`,
    ),
    fileEntry("/etc/group", `root:x:0:\nasicd:x:${ASICD_UID}:\n`),
    fileEntry("/etc/hosts", "127.0.0.1 localhost\n10.0.2.2 host\n"),
    fileEntry("/etc/hostname", "sabrelite\n"),
  ];
}

function libraryPath(root: string, name: string): string {
  const found = LIBRARY_FOLDERS.map((folder) => join(root, folder, name)).find(existsSync);
  if (found === undefined) throw new Error(`no ${name} in ${root}`);
  return found;
}

function readPart(path: string | undefined, name: string): Uint8Array {
  if (path === undefined) throw new Error(`no module ${name} in Debian's kernel package`);
  return readFileSync(path);
}

function executable(path: string, from: string): CpioEntry {
  return { path, type: "file", mode: 0o755, content: readFileSync(from) };
}

function fileEntry(path: string, content: Uint8Array | string): CpioEntry {
  const bytes = Buffer.from(content);
  const isProgram = bytes.subarray(0, 2).toString("latin1") === "#!";
  return { path: path.slice(1), type: "file", mode: isProgram ? 0o755 : 0o644, content: bytes };
}

function folderEntries(from: string, to: string): CpioEntry[] {
  return readdirSync(from, { recursive: true, encoding: "utf8" }).map((name): CpioEntry => {
    const source = join(from, name);
    const path = `${to}/${name}`;
    const facts = lstatSync(source);
    if (facts.isSymbolicLink()) return { path, type: "link", target: readlinkSync(source) };
    if (facts.isDirectory()) return { path, type: "folder" };
    const mode = (statSync(source).mode & 0o111) === 0 ? 0o644 : 0o755;
    return { path, type: "file", mode, content: readFileSync(source) };
  });
}
