/** The scenarios that come with the program, and files of the operator's own. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../src/lib/errors.ts";
import { nearest } from "../../src/lib/nearest.ts";
import { readScenario } from "./read.ts";
import type { Scenario } from "./scenario.ts";

/** Beside this file in the sources, beside the program when it is bundled. */
const FOLDERS = ["files", "scenarios"].map((name) => join(import.meta.dirname, name));
const ENDING = /\.(ya?ml|json)$/;

/** Names without ending, sorted; empty where the files were not installed. */
export function shippedNames(): readonly string[] {
  const folder = shippedFolder();
  if (folder === undefined) return [];
  return readdirSync(folder)
    .filter((file) => ENDING.test(file))
    .map((file) => file.replace(ENDING, ""))
    .sort();
}

/** `wanted`: "all", names of shipped scenarios, or paths. Throws ConfigError with everything that is wrong with all of them. */
export function loadScenarios(wanted: readonly string[]): readonly Scenario[] {
  const shipped = shippedNames();
  const names = wanted.flatMap((name) => (name === "all" ? shipped : [name]));
  const scenarios: Scenario[] = [];
  const problems = names.flatMap((name) => {
    try {
      scenarios.push(loadScenario(name, shipped));
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
  });
  if (wanted.includes("all") && shipped.length === 0)
    problems.push({ path: "--script all", problem: "no scenarios are installed with the program" });
  if (problems.length > 0) throw new ConfigError(problems);
  return scenarios;
}

function loadScenario(name: string, shipped: readonly string[]): Scenario {
  const folder = shippedFolder();
  if (folder !== undefined && shipped.includes(name)) {
    const file = `${name}.yaml`;
    return readScenario(readFileSync(join(folder, file), "utf8"), file);
  }
  const path = `--script ${name}`;
  if (!existsSync(name)) {
    const meant = nearest(name, shipped);
    throw new ConfigError([
      {
        path,
        problem: `no such file, and no shipped scenario${meant === undefined ? "" : `; did you mean ${meant}?`}`,
        allowed: 'a path, a name that "--script list" shows, or all',
      },
    ]);
  }
  let text: string;
  try {
    text = readFileSync(name, "utf8");
  } catch (error) {
    throw new ConfigError([
      { path, problem: error instanceof Error ? error.message : String(error) },
    ]);
  }
  return readScenario(text, name);
}

function shippedFolder(): string | undefined {
  return FOLDERS.find((folder) => existsSync(folder));
}
