/** The page's own copy of the machine, where the stream is refused. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Live } from "../../src/ui/data/live.ts";

/** A browser's, refused until there is a place. */
class Streams extends EventTarget {
  static readonly CONNECTING = 0;
  static hasPlace = false;
  static opened: Streams[] = [];
  readyState = 0;

  constructor() {
    super();
    Streams.opened.push(this);
    queueMicrotask(() => {
      if (Streams.hasPlace)
        this.dispatchEvent(new MessageEvent("status", { data: JSON.stringify({ n: "streamed" }) }));
      else {
        this.readyState = 2;
        this.dispatchEvent(new Event("error"));
      }
    });
  }

  close(): void {
    this.readyState = 2;
  }
}

let polls = 0;
let answer = 200;

beforeEach(() => {
  vi.useFakeTimers();
  [polls, answer, Streams.hasPlace, Streams.opened] = [0, 200, false, []];
  vi.stubGlobal("EventSource", Streams);
  vi.stubGlobal("fetch", async () => Response.json({ n: ++polls }, { status: answer }));
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("it asks for the status every 5 s, and takes the stream when there is a place", async () => {
  const live = new Live();
  let wholes = 0;
  live.onWhole = () => wholes++;
  live.start();
  await vi.advanceTimersByTimeAsync(12_000);
  expect([polls, wholes, Streams.opened.length]).toEqual([3, 3, 1]);
  expect(live.connection.value).toEqual({ is: "live" });
  expect(live.status.value).toEqual({ n: 3 });
  Streams.hasPlace = true;
  await vi.advanceTimersByTimeAsync(20_000);
  expect([polls, Streams.opened.length]).toEqual([6, 2]);
  expect(live.status.value).toEqual({ n: "streamed" });
  live.stop();
});

test("it is lost where the status is refused too, and comes back", async () => {
  answer = 503;
  const live = new Live();
  live.start();
  await vi.advanceTimersByTimeAsync(500);
  expect(live.connection.value.is).toBe("lost");
  answer = 200;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(live.connection.value).toEqual({ is: "live" });
  live.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(polls).toBe(2);
});
