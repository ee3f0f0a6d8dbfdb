/** What is left of a file that was refused before its end. */
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { Clock } from "../../../src/ports/clock.ts";

/** As much as an update may be (src/update/update-file.ts). */
const MAX_BYTES = 128 * 1_048_576;
const STALLED_MS = 20_000;

/**
 * Takes it and keeps nothing: a browser hears the answer when it has sent all, and what it asks next on this connection waits
 * behind it. Ends the connection when too much comes, or nothing for too long.
 */
export function takeUnread(body: Readable, socket: Socket, clock: Pick<Clock, "every">): void {
  if (body.readableEnded || body.destroyed) return;
  let taken = 0;
  let before = -1;
  const watching = clock.every(STALLED_MS, () => {
    if (taken === before) socket.destroy();
    before = taken;
  });
  body.on("data", (chunk: Uint8Array) => {
    taken += chunk.length;
    if (taken > MAX_BYTES) socket.destroy();
  });
  body.once("error", () => {});
  body.once("close", () => watching[Symbol.dispose]());
  body.resume();
}
