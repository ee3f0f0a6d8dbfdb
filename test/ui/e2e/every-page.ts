/** What has to hold on every page: nothing for axe to complain about, no sideways scrolling. */
import { accessibilityProblems } from "../support/accessibility.ts";
import { goTo, pages, themes, wear, widthsPx } from "../support/pages.ts";
import type { Scene } from "./scene.ts";
import { expectNone } from "./steps.ts";

export async function checkEveryPage({ page, root }: Scene): Promise<void> {
  const problems: string[] = [];
  for (const width of widthsPx)
    for (const theme of themes) {
      await page.setViewportSize({ width, height: 800 });
      await wear(page, theme);
      for (const [name, hash] of pages) {
        await goTo(page, hash);
        if ((await page.getByRole("heading", { level: 1 }).count()) !== 1)
          problems.push(`${name}: not exactly one h1`);
        for (const problem of await accessibilityProblems(page, root))
          problems.push(`${name}, ${theme}, ${width} px: ${problem}`);
      }
    }
  await wear(page, "light");
  await page.setViewportSize({ width: 1440, height: 900 });
  expectNone(problems, "axe");
}

const NARROW_PX = 320;

export async function checkNarrow({ page }: Scene): Promise<void> {
  await page.setViewportSize({ width: NARROW_PX, height: 640 });
  const wide: string[] = [];
  for (const [name, hash] of pages) {
    await goTo(page, hash);
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    if (width > NARROW_PX) wide.push(`${name}: ${width} px`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  expectNone(wide, "too wide");
}
