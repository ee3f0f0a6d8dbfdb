/** Starts a staged version for a moment, to see whether Node can load it and whether it takes the settings in force. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { printable } from "../../src/lib/bytes.ts";
import { UpdateError } from "../../src/update/update-error.ts";
import { TREE_PROGRAM } from "./slots.ts";

/** A bundle takes 6 s from cold flash on a Cortex-A9 [?]. */
const WITHIN_MS = 60_000;
const SAID_BYTES = 65_536;

/** Rejects with UpdateError and what it said. */
export async function preflight(
  folder: string,
  version: string,
  configFile: string,
): Promise<void> {
  const said = await start(folder, ["--version"]);
  if (!said.includes(version))
    throw refuse(`says that it is "${printable(said.trim(), 80)}"`, `asicd ${version}`);
  // Without settings there is nothing that could not fit.
  if (existsSync(configFile)) await start(folder, ["run", "--config", configFile, "--check"]);
}

function start(folder: string, words: readonly string[]): Promise<string> {
  const program = join(folder, TREE_PROGRAM);
  const { ASICD_LAUNCHED: _, ASICD_TRIAL: __, ...env } = process.env;
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [program, ...words],
      { timeout: WITHIN_MS, killSignal: "SIGKILL", maxBuffer: SAID_BYTES, env },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const why = error.killed === true ? "does not end" : `ends with ${error.code}`;
        const last = printable(stderr.trim().split("\n").slice(-3).join("; "), 400);
        reject(refuse(`${words[0]}: ${why}: ${last}`, "a version that starts here"));
      },
    );
  });
}

function refuse(problem: string, allowed: string): UpdateError {
  return new UpdateError("not-fit", { path: "the new version", problem, allowed });
}
