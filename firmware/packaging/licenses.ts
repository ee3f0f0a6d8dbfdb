/** The licences of everything inside, as those licences ask. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Repository } from "./repository.ts";
import type { Say } from "./run-program.ts";
import { packageFolder } from "./runtime-packages.ts";
import type { TargetFacts } from "./targets.ts";

/** One text for all: equal licences once, with all the packages that have them. */
export function licenseTexts(
  repository: Repository,
  facts: TargetFacts,
  packages: readonly string[],
  say: Say,
): string {
  const byText = new Map<string, string[]>();
  for (const key of packages) {
    const locked = repository.lock.packages[key];
    const name = `${key.slice(key.lastIndexOf("node_modules/") + "node_modules/".length)} ${locked?.version}`;
    const folder = packageFolder(repository, facts, key, say);
    const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text =
      file === undefined
        ? `Licence: ${locked?.license} (its package holds no text)`
        : readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim();
    byText.set(text, [...(byText.get(text) ?? []), name]);
  }
  return [...byText].map(([text, names]) => `${names.join("\n")}\n\n${text}\n`).join(`\n${RULE}\n`);
}

const RULE = "=".repeat(78);
