/** First contact with a control board that several machines have: it drives nothing and asks which one it is. */
import type { Page } from "playwright-core";
import { goTo, passFirstRun } from "../support/pages.ts";
import type { UnnamedPage } from "../support/unnamed-machine.ts";
import { looksWell } from "./looks.ts";
import { expectEqual } from "./steps.ts";

export interface NamingScene {
  readonly page: Page;
  readonly machine: UnnamedPage;
  /** Of the repository. */
  readonly root: string;
}

export async function nameMachine(scene: NamingScene): Promise<void> {
  const { page, machine } = scene;
  await passFirstRun(page, machine.url);
  await goTo(page, "#/overview");
  const card = page.getByRole("region", { name: "Which machine is this?" });
  await card.getByText("this may be any of", { exact: false }).waitFor();
  const candidates = card.getByRole("listitem");
  if ((await candidates.count()) < 2) throw new Error("there is no choice");
  await looksWell(scene, "asked which one");

  const choice = card.getByRole("button", { name: "It is this one: Antminer S21", exact: true });
  await choice.click();
  const review = page.getByRole("dialog");
  await review.getByText("machine.board").waitFor();
  expectEqual(
    await review.locator("tbody tr").allInnerTexts(),
    ["machine.board\tnot set\ts21"],
    "difference",
  );
  await review.getByRole("button", { name: "Cancel" }).click();
  await review.waitFor({ state: "detached" });
  expectEqual(machine.name, undefined, "name after Cancel");
  if (!(await choice.evaluate((button) => button === button.ownerDocument.activeElement)))
    throw new Error("the focus is lost after Cancel");

  await choice.click();
  await review.getByRole("button", { name: "Apply" }).click();
  await page.getByText("Saved: the machine starts").waitFor();
  expectEqual(machine.name, "s21", "name");
}
