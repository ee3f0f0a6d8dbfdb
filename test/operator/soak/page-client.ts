/** A browser with the page open: what it loads, in its order, and the live stream; opened anew every minute or so. */
import { setTimeout as sleep } from "node:timers/promises";
import { HttpClient } from "./http-client.ts";
import { type LiveReader, readLive } from "./live-reader.ts";
import type { Tally } from "./tally.ts";

/** What the overview draws when it is opened. */
const FIRST_READS = [
  "/api/v1/session",
  "/api/v1/history?series=hashrate&maxPoints=300",
  "/api/v1/events?limit=200",
] as const;

export interface PageTimes {
  /** Before it is opened for the first time, so that not all come at once. */
  readonly firstAfterMs: number;
  readonly openAnewEveryMs: number;
}

/** Resolves when `signal` says that it is over. */
export async function keepPageOpen(
  url: string,
  tally: Tally,
  { firstAfterMs, openAnewEveryMs }: PageTimes,
  signal: AbortSignal,
): Promise<void> {
  let live: LiveReader | undefined;
  try {
    await sleep(firstAfterMs, undefined, { signal });
    for (let time = 0; !signal.aborted; time++) {
      await loadPage(url, tally);
      // Every other time like a reload, which knows nothing; else like a connection that was lost.
      const lastId = time % 2 === 0 ? undefined : live?.lastId;
      live?.[Symbol.dispose]();
      live = readLive(url, tally, lastId);
      await sleep(openAnewEveryMs, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    live?.[Symbol.dispose]();
  }
}

async function loadPage(url: string, tally: Tally): Promise<void> {
  using client = new HttpClient(url);
  const headers = { "accept-encoding": "gzip" };
  await tally.time("page, whole", async () => {
    const { body } = await client.read("/");
    const assets = [...body.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css|svg))"/g)].map(
      ([, path = ""]) => path,
    );
    if (assets.length < 2) throw new Error(`GET /: no page: ${body.slice(0, 100)}`);
    for (const path of assets) await client.read(path, { headers });
    for (const path of FIRST_READS) await client.read(path);
  });
}
