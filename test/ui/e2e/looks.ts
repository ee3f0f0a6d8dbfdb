/** What a scene asks of how the page looks where it stands. */
import type { Page } from "playwright-core";
import { accessibilityProblems } from "../support/accessibility.ts";
import { widthsPx } from "../support/pages.ts";
import { expectNone } from "./steps.ts";

/** Neither wider than the window nor anything for axe to find, on a phone and on a desk, where it is left. */
export async function looksWell(
  { page, root }: { readonly page: Page; readonly root: string },
  what: string,
): Promise<void> {
  const problems: string[] = [];
  for (const width of widthsPx) {
    await page.setViewportSize({ width, height: 900 });
    const found = await page.evaluate<number>("document.documentElement.scrollWidth");
    if (found > width) problems.push(`${what}: ${found} px wide at ${width}`);
    for (const problem of await accessibilityProblems(page, root))
      problems.push(`${what}, ${width} px: ${problem}`);
  }
  expectNone(problems, "looks");
}
