/** Another version over the page: refused, taken, started on trial, settled, and back. */
import type { Page } from "playwright-core";
import { goTo, passFirstRun } from "../support/pages.ts";
import { untilQuiet } from "../support/quiet-page.ts";
import type { UpdatableMachine } from "../support/updatable-machine.ts";
import { looksWell } from "./looks.ts";
import { expectEqual } from "./steps.ts";

/** It is checked, unpacked and started for a moment; two cores may have other work. */
const STAGED_WITHIN_MS = 60_000;
const RESTARTED_WITHIN_MS = 60_000;
/** A minute without a fault (src/update/health.ts), and the next look. */
const SETTLED_WITHIN_MS = 120_000;

export interface UpdateScene {
  readonly page: Page;
  readonly machine: UpdatableMachine;
  readonly root: string;
}

const cardOf = (page: Page) => page.getByRole("region", { name: "Update", exact: true });

export async function seeVersion({ page, machine }: UpdateScene): Promise<void> {
  await passFirstRun(page, machine.url);
  await goTo(page, "#/system/device");
  expectEqual(await facts(page), ["Runs now: 0.1.0"], "versions");
  await cardOf(page).getByLabel("Update file (.update for x64)").waitFor();
  if ((await page.locator(".shell.is-old").count()) > 0)
    throw new Error("the page is grey because of a guard that it does not show");
}

export async function refuseFiles(scene: UpdateScene): Promise<void> {
  const { page, machine } = scene;
  const damaged = machine.update("0.2.0");
  damaged.writeUInt8(damaged.readUInt8(damaged.length - 1_000) ^ 1, damaged.length - 1_000);
  const files: readonly (readonly [file: Buffer, words: string, detail: string])[] = [
    [
      machine.update("0.2.0", { manifest: { target: "arm64" } }),
      "This update is for another kind of machine.",
      "is for arm64; allowed: this machine runs asicd for x64",
    ],
    [damaged, "This file is damaged or not whole.", "has the SHA-256"],
    [Buffer.alloc(5_000_000, "no"), "This file is no update of asicd.", "asicd-<version>"],
    [machine.update("0.1.0"), "This version is not newer", "not newer than 0.1.0"],
  ];
  for (const [file, words, detail] of files) {
    await choose(page, file);
    const alert = cardOf(page).getByRole("alert");
    await alert.getByText(words).waitFor();
    const said = await alert.innerText();
    if (said.split(detail).length !== 2) throw new Error(`not told exactly once: ${said}`);
  }
  await looksWell(scene, "refused");
  await keepsFocus(page);
}

export async function discardStaged(scene: UpdateScene): Promise<void> {
  const { page } = scene;
  const older = cardOf(page).getByLabel("Take the same or an older version, too");
  await older.check();
  await stage(scene);
  if (await older.isChecked()) throw new Error("the next file may be older unnoticed");
  await cardOf(page).getByText("Version 0.2.0 is checked: signed by a trusted key").waitFor();
  await cardOf(page)
    .getByText(/^versions\/0\.2\.0-[0-9a-f]{8}$/)
    .waitFor();
  expectEqual(await facts(page), ["Runs now: 0.1.0", "Lies beside: 0.2.0"], "versions");
  await looksWell(scene, "staged");
  const discard = cardOf(page).getByRole("button", { name: "Discard it" });
  await discard.focus();
  await page.keyboard.press("Enter");
  await discard.waitFor({ state: "detached" });
  await keepsFocus(page);
  expectEqual(await facts(page), ["Runs now: 0.1.0"], "versions after discarding");
}

/** The document stays, as an operator's does. */
export async function startOnTrial(scene: UpdateScene): Promise<void> {
  const { page } = scene;
  await stage(scene);
  await cardOf(page).getByRole("button", { name: "Start 0.2.0" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("the one before comes back by itself").waitFor();
  await looksWell(scene, "asked");
  await dialog.getByRole("button", { name: "Start 0.2.0" }).click();
  await cardOf(page).getByText("The page is away for a moment.").waitFor();
  await restartedAs(scene, "0.2.0");
  await cardOf(page).getByText("Version 0.2.0 has to prove itself").waitFor();
  // After the first look at itself.
  await cardOf(page)
    .getByText(/^So far: .+\. Decided within (9|10)\smin/)
    .waitFor({ timeout: RESTARTED_WITHIN_MS });
  if ((await cardOf(page).getByLabel("Update file").count()) > 0)
    throw new Error("the next update is offered while one is on trial");
  await looksWell(scene, "on trial");
  await page.getByText("This page is of another version than the device (0.2.0).").waitFor();
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByText("This page is of another version").waitFor({ state: "detached" });
  expectEqual(await facts(page), ["Runs now: 0.2.0", "Before it: 0.1.0"], "versions on trial");
}

export async function settles(scene: UpdateScene): Promise<void> {
  const { page } = scene;
  await cardOf(page)
    .getByText("Version 0.2.0 has proven itself and stays")
    .waitFor({ timeout: SETTLED_WITHIN_MS });
  expectEqual(await cardOf(page).getByText("has to prove itself").count(), 0, "trial");
  await cardOf(page).getByLabel("Update file").waitFor();
  await looksWell(scene, "settled");
}

export async function goBack(scene: UpdateScene): Promise<void> {
  const { page } = scene;
  await cardOf(page).getByRole("button", { name: "Go back to 0.1.0" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("with the settings of its time").waitFor();
  await dialog.getByRole("button", { name: "Go back to 0.1.0" }).click();
  await restartedAs(scene, "0.1.0");
  await cardOf(page)
    .getByText("Version 0.2.0 gave way to the one before it")
    .waitFor({ timeout: RESTARTED_WITHIN_MS });
  await cardOf(page).getByText("an operator asked for it").waitFor();
  expectEqual(await facts(page), ["Runs now: 0.1.0"], "versions after going back");
  await looksWell(scene, "gone back");
}

async function stage({ page, machine }: UpdateScene): Promise<void> {
  await choose(page, machine.update("0.2.0"));
  await cardOf(page)
    .getByRole("button", { name: "Start 0.2.0" })
    .waitFor({ timeout: STAGED_WITHIN_MS });
}

async function choose(page: Page, buffer: Buffer): Promise<void> {
  const field = cardOf(page).getByLabel("Update file");
  // As a click on it does.
  await field.focus();
  await field.setInputFiles({ name: "asicd.update", mimeType: "application/octet-stream", buffer });
}

/** Whose page it is after that is said by the stream, which has found its way back by itself. */
async function restartedAs({ page }: UpdateScene, version: string): Promise<void> {
  const timeout = RESTARTED_WITHIN_MS;
  const runs = cardOf(page).locator("dl > div").filter({ hasText: "Runs now" });
  await runs.getByText(version, { exact: true }).waitFor({ timeout });
  await page.getByText("Connection lost at").waitFor({ state: "detached", timeout });
  await cardOf(page).getByText("The page is away").waitFor({ state: "detached", timeout });
  // Still logged in.
  await page.getByRole("button", { name: "Log out" }).waitFor();
}

async function facts(page: Page): Promise<string[]> {
  await untilQuiet(page);
  const rows = await cardOf(page).locator("dl > div").allInnerTexts();
  return rows.map((row) => row.trim().replace(/\s*\n\s*/, ": "));
}

async function keepsFocus(page: Page): Promise<void> {
  await untilQuiet(page);
  const isInside = 'document.activeElement.closest("section.card") !== null';
  if (!(await page.evaluate<boolean>(isInside))) throw new Error("the focus is lost");
}
