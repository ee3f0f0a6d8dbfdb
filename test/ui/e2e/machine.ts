/** What happens to the machine, as the page shows it. */
import { goTo } from "../support/pages.ts";
import { untilQuiet } from "../support/quiet-page.ts";
import type { Scene } from "./scene.ts";
import { expectEqual } from "./steps.ts";

/** Three boards come up first, and it takes a while until they are that hot. */
const HOT_WITHIN_MS = 150_000;

export async function pauseAndResume({ page }: Scene): Promise<void> {
  await goTo(page, "#/overview");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("banner").getByText("Paused").waitFor();
  await page.locator(".sentence").getByText("Paused by the operator").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("banner").getByText("Paused").waitFor({ state: "detached" });
}

export async function overheat({ page, machine }: Scene): Promise<void> {
  await goTo(page, "#/overview");
  await machine.overheat();
  const banner = page.locator(".problem-row").filter({ hasText: "Board rests" });
  await banner.filter({ hasText: "dangerous" }).first().waitFor({ timeout: HOT_WITHIN_MS });
  await page.getByRole("link", { name: "Events" }).first().click();
  const event = page
    .getByRole("main")
    .getByRole("listitem")
    .filter({ hasText: /dangerous/ });
  await event.filter({ hasText: "protection" }).first().waitFor();
}

/** Its power stays off: what for is read before it may have it again. */
export async function clearLatch({ page, machine }: Scene): Promise<void> {
  await goTo(page, "#/overview");
  await machine.latch?.();
  const banner = page.getByRole("alert").filter({ hasText: "Board locked off" });
  await banner.getByRole("button", { name: "Look and clear" }).click();
  await page.getByRole("dialog").getByText("Clear it only when the cause is gone.").waitFor();
  await page.getByRole("button", { name: "The cause is gone: clear" }).click();
  await page.getByText("Cleared: the board may have power again").waitFor();
}

/** What was typed and not saved outlives it. */
export async function loseConnection({ page, machine }: Scene): Promise<void> {
  await goTo(page, "#/settings/general");
  const name = page.getByLabel("Name", { exact: true });
  await name.fill("attic");
  await page.getByRole("button", { name: "Review" }).waitFor();
  await machine.goAway();
  await page.getByText("Connection lost at").waitFor({ timeout: 30_000 });
  if ((await page.locator(".shell.is-old").count()) !== 1) throw new Error("the page is not grey");
  await machine.comeBack();
  await page.getByText("Connection lost at").waitFor({ state: "detached", timeout: 60_000 });
  // The page asks for everything again.
  await untilQuiet(page);
  expectEqual(await name.inputValue(), "attic", "what was typed");
  await page.getByRole("button", { name: "Discard" }).click();
  if ((await name.inputValue()) === "attic") throw new Error("it cannot be discarded");
}
