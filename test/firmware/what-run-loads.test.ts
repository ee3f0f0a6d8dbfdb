import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { beforeAll, expect, test } from "vitest";
import { esbuildOptions } from "../../firmware/packaging/options.mjs";

let files: readonly string[];

beforeAll(async () => {
  files = await loadedBy("firmware/main.ts", "firmware/run.ts");
});

// Each of them would stay in the supervisor's memory for as long as the machine runs.
test.each([
  "simulator/",
  "src/upstream/session.ts",
  "src/hashing/miner.ts",
  "node_modules/yaml/",
  "firmware/cli/operator-commands/",
])("the supervisor of a machine is loaded without %s", (part) => {
  expect(files.filter((file) => file.startsWith(part))).toEqual([]);
});

test("it is loaded with what it starts the guard and the operator with", () => {
  expect(files).toContain("firmware/supervisor.ts");
  expect(files).toContain("firmware/operator/operator-keeper.ts");
});

/** Everything that these reach without an import() on the way. */
async function loadedBy(...entryPoints: string[]): Promise<readonly string[]> {
  const { metafile } = await build({
    ...esbuildOptions("0.0.0"),
    absWorkingDir: fileURLToPath(new URL("../..", import.meta.url)),
    entryPoints,
    outdir: "unwritten",
    write: false,
    metafile: true,
  });
  const reached = new Set<string>();
  const follow = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const { path, kind, external } of metafile.inputs[file]?.imports ?? [])
      if (kind !== "dynamic-import" && external !== true) follow(path);
  };
  for (const entry of entryPoints) follow(entry);
  return [...reached];
}
