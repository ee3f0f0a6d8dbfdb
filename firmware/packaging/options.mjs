/** SOURCE_DATE_EPOCH (reproducible-builds.org) where a packager sets it. */
function builtUnixSeconds() {
  const epoch = Number(process.env.SOURCE_DATE_EPOCH);
  return Number.isSafeInteger(epoch) && epoch > 0 ? epoch : Math.floor(Date.now() / 1_000);
}

/** esbuild options shared by the build and by the runner of benches and interop. */
export function esbuildOptions(version) {
  return {
    bundle: true,
    platform: "node",
    target: "node20.11",
    format: "esm",
    // jsonc-parser's "main" is a UMD file whose inner requires esbuild cannot see; its "module" bundles.
    mainFields: ["module", "main"],
    // Native add-ons are optional and loaded on first use, so they cannot be inside a bundle.
    external: ["serialport", "koffi", "i2c-bus", "onoff"],
    define: {
      "process.env.ASICD_VERSION": JSON.stringify(version),
      // No clock of a machine on which this program runs can be right and earlier.
      "process.env.ASICD_BUILT_UNIX_SECONDS": JSON.stringify(`${builtUnixSeconds()}`),
    },
    // CommonJS dependencies inside the ESM bundle (pino) call require for node: modules.
    banner: {
      js: 'import { createRequire as createRequireForBundle } from "node:module"; const require = createRequireForBundle(import.meta.url);',
    },
    logLevel: "warning",
  };
}

/** What a packaged build has instead of source maps. Measured in README.md. */
export const releaseOptions = {
  minifyWhitespace: true,
  minifySyntax: true,
  // Each process keeps the text of what it loads: what several share is a file of its own, read by those who need it.
  splitting: true,
  chunkNames: "part-[hash]",
  // An error that nobody caught prints its whole line.
  lineLimit: 120,
  // All licences are in LICENSES.txt.
  legalComments: "none",
};
