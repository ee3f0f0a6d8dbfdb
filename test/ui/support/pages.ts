/** Every page that there is to look at, by the name of its picture. */
import type { Page } from "playwright-core";
import { untilQuiet } from "./quiet-page.ts";

export const pages: readonly (readonly [name: string, hash: string])[] = [
  ["overview", "#/overview"],
  ["boards", "#/boards"],
  ["board", "#/boards/0"],
  ["chip", "#/boards/0/17"],
  ["pools", "#/pools"],
  ["cooling", "#/cooling"],
  ["events", "#/events"],
  ["settings", "#/settings/general"],
  ["settings-pools", "#/settings/pools"],
  ["settings-machine", "#/settings/machine"],
  ["settings-api", "#/settings/api"],
  ["settings-mqtt", "#/settings/mqtt"],
  ["system", "#/system/device"],
  ["access", "#/system/access"],
  ["backup", "#/system/backup"],
  ["log", "#/system/logs"],
  ["about", "#/system/about"],
];

export const themes = ["light", "dark"] as const;
export type Theme = (typeof themes)[number];

export const widthsPx = [360, 1440] as const;

export const PASSWORD = "correct horse battery";

/** The address alone, so that the document stays; then until what it asks for is there. */
export async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await page.locator("main .content").waitFor();
  await untilQuiet(page);
}

export async function wear(page: Page, theme: Theme): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
}

/** Sets the password of a machine that has none, and leaves the rest as it is. */
export async function passFirstRun(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("New password").fill(PASSWORD);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Keep what is set up" }).click();
  await page.getByRole("button", { name: "Skip this step" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
}
