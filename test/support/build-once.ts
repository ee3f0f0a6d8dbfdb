import { execFileSync } from "node:child_process";

/** Worker threads and end-to-end tests run the bundles in dist/, so they are built once before any test. */
export function setup(): void {
  execFileSync(process.execPath, ["firmware/packaging/build.mjs", "--quiet"], { stdio: "inherit" });
}
