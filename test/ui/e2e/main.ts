/**
 * The web page as an operator has it, in real Chromium: `npm run e2e`. The machine is a whole simulation; with --recorded it
 * is a recording behind the same server, which takes seconds. A simulation cannot be updated: a second machine, under its
 * launcher, is, and its trial goes on beside the rest. A further word: only steps with it in their names, such as
 * `npm run e2e -- update`, which starts that machine alone.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { openBrowser } from "../support/browser.ts";
import { pageMachine } from "../support/page-machine.ts";
import { passFirstRun } from "../support/pages.ts";
import { openQuietPage } from "../support/quiet-page.ts";
import { simulatedMachine } from "../support/simulated-machine.ts";
import type { TestedMachine } from "../support/tested-machine.ts";
import { unnamedMachine } from "../support/unnamed-machine.ts";
import { type UpdatableMachine, updatableMachine } from "../support/updatable-machine.ts";
import { checkEveryPage, checkNarrow } from "./every-page.ts";
import { firstRun, loginAndOut } from "./first-run.ts";
import { keyboard, languages } from "./keyboard.ts";
import { checkLoadTime } from "./load-time.ts";
import { clearLatch, loseConnection, overheat, pauseAndResume } from "./machine.ts";
import { nameMachine } from "./naming.ts";
import type { Scene } from "./scene.ts";
import { changeName, changeSettings, changeThatCutsOff, movePools } from "./settings.ts";
import { expectNone, openReport } from "./steps.ts";
import {
  discardStaged,
  goBack,
  refuseFiles,
  seeVersion,
  settles,
  startOnTrial,
  type UpdateScene,
} from "./update.ts";

const naming = "a machine that nobody knows: what it may be, and its name";
const root = process.cwd();
const isRecorded = process.argv.includes("--recorded");
const [only] = process.argv.slice(2).filter((word) => !word.startsWith("--"));
/** Characters. */
const READ_LENGTH = 600;
const startedMs = performance.now();
const say = (text: string) => void process.stdout.write(`${text}\n`);

