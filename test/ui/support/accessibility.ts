/** axe-core in the page: what it finds against WCAG 2.2 A and AA, and its own best practices. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "playwright-core";

interface Finding {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly {
    readonly target: readonly string[];
    readonly failureSummary: string;
  }[];
}

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

let source: string | undefined;

/** In words, one for each element; empty: nothing to complain about. */
export async function accessibilityProblems(page: Page, root: string): Promise<string[]> {
  source ??= readFileSync(
    createRequire(join(root, "package.json")).resolve("axe-core/axe.min.js"),
    "utf8",
  );
  // Past the policy of the page, which would let no script of ours in: through the debugger.
  await page.evaluate(source);
  const findings = await page.evaluate<readonly Finding[]>(
    `axe.run(document, { runOnly: ${JSON.stringify(TAGS)} }).then(({ violations }) => violations)`,
  );
  return findings.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) =>
        `${id}: ${help}: ${target.join(" ")}: ${failureSummary.replace(/\s+/g, " ").slice(0, 240)}`,
    ),
  );
}
