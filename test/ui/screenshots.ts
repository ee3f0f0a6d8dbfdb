/**
 * Pictures of every page in both themes, on a phone and on a desk: `npm run screenshots [-- FOLDER [PAGE]]`.
 * With --readme only those of the README, into their place.
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";
import { openBrowser } from "./support/browser.ts";
import { pageMachine } from "./support/page-machine.ts";
import { goTo, pages, passFirstRun, themes, wear, widthsPx } from "./support/pages.ts";
import { openQuietPage, untilQuiet } from "./support/quiet-page.ts";
import { updatableMachine } from "./support/updatable-machine.ts";

const root = process.cwd();
const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const isForReadme = process.argv.includes("--readme");
const folder = isForReadme ? join(root, "src/ui/pictures") : (words[0] ?? "screenshots");
const only = words[1];
mkdirSync(folder, { recursive: true });

await using machine = await pageMachine(root, join(root, "dist/ui"));
await using browser = await openBrowser();
const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC" });
const page = await openQuietPage(context);
await page.setViewportSize({ width: 360, height: 740 });
await wear(page, "light");
await page.goto(machine.url);
await page.getByRole("heading", { level: 1 }).waitFor();
if (!isForReadme) await whole(page, "first-run-light-360");
await passFirstRun(page, machine.url);
if (isForReadme) await takeForReadme();
else await takeAll();
await context.close();
if (!isForReadme && (only === undefined || only === "update")) await takeUpdate();
process.stdout.write(`pictures in ${resolve(folder)}\n`);

async function takeAll(): Promise<void> {
  for (const width of widthsPx)
    for (const theme of themes) {
      await page.setViewportSize({ width, height: width < 600 ? 740 : 900 });
      await wear(page, theme);
      for (const [name, hash] of pages) {
        if (only !== undefined && name !== only) continue;
        await goTo(page, hash);
        await whole(page, `${name}-${theme}-${width}`);
      }
    }
  if (only !== undefined) return;
  await goTo(page, "#/overview");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("banner").getByText("Paused").waitFor();
  await whole(page, "paused-dark-1440");
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("banner").getByText("Paused").waitFor({ state: "detached" });
  await machine.latch?.();
  await page.getByText("Board locked off").waitFor();
  await whole(page, "locked-off-dark-1440");
  await machine.goAway();
  await page.getByText("Connection lost").waitFor();
  await whole(page, "lost-dark-1440");
}

/** A version that waits to be started: no recording can be updated. */
async function takeUpdate(): Promise<void> {
  await using launched = await updatableMachine(root);
  const own = await browser.newContext({ locale: "en-GB", timezoneId: "UTC" });
  const updated = await openQuietPage(own);
  await passFirstRun(updated, launched.url);
  await goTo(updated, "#/system/device");
  await updated.getByLabel("Update file").setInputFiles({
    name: "asicd.update",
    mimeType: "application/octet-stream",
    buffer: launched.update("0.2.0"),
  });
  await updated.getByRole("button", { name: "Start 0.2.0" }).waitFor();
  for (const width of widthsPx)
    for (const theme of themes) {
      await updated.setViewportSize({ width, height: width < 600 ? 740 : 900 });
      await wear(updated, theme);
      await whole(updated, `update-${theme}-${width}`);
    }
  await own.close();
}

/** What fits on a screen, small enough for a repository. */
async function takeForReadme(): Promise<void> {
  const wanted = [
    ["overview", "#/overview", "light", 1440, 900],
    ["boards", "#/boards", "light", 1440, 900],
    ["overview", "#/overview", "dark", 360, 740],
  ] as const;
  for (const [name, hash, theme, width, height] of wanted) {
    await page.setViewportSize({ width, height });
    await wear(page, theme);
    await goTo(page, hash);
    await page.screenshot({ path: join(folder, `${name}-${theme}-${width}.png`) });
  }
}

/** In one view as high as the page: what sticks to an edge of the screen is at its edge of the picture. */
async function whole(of: Page, name: string): Promise<void> {
  const before = of.viewportSize();
  const height = await of.evaluate<number>("document.documentElement.scrollHeight");
  if (before !== null) await of.setViewportSize({ width: before.width, height });
  await untilQuiet(of);
  await of.screenshot({ path: join(folder, `${name}.png`) });
  if (before !== null) await of.setViewportSize(before);
}
