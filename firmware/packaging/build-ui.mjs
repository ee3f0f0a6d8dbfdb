// Bundles the web page into <outdir>: one script, one style sheet, an icon and the document that loads them.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** Of everything that a browser loads: the flash of a control board and a phone's radio are small. */
const MAX_GZIP_BYTES = 150_000;

/** A build that still runs may want what an older one wrote; what is this old, nobody wants. */
const KEEP_OLD_MS = 60_000;

/** Throws Error where the page has outgrown its budget. */
export async function buildUi(root, { outdir, version, quiet = false }) {
  const { metafile } = await build({
    absWorkingDir: root,
    // Names that change with the content may be kept by browsers for ever.
    entryPoints: { app: "src/ui/main.tsx", style: "src/ui/style/main.css" },
    entryNames: "[name]-[hash]",
    outdir,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    // The Chromium, Firefox and Safari of three years ago.
    target: ["chrome114", "firefox115", "safari16.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    define: { ASICD_UI_VERSION: JSON.stringify(version) },
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  });
  const written = Object.keys(metafile.outputs).map((path) => basename(path));
  const nameOf = (start, end) =>
    written.find((name) => name.startsWith(start) && name.endsWith(end)) ?? "";

  mkdirSync(outdir, { recursive: true });
  const document = readFileSync(join(root, "src/ui/index.html"), "utf8")
    .replace("{{script}}", nameOf("app-", ".js"))
    .replace("{{style}}", nameOf("style-", ".css"));
  writeFileSync(join(outdir, "index.html"), document);
  writeFileSync(join(outdir, "icon.svg"), readFileSync(join(root, "src/ui/icon.svg")));

  const names = [...written, "index.html", "icon.svg"];
  removeOld(outdir, names);
  const gzipBytes = names
    .map((name) => gzipSync(readFileSync(join(outdir, name)), { level: 9 }).length)
    .reduce((total, bytes) => total + bytes, 0);
  if (!quiet) process.stdout.write(`page ${(gzipBytes / 1_000).toFixed(1)} kB gzip\n`);
  if (gzipBytes > MAX_GZIP_BYTES)
    throw new Error(`the page is ${gzipBytes} bytes gzip; its budget is ${MAX_GZIP_BYTES}`);
  return { gzipBytes, files: names };
}

function removeOld(outdir, names) {
  for (const name of readdirSync(outdir)) {
    if (names.includes(name)) continue;
    const path = join(outdir, name);
    const ageMs = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (ageMs > KEEP_OLD_MS) rmSync(path, { force: true });
  }
}
