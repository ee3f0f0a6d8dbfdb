/**
 * The web page as an operator has it, in real Chromium: `npm run e2e`. The machine is a whole simulation;
 * with --recorded it is a recording behind the same server, which takes seconds. Other words: only steps with these in their names.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openBrowser } from "../support/browser.ts";
import { pageMachine } from "../support/page-machine.ts";
import { passFirstRun } from "../support/pages.ts";
import { openQuietPage } from "../support/quiet-page.ts";
import { simulatedMachine } from "../support/simulated-machine.ts";
import type { TestedMachine } from "../support/tested-machine.ts";
import { checkEveryPage, checkNarrow } from "./every-page.ts";
import { firstRun, loginAndOut } from "./first-run.ts";
import { keyboard, languages } from "./keyboard.ts";
import { checkLoadTime } from "./load-time.ts";
import { clearLatch, loseConnection, overheat, pauseAndResume } from "./machine.ts";
import type { Scene } from "./scene.ts";
import { changeName, changeSettings, changeThatCutsOff, movePools } from "./settings.ts";
import { expectNone, openReport } from "./steps.ts";

const root = process.cwd();
const isRecorded = process.argv.includes("--recorded");
const [only] = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const startedMs = performance.now();
const say = (text: string) => void process.stdout.write(`${text}\n`);

await using browser = await openBrowser();
const context = await browser.newContext({
  locale: "en-GB",
  timezoneId: "UTC",
  viewport: { width: 1440, height: 900 },
  reducedMotion: "reduce",
});
const page = await openQuietPage(context);
page.setDefaultTimeout(20_000);
const report = openReport(say, async (name) => {
  const folder = join(root, "screenshots", "failed");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name.replace(/\W+/g, "-")}.png`);
  await page.screenshot({ path });
  return `seen: ${path}`;
});
const allowed: string[] = [];
const complaints: string[] = [];
page.on("pageerror", (error) => complaints.push(`error in the page: ${error.message}`));
page.on("console", (message) => {
  // Requests that are refused on purpose, and a server that is away, are told there too.
  if (message.type() === "error" && !/Failed to load resource/.test(message.text()))
    complaints.push(`console: ${message.text()}`);
});
page.on("request", (request) => {
  if (!allowed.some((url) => request.url().startsWith(url)) && request.url() !== "about:blank")
    complaints.push(`request to ${request.url()}`);
});

const recorded = () => pageMachine(root, join(root, "dist/ui"));
{
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
await report.step("no error in the page, no request elsewhere", async () =>
  expectNone(complaints, "complaints"),
);
await context.close();
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
