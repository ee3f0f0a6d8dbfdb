/** Settings: what would change is seen first, what was changed can be taken back. */
import type { Locator, Page } from "playwright-core";
import { freePort } from "../../interop/ports.ts";
import { goTo } from "../support/pages.ts";
import { untilQuiet } from "../support/quiet-page.ts";
import type { Scene } from "./scene.ts";
import { expectEqual } from "./steps.ts";

export async function changeSettings({ page }: Scene): Promise<void> {
  await goTo(page, "#/settings/api");
  const hours = page.getByLabel("Session length");
  expectEqual(await hours.inputValue(), "24", "session length");
  await hours.fill("100000");
  await page.getByText("At most 720").waitFor();
  await hours.fill("48");
  await page.getByText("One change, not saved").waitFor();
  await page.getByRole("button", { name: "Review" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("api.sessionHours").waitFor();
  expectEqual(await dialog.locator(".before").allInnerTexts(), ["24"], "before");
  expectEqual(await dialog.locator(".after").allInnerTexts(), ["48"], "after");
  await dialog.getByRole("button", { name: "Apply" }).click();
  await page.getByText("Saved and in force").waitFor();
  await goTo(page, "#/settings/general");
  await goTo(page, "#/settings/api");
  expectEqual(await hours.inputValue(), "48", "session length after saving");
  await page.getByRole("button", { name: "Undo the last change" }).click();
  await page.getByText("The earlier settings are in force again").first().waitFor();
  await holds(hours, "24");
}

/** Page and API restart for it; who has the page open sees it go and come. */
export async function changeName({ page, machine }: Scene): Promise<void> {
  await goTo(page, "#/settings/general");
  await page.getByLabel("Name", { exact: true }).fill("cellar");
  await page.getByRole("button", { name: "Review" }).click();
  await machine.restarting(async () => {
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("banner").getByText("cellar").waitFor();
  });
  const name = page.getByLabel("Name", { exact: true });
  await holds(name, "cellar");
  await page.getByText("not saved").waitFor({ state: "detached" });
  await isBack(page);
}

/** The page has noticed the loss by then: its stream ended before the next server started. */
async function isBack(page: Page): Promise<void> {
  await page.getByText("Connection lost at").waitFor({ state: "detached" });
  await untilQuiet(page);
}

export async function changeThatCutsOff({ page, machine }: Scene): Promise<void> {
  await goTo(page, "#/settings/api");
  const listen = page.getByLabel("Listen on");
  const before = await listen.inputValue();
  await listen.fill(`${before}\n127.0.0.1:${await freePort()}`);
  await listen.blur();
  await page.getByRole("button", { name: "Review" }).click();
  await page.getByRole("dialog").getByText("This can cut you off").waitFor();
  const pending = page.getByRole("region", { name: "Can you still reach the machine?" });
  await machine.restarting(async () => {
    await page.getByRole("button", { name: "Apply" }).click();
    await pending.getByRole("timer").waitFor();
  });
  await machine.restarting(async () => {
    await pending.getByRole("button", { name: "Undo now" }).click();
    await pending.waitFor({ state: "detached" });
  });
  await isBack(page);
  await holds(listen, before);
}

/** The form asks the device again, which takes a moment. */
async function holds(field: Locator, value: string): Promise<void> {
  const page = field.page();
  for (let i = 0; i < 50 && (await field.inputValue()) !== value; i++)
    await page.waitForTimeout(100);
  expectEqual(await field.inputValue(), value, "after taking back");
}

export async function movePools({ page }: Scene): Promise<void> {
  await goTo(page, "#/pools");
  await page.getByRole("button", { name: "Add a pool" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Address").fill("stratum+tcp://pool.example.com:3333");
  await dialog.getByLabel("User").fill("asicd.two");
  await dialog.getByRole("textbox", { name: "Password" }).fill("planted-pool-password");
  await dialog.getByLabel("Name").fill("away");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "2. away" }).waitFor();
  await page.getByRole("button", { name: "Move away up" }).click();
  await page.getByRole("heading", { name: "1. away" }).waitFor();
  const away = page.getByRole("listitem").filter({ hasText: "1. away" });
  await away.getByRole("button", { name: "Disable" }).click();
  await away.getByRole("button", { name: "Enable" }).click();
  await away.getByRole("button", { name: "Disable" }).waitFor();
  const home = page.getByRole("listitem").filter({ hasText: "2. home" });
  await home.getByRole("button", { name: "Use first" }).click();
  await page.getByRole("heading", { name: "1. home" }).waitFor();
  if ((await page.content()).includes("planted-pool-password"))
    throw new Error("the page holds a password that was stored");
}
