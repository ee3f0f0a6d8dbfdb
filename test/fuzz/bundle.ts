/** The fuzzer as one file, of the code as it is or with one place of it broken. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";

export interface Edit {
  readonly file: string;
  /** Must occur. */
  readonly from: string;
  readonly to: string;
}

export async function bundle(outfile: string, edit?: Edit): Promise<void> {
  await build({
    entryPoints: [resolve("test/fuzz/main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    mainFields: ["module", "main"],
    external: ["serialport", "koffi", "i2c-bus", "onoff"],
    // CommonJS packages inside the bundle call require for node: modules.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    sourcemap: "inline",
    logLevel: "error",
    plugins:
      edit === undefined
        ? []
        : [
            {
              name: "edit",
              setup: ({ onLoad }) =>
                onLoad({ filter: /\.ts$/ }, ({ path }) =>
                  path === resolve(edit.file)
                    ? { contents: edited(edit), loader: "ts" }
                    : undefined,
                ),
            },
          ],
  });
}

function edited({ file, from, to }: Edit): string {
  const source = readFileSync(file, "utf8");
  if (!source.includes(from)) throw new Error(`${file} no longer has: ${from}`);
  return source.replace(from, to);
}
