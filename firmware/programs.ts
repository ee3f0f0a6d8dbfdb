/** The programs of dist/, found from a bundle beside them or from the sources. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export type ProgramName =
  | MinerProgramName
  | "guard"
  | "operator"
  | "handshake-thread"
  | "simulated-guard"
  | "world";

/** The simulated one can also be blocked on purpose. */
export type MinerProgramName = "miner" | "simulated-miner";

/** Throws Error with what to do when it was not built. */
export function findProgram(name: ProgramName): string {
  return findBuilt(`${name}.js`);
}

/** A folder of dist/. Throws Error as `findProgram`. */
export function findFolder(name: "ui"): string {
  return findBuilt(name);
}

function findBuilt(file: string): string {
  const places = [`./${file}`, `../dist/${file}`].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = places.find((place) => existsSync(place));
  if (found === undefined)
    throw new Error(`${file}: not found at ${places.join(", ")}; "npm run build" makes it`);
  return found;
}
