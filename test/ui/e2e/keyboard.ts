/** Without a mouse, and in another language. */
import { goTo } from "../support/pages.ts";
import type { Scene } from "./scene.ts";
import { expectEqual } from "./steps.ts";

const focused = "document.activeElement?.textContent?.trim() ?? ''";

export async function keyboard({ page }: Scene): Promise<void> {
  await goTo(page, "#/boards/0");
  await page.reload();
  await page.getByRole("heading", { name: "Board 0" }).waitFor();
  await page.keyboard.press("Tab");
  expectEqual(await page.evaluate(focused), "Skip to the content", "first stop");
  await page.keyboard.press("Enter");
  expectEqual(await page.evaluate("document.activeElement?.id"), "main", "behind the skip link");
  const chips = page.getByRole("group", { name: /Chips of board 0/ }).getByRole("link");
  await chips.first().focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Chip 2" }).waitFor();
  await page.keyboard.press("End");
  expectEqual(
    await page.evaluate("document.activeElement?.getAttribute('href')"),
    "#/boards/0/125",
    "last chip",
  );
  const appearance = page.getByRole("button", { name: "Appearance" });
  await appearance.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Appearance" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expectEqual(
    await page.evaluate("document.activeElement?.getAttribute('aria-label')"),
    "Appearance",
    "back where it was opened",
  );
}

export async function languages({ page }: Scene): Promise<void> {
  await goTo(page, "#/overview");
  await page.getByRole("button", { name: "Appearance" }).click();
  await page.getByLabel("Language").selectOption("de");
  await page.getByRole("button", { name: "Fertig" }).click();
  try {
    await page.getByRole("navigation", { name: "Seiten" }).waitFor();
    await page.getByText(/Schürft \d[\d,]*\s[kM]H\/s auf home/).waitFor();
    expectEqual(await page.evaluate("document.documentElement.lang"), "de", "lang");
  } finally {
    // Everything else speaks English.
    await page.getByRole("button", { name: "Darstellung" }).click();
    await page.getByLabel("Sprache").selectOption("en");
    await page.getByRole("button", { name: "Done" }).click();
  }
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
}
