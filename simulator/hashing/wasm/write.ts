/** Writes search-module.ts anew; to be run from the project's folder after a change of assemble.ts, as README.md says. */
import { writeFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { assembleSearchModule } from "./assemble.ts";

const base64 = deflateRawSync(assembleSearchModule(), { level: 9 }).toString("base64");
writeFileSync(
  "simulator/hashing/wasm/search-module.ts",
  `/** Made by assemble.ts, which is its source: do not edit. The module, deflated, as base64. */
export const searchModuleDeflated =
  "${base64}";
`,
);
