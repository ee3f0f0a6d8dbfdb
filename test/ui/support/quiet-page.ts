/** Pages of which it is known whether they still wait for something: what they ask for, and what they draw. */
import type { BrowserContext, Page, Request } from "playwright-core";

const inFlight = new WeakMap<Page, Set<Request>>();
const QUIET_WITHIN_MS = 30_000;
const ASK_EVERY_MS = 20;

export async function openQuietPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  const asked = new Set<Request>();
  inFlight.set(page, asked);
  page.on("request", (request) => {
    // The live stream never ends.
    if (request.resourceType() !== "eventsource") asked.add(request);
  });
  page.on("requestfinished", (request) => void asked.delete(request));
  page.on("requestfailed", (request) => void asked.delete(request));
  return page;
}

/** Until everything that it asked for was answered and drawn. Throws Error that names what is not. */
export async function untilQuiet(page: Page): Promise<void> {
  const asked = inFlight.get(page) ?? new Set();
  const untilMs = performance.now() + QUIET_WITHIN_MS;
  for (;;) {
    await drawn(page);
    const isLoading = (await page.locator(".loading").count()) > 0;
    if (asked.size === 0 && !isLoading) break;
    if (performance.now() > untilMs)
      throw new Error(
        `the page still waits: ${[...asked].map((one) => one.url()).join(", ") || "loading"}`,
      );
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  await drawn(page);
}

/** What an answer changed is in the second frame after it. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate(
    "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))",
  );
}
