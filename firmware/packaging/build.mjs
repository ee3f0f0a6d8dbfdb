// Bundles the programs: one file per program, native add-ons stay outside.
//   node firmware/packaging/build.mjs [--quiet] [--release] [--outdir dist] [--metafile FILE]
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { buildUi } from "./build-ui.mjs";
import { esbuildOptions, releaseOptions } from "./options.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const { values: options } = parseArgs({
  options: {
    quiet: { type: "boolean", default: false },
    release: { type: "boolean", default: false },
    outdir: { type: "string", default: join(root, "dist") },
    metafile: { type: "string" },
  },
});
const { quiet } = options;
const outdir = resolve(options.outdir);

/** Programs of dist/, by output name. */
const programs = {
  asicd: "firmware/main.ts",
  guard: "firmware/guard/main.ts",
  miner: "firmware/miner/main.ts",
  operator: "firmware/operator/main.ts",
  "handshake-thread": "firmware/handshake-thread.ts",
  "hash-worker": "simulator/hash-worker.ts",
  world: "simulator/world-process.ts",
  "simulated-guard": "simulator/guard-process.ts",
  "simulated-miner": "simulator/miner-process.ts",
};

const result = await build({
  ...esbuildOptions(version),
  absWorkingDir: root,
  entryPoints: programs,
  outdir,
  ...(options.release ? releaseOptions : { sourcemap: "linked" }),
  metafile: true,
});
chmodSync(join(outdir, "asicd.js"), 0o755);
copyScenarios(join(root, "simulator/scenario/files"), join(outdir, "scenarios"));
await buildUi(root, { outdir: join(outdir, "ui"), version, quiet });
if (options.metafile !== undefined)
  writeFileSync(options.metafile, `${JSON.stringify(result.metafile)}\n`);

/** Files for people, beside the program that plays them. Two builds at once do not get into each other's way. */
function copyScenarios(from, to) {
  const names = readdirSync(from);
  mkdirSync(to, { recursive: true });
  for (const name of names) copyFileSync(join(from, name), join(to, name));
  for (const old of readdirSync(to))
    if (!names.includes(old)) rmSync(join(to, old), { force: true });
}

if (!quiet) {
  for (const [file, { bytes }] of Object.entries(result.metafile.outputs)) {
    if (file.endsWith(".js")) process.stdout.write(`${file} ${(bytes / 1024).toFixed(0)} kB\n`);
  }
}
