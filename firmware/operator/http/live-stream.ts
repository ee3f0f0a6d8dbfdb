/** The live feed to one browser: never more waiting than a bound, and never longer than the caller may listen. */
import type { ServerResponse } from "node:http";
import type { LiveFeed, LiveMessage } from "../../../src/api/live-feed.ts";
import type { Clock } from "../../../src/ports/clock.ts";

/** A status of a large machine is some 30 kB; whoever is this far behind comes back and is told the whole. */
const MAX_WAITING_BYTES = 512 * 1024;
/** So that both ends learn of a connection that died, and that a login ended. */
const BEAT_MS = 15_000;
/** After a loss a browser waits so long. */
const RETRY_MS = 2_000;

export interface LiveStreamOptions {
  readonly feed: LiveFeed;
  readonly clock: Clock;
  readonly lastEventId: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly mayListen: () => boolean;
}

/** Ends with the response, however that ends. */
export function streamLive(response: ServerResponse, options: LiveStreamOptions): Disposable {
  const { feed, clock, lastEventId, headers, mayListen } = options;
  response.writeHead(200, {
    ...headers,
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    // A proxy that gathers would hold back what is live.
    "x-accel-buffering": "no",
  });
  const open: Disposable[] = [];
  const end = () => {
    for (const one of open.splice(0)) one[Symbol.dispose]();
  };
  const write = (text: string) => {
    if (response.destroyed || response.writableEnded) return;
    response.write(text);
    if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
  };
  response.once("close", end);
  response.once("error", end);
  write(`retry: ${RETRY_MS}\n\n`);
  open.push(
    feed.listen(lastEventId, (message) => write(eventText(message))),
    clock.every(BEAT_MS, () => (mayListen() ? write(": still here\n\n") : response.end())),
  );
  return {
    [Symbol.dispose]() {
      end();
      response.end();
    },
  };
}

/** JSON has no line ends of its own. */
function eventText({ id, kind, data }: LiveMessage): string {
  return `id: ${id}\nevent: ${kind}\ndata: ${data}\n\n`;
}
