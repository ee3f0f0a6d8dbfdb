/** The programs and the page, as every target has them; and which packages are inside. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import type { Repository } from "./repository.ts";
import { runProgram } from "./run-program.ts";

export interface Bundles {
  readonly folder: string;
  /** Keys of the lock file ("node_modules/pino"), sorted: only what esbuild really took something from. */
  readonly packages: readonly string[];
}

/** Throws Error with what the build said. */
export async function buildBundles(repository: Repository, work: string): Promise<Bundles> {
  const { root, unixSeconds } = repository;
  const folder = join(work, "bundles");
  const metafile = join(work, "metafile.json");
  mkdirSync(folder, { recursive: true });
  runProgram(
    process.execPath,
    [
      join(root, "firmware/packaging/build.mjs"),
      ...["--quiet", "--release", "--outdir", folder, "--metafile", metafile],
    ],
    { cwd: root, env: { ...process.env, SOURCE_DATE_EPOCH: `${unixSeconds}` } },
  );
  const programs = JSON.parse(readFileSync(metafile, "utf8")) as Metafile;
  // The page is bundled elsewhere; here only to see what it takes.
  const { metafile: page } = await build({
    absWorkingDir: root,
    entryPoints: ["src/ui/main.tsx", "src/ui/style/main.css"],
    outdir: work,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "silent",
  });
  return { folder, packages: packagesIn([programs, page]) };
}

interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { bytesInOutput: number }>> }>
  >;
}

/** Keys of the lock file of all packages of which bytes are in an output. */
export function packagesIn(metafiles: readonly Metafile[]): string[] {
  const found = new Set<string>();
  for (const { outputs } of metafiles)
    for (const { inputs } of Object.values(outputs))
      for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
        const key = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
        if (key !== undefined && bytesInOutput > 0) found.add(key);
      }
  return [...found].sort();
}