await using browser = await openBrowser();
const allowed: string[] = [];
const complaints: string[] = [];
const page = await openPage();
// Cookies do not know ports: each machine has a browser of its own.
const updatePage = await openPage();
let shown = page;
const report = openReport(say, async (name) => {
  // Where pictures do not outlive the run, such as in CI.
  const text = (await shown.locator("body").innerText()).replace(/\s+/g, " ");
  const folder = join(root, "screenshots", "failed");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name.replace(/\W+/g, "-")}.png`);
  const seen = await shown.screenshot({ path }).then(
    () => path,
    (why: unknown) => `no picture: ${String(why)}`,
  );
  return `seen: ${seen}\nread: ${text.slice(0, READ_LENGTH)}`;
});
const recorded = () => pageMachine(root, join(root, "dist/ui"));
const wantsUpdate = !isRecorded && (only === undefined || only.startsWith("update"));
await using updatable = wantsUpdate ? await startUpdating() : undefined;
if (only?.startsWith("update") !== true) {
  let machine: TestedMachine | undefined;
  await report.step(isRecorded ? "a recorded machine is there" : "a simulation mines", async () => {
    machine = await (isRecorded ? recorded() : simulatedMachine(join(root, "dist/asicd.js")));
    allowed.push(machine.url);
  });
  await using started = machine;
  if (started !== undefined) await playAll({ page, machine: started, root });
}
if (!isRecorded && (only === undefined || "locked off".includes(only))) {
  // It takes two overheatings and some minutes in real time.
  await using machine = await recorded();
  allowed.push(machine.url);
  await report.step("a recorded board is locked off: read why, and clear", async () => {
    await passFirstRun(page, machine.url);
    await clearLatch({ page, machine, root });
  });
}
if (only === undefined || naming.includes(only))
  await report.step(naming, async () => {
    await using machine = await unnamedMachine(root, "s21");
    allowed.push(machine.url);
    await nameMachine({ page, machine, root });
  });
if (updatable !== undefined) await endUpdating(updatable);
await report.step("no error in the page, no request elsewhere", async () =>
  expectNone(complaints, "complaints"),
);
await page.context().close();
await updatePage.context().close();
const { length } = report.failures;
const seconds = Math.round((performance.now() - startedMs) / 1_000);
say(`${length === 0 ? "all is well" : `${length} failed`}, ${seconds} s`);
process.exitCode = length === 0 ? 0 : 1;

async function playAll(scene: Scene): Promise<void> {
  const { step } = report;
  // Without these two nothing can be seen of the rest.
  await step("first run: password, pool with a live test, name", () => firstRun(scene));
  await step("log out, a wrong password, log in", () => loginAndOut(scene));
  if (report.failures.length > 0) return;
  if (only !== undefined) report.only(only);
  await step("every page, both themes, 360 and 1440 px: axe finds nothing", () =>
    checkEveryPage(scene),
  );
  await step("no page scrolls sideways at 320 px", () => checkNarrow(scene));
  await step("keyboard: skip link, chips by arrows, a dialog and back", () => keyboard(scene));
  await step("German and back", () => languages(scene));
  await step("a setting: difference, apply, take back", () => changeSettings(scene));
  await step("a setting that restarts the page: it comes back", () => changeName(scene));
  await step("a change that can cut off goes back unless confirmed", () =>
    changeThatCutsOff(scene),
  );
  await step("pools: move, switch off and on", () => movePools(scene));
  await step("pause and resume", () => pauseAndResume(scene));
  await step("connection lost and back", () => loseConnection(scene));
  await step("shown within 1 s at a sixth of the processor's speed", () =>
    checkLoadTime(scene, (text) => say(`        ${text}`)),
  );
  await step("a board overheats: banner and event", () => overheat(scene));
  if (scene.machine.latch !== undefined)
    await step("a board is locked off: read why, and clear", () => clearLatch(scene));
}

async function startUpdating(): Promise<UpdatableMachine | undefined> {
  let machine: UpdatableMachine | undefined;
  await report.step("update: a machine with a launcher shows its page", async () => {
    machine = await updatableMachine(root);
    allowed.push(machine.url);
  });
  if (machine === undefined) return undefined;
  const scene: UpdateScene = { page: updatePage, machine, root };
  shown = updatePage;
  await report.step("update: what runs", () => seeVersion(scene));
  await report.step("update: files that are refused, in plain words", () => refuseFiles(scene));
  await report.step("update: checked, laid beside, discarded", () => discardStaged(scene));
  await report.step("update: started, the page goes and comes, on trial", () =>
    startOnTrial(scene),
  );
  shown = page;
  return machine;
}

/** After all the rest, in which its minute has passed. */
async function endUpdating(machine: UpdatableMachine): Promise<void> {
  const scene: UpdateScene = { page: updatePage, machine, root };
  shown = updatePage;
  await report.step("update: it settles", () => settles(scene));
  await report.step("update: back to the version before", () => goBack(scene));
}

async function openPage(): Promise<Page> {
  const context = await browser.newContext({
    locale: "en-GB",
    timezoneId: "UTC",
    viewport: { width: 1440, height: 900 },
    reducedMotion: "reduce",
  });
  const opened = await openQuietPage(context);
  opened.setDefaultTimeout(20_000);
  opened.on("pageerror", (error) => complaints.push(`error in the page: ${error.message}`));
  opened.on("console", (message) => {
    // Requests that are refused on purpose, and a server that is away, are told there too.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text()))
      complaints.push(`console: ${message.text()}`);
  });
  opened.on("request", (request) => {
    if (!allowed.some((url) => request.url().startsWith(url)) && request.url() !== "about:blank")
      complaints.push(`request to ${request.url()}`);
  });
  return opened;
}
