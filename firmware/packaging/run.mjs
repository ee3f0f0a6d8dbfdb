// Bundles one TypeScript program (a bench, an interop run) into dist/run/ and runs it with the arguments that follow.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { esbuildOptions } from "./options.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const [entry, ...args] = process.argv.slice(2);
const name = `${basename(dirname(entry))}-${basename(entry, ".ts")}`;

spawnSync(process.execPath, [join(root, "firmware/packaging/build.mjs"), "--quiet"], {
  stdio: "inherit",
  cwd: root,
});
const outfile = join(root, "dist", `${name}.js`);
const options = esbuildOptions(version);
await build({
  ...options,
  absWorkingDir: root,
  // They read files of their own packages, beside their own programs.
  external: [...options.external, "esbuild", "playwright-core", "axe-core"],
  entryPoints: [entry],
  outfile,
  sourcemap: "inline",
});
const { status, signal } = spawnSync(process.execPath, [outfile, ...args], {
  stdio: "inherit",
  cwd: root,
});
process.exit(status ?? (signal ? 1 : 0));
