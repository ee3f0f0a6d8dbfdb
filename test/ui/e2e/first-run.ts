/** The first minutes with a machine, and coming back to it. */

import { accessibilityProblems } from "../support/accessibility.ts";
import { PASSWORD } from "../support/pages.ts";
import type { Scene } from "./scene.ts";
import { expectNone } from "./steps.ts";

/** Port 1 is that of a service that no machine of today offers (tcpmux, RFC 1078). */
const NO_POOL = "stratum+tcp://127.0.0.1:1";

export async function firstRun({ page, machine, root }: Scene): Promise<void> {
  await page.goto(machine.url);
  await page.getByRole("heading", { name: "Set a password" }).waitFor();
  expectNone(await accessibilityProblems(page, root), "axe");
  await page.getByLabel("New password").fill("short");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("At least 8 characters", { exact: true }).waitFor();
  await page.getByLabel("New password").fill(PASSWORD);
  await page.getByRole("button", { name: "Continue" }).click();

  await page.getByRole("heading", { name: "Where shall it mine?" }).waitFor();
  const address = page.getByLabel("Address");
  await address.fill(NO_POOL);
  await page.getByLabel("User").fill("asicd.one");
  await page.getByRole("button", { name: "Test the connection" }).click();
  await page.getByText("This pool does not give work.").waitFor();
  await address.fill(machine.poolUrl);
  await page.getByLabel("Name").fill("home");
  await page.getByRole("button", { name: "Test the connection" }).click();
  await page.getByText("This pool gives work.").waitFor();
  expectNone(await accessibilityProblems(page, root), "axe");
  await page.getByRole("button", { name: "Save and continue" }).click();

  await page.getByRole("heading", { name: "Give it a name" }).waitFor();
  await page.getByLabel("Name").fill("garage");
  await machine.restarting(async () => {
    await page.getByRole("button", { name: "Finish" }).click();
    await page.getByRole("banner").getByText("garage").waitFor();
  });
  await page.getByText("Simulated hardware.").waitFor();
}

export async function loginAndOut({ page }: Scene): Promise<void> {
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("button", { name: "Log in" }).waitFor();
  if ((await page.getByRole("button", { name: "Pause" }).count()) > 0)
    throw new Error("somebody who is not logged in is offered to pause");
  await page.getByRole("link", { name: "Settings" }).first().click();
  await page.getByRole("heading", { name: "Log in to go on" }).waitFor();
  const password = page.getByRole("textbox", { name: "Password" });
  await password.fill("wrong horse");
  await page.getByRole("main").getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").filter({ hasText: "not the password" }).waitFor();
  await password.fill(PASSWORD);
  await page.getByRole("main").getByRole("button", { name: "Log in" }).click();
  await page.getByLabel("Name", { exact: true }).waitFor();
}
