// Bundles the programs into dist/: one file per program, native add-ons stay outside.
import { chmodSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { esbuildOptions } from "./options.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const quiet = process.argv.includes("--quiet");

/** Programs of dist/, by output name. */
const programs = {
  asicd: "firmware/main.ts",
  guard: "firmware/guard/main.ts",
  miner: "firmware/miner/main.ts",
  "hash-worker": "simulator/hash-worker.ts",
  world: "simulator/world-process.ts",
  "simulated-guard": "simulator/guard-process.ts",
  "simulated-miner": "simulator/miner-process.ts",
};

const result = await build({
  ...esbuildOptions(version),
  absWorkingDir: root,
  entryPoints: programs,
  outdir: "dist",
  sourcemap: "linked",
  metafile: true,
});
chmodSync(join(root, "dist/asicd.js"), 0o755);
if (!quiet) {
  for (const [file, { bytes }] of Object.entries(result.metafile.outputs)) {
    if (file.endsWith(".js")) process.stdout.write(`${file} ${(bytes / 1024).toFixed(0)} kB\n`);
  }
}
