/** Makes a program for a child process: what only shows when a process ends, or when it lacks a package. */

import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { onTestFinished } from "vitest";

/** Bundles `source`, whose imports are relative to the project's root; returns the file to run. Gone after the test. */
export async function bundleForChild(
  source: string,
  options: { readonly withPackages?: boolean } = {},
): Promise<string> {
  const root = resolve(import.meta.dirname, "../..");
  const folder = mkdtempSync(join(tmpdir(), "asicd-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  if (options.withPackages ?? true)
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const outfile = join(folder, "program.mjs");
  await build({
    stdin: { contents: source, resolveDir: root, loader: "ts" },
    outfile,
    bundle: true,
    platform: "node",
    target: "node20.11",
    format: "esm",
    external: ["serialport", "koffi", "i2c-bus", "onoff"],
    logLevel: "error",
  });
  return outfile;
}
