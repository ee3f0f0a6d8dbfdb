/** One live stream as a browser reads it: at full speed, every message in its turn, and again from where it was. */
import { request } from "node:http";
import type { Tally } from "./tally.ts";

export interface LiveReader extends Disposable {
  /** Where a browser would go on; undefined before the first message. */
  readonly lastId: string | undefined;
}

/** What the tally calls a message, and a stream that was opened. */
export const MESSAGES = "live, message";
const STREAMS = "live, opened";

/** Opens it and reads until disposed of; everything that should not be goes into the tally. */
export function readLive(url: string, tally: Tally, from?: string): LiveReader {
  let lastId = from;
  let rest = "";
  let isOpen = true;
  const startedMs = performance.now();
  const fail = (what: string) => {
    if (isOpen) tally.fail(STREAMS, what);
    isOpen = false;
  };
  const call = request(new URL("/api/v1/live", url), {
    agent: false,
    headers: {
      accept: "text/event-stream",
      ...(from === undefined ? {} : { "last-event-id": from }),
    },
  });
  call.once("error", (error) => fail(error.message));
  call.once("response", (response) => {
    if (response.statusCode !== 200) return fail(`GET /api/v1/live: ${response.statusCode}`);
    tally.add(STREAMS, performance.now() - startedMs);
    response.once("error", () => {});
    response.once("close", () => fail("the stream was closed by the machine"));
    response.setEncoding("utf8").on("data", (part: string) => {
      const blocks = (rest + part).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const message = messageOf(block);
        if (message === undefined) continue;
        const problem = problemOf(message, lastId);
        if (problem === undefined) tally.add(MESSAGES);
        else tally.fail(MESSAGES, problem);
        lastId = message.id;
      }
    });
  });
  call.end();
  return {
    get lastId() {
      return lastId;
    },
    [Symbol.dispose]() {
      isOpen = false;
      call.destroy();
    },
  };
}

interface Message {
  readonly id: string;
  readonly kind: string;
  readonly data: string;
}

/** `undefined`: a comment, or the pause before a reconnection. */
function messageOf(block: string): Message | undefined {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
  const [id, kind, data] = [field("id"), field("event"), field("data")];
  return id === undefined || kind === undefined || data === undefined
    ? undefined
    : { id, kind, data };
}

/** Numbers follow each other, unless the whole status is told anew; what is told is JSON. */
function problemOf({ id, kind, data }: Message, lastId: string | undefined): string | undefined {
  try {
    JSON.parse(data);
  } catch {
    return `${kind} ${id} is no JSON`;
  }
  if (kind === "status") return undefined;
  const due = lastId?.replace(/\d+$/, (number) => `${Number(number) + 1}`);
  return id === due ? undefined : `after ${lastId} came ${kind} ${id}`;
}
