/** Add-ons that ship no binaries, i2c-bus and epoll: compiled for the target with Debian's compilers and that Node's headers. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensurePrograms, runProgram, type Say } from "./run-program.ts";
import type { TargetFacts } from "./targets.ts";

interface AddOn {
  readonly name: string;
  readonly source: string;
  /** Where the package's `bindings` call looks, inside of it. */
  readonly binary: string;
}

export const addOns: Readonly<Record<string, AddOn>> = {
  "node_modules/i2c-bus": { name: "i2c", source: "src/i2c.cc", binary: "build/Release/i2c.node" },
  "node_modules/epoll": {
    name: "epoll",
    source: "src/epoll.cc",
    binary: "build/Release/epoll.node",
  },
};

/** As in common.gypi of Node 20 for add-ons on Linux; without debug data, and without anything that names this machine. */
const FLAGS = [
  ..."-shared -pthread -fPIC -Os -std=gnu++17 -fno-rtti -fno-exceptions -w".split(" "),
  ..."-D_FILE_OFFSET_BITS=64 -D_LARGEFILE_SOURCE -D_GLIBCXX_USE_CXX11_ABI=1".split(" "),
  ..."-DUSING_UV_SHARED=1 -DUSING_V8_SHARED=1 -DBUILDING_NODE_EXTENSION".split(" "),
  ..."-Wl,--build-id=none -Wl,--gc-sections -s".split(" "),
];

export function ensureCompiler({ toolPrefix, compilerPackage }: TargetFacts, say: Say): void {
  ensurePrograms([{ program: `${toolPrefix}g++`, debianPackage: compilerPackage }], say);
}

/** Writes the binary of the package at `key` to `outfile`. Throws Error with what the compiler said. */
export function compileAddOn(
  root: string,
  { toolPrefix }: TargetFacts,
  key: string,
  headers: string,
  outfile: string,
): void {
  const addOn = addOns[key];
  if (addOn === undefined) throw new Error(`${key}: no recipe to compile it`);
  mkdirSync(dirname(outfile), { recursive: true });
  // From the package's folder and with relative names, so that __FILE__ is the same everywhere.
  const folder = join(root, key);
  runProgram(
    `${toolPrefix}g++`,
    [
      ...FLAGS,
      `-DNODE_GYP_MODULE_NAME=${addOn.name}`,
      `-ffile-prefix-map=${headers}=node`,
      `-ffile-prefix-map=${root}=.`,
      `-I${headers}`,
      `-I${join(root, "node_modules/nan")}`,
      addOn.source,
      "-o",
      outfile,
    ],
    // A compiler that is told a time does not ask the clock.
    { cwd: folder, env: { ...process.env, LC_ALL: "C", SOURCE_DATE_EPOCH: "0" } },
  );
}
