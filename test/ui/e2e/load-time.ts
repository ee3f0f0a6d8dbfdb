/**
 * How long a phone waits for the sentence of truth, on a processor six times as slow as this one. Chromium slows its
 * threads down; what other programs take beside that is told apart by a loop that is timed with it.
 */
import type { Page } from "playwright-core";
import type { Scene } from "./scene.ts";

const THROTTLE = 6;
const SHOWN_WITHIN_MS = 1_000;
const LOADS = 5;

/** In the page: when the frame with the sentence of truth was drawn, counted from the start of the navigation. */
const watchForSentence = `window.shown = new Promise((resolve) =>
  new MutationObserver((_, observer) => {
    if (document.querySelector(".sentence") === null) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
  }).observe(document, { childList: true, subtree: true }));`;

/**
 * In the page: some milliseconds of work, so many times; how long each took by a clock on the wall. Inside the engine,
 * which does it as fast the first time: what is compiled while it runs would not compare.
 */
const slices = (count: number) => `(() => {
  const tree = Array.from({ length: 20_000 }, (_, i) => ({ at: i, text: String(i) }));
  const slice = () => JSON.stringify(tree);
  const tookMs = [];
  for (let i = 0; i < ${count}; i++) {
    const startedMs = performance.now();
    slice();
    tookMs.push(performance.now() - startedMs);
  }
  return tookMs;
})()`;

interface Load {
  readonly shownMs: number;
  /** How many times as long as on a machine that does nothing else. */
  readonly busy: number;
}

export async function checkLoadTime(
  { page, machine }: Scene,
  say: (text: string) => void,
): Promise<void> {
  await page.goto("about:blank");
  const quietMsOfSlice = THROTTLE * (await quickestSlice(page));
  const debuggerOfPage = await page.context().newCDPSession(page);
  await debuggerOfPage.send("Emulation.setCPUThrottlingRate", { rate: THROTTLE });
  await page.addInitScript(watchForSentence);
  const loads: Load[] = [];
  while (loads.length < LOADS) loads.push(await load(page, machine.url, quietMsOfSlice));
  await debuggerOfPage.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  const medianMs = median(loads.map(({ shownMs }) => shownMs));
  const quietMs = median(loads.map(({ shownMs, busy }) => shownMs / busy));
  say(`median ${medianMs.toFixed(0)} ms of ${loads.map(textOf).join(", ")}`);
  say(`on a machine that does nothing else: ${quietMs.toFixed(0)} ms`);
  // One that was quick while others took their share would have been quick without them.
  if (quietMs > SHOWN_WITHIN_MS && !loads.some(({ shownMs }) => shownMs <= SHOWN_WITHIN_MS))
    throw new Error(`it takes ${quietMs.toFixed(0)} ms, and ${SHOWN_WITHIN_MS} ms are allowed`);
}

async function load(page: Page, url: string, quietMsOfSlice: number): Promise<Load> {
  await page.goto("about:blank");
  const before = await page.evaluate<readonly number[]>(slices(20));
  await page.goto(`${url}/#/overview`, { waitUntil: "commit" });
  await page.locator(".sentence").waitFor();
  const shownMs = await page.evaluate<number>("window.shown");
  const after = await page.evaluate<readonly number[]>(slices(20));
  const all = [...before, ...after];
  const meanMs = all.reduce((sum, ms) => sum + ms, 0) / all.length;
  return { shownMs, busy: Math.max(1, meanMs / quietMsOfSlice) };
}

/** Most are that short that nobody else came between. */
async function quickestSlice(page: Page): Promise<number> {
  return Math.min(...(await page.evaluate<readonly number[]>(slices(200))));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function textOf({ shownMs, busy }: Load): string {
  return `${shownMs.toFixed(0)} ms (× ${busy.toFixed(1)})`;
}
