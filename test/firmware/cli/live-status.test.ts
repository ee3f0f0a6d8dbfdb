import { describe, expect, test } from "vitest";
import { frame, showLiveStatus } from "../../../firmware/cli/live-status.ts";
import { RecentEvents } from "../../../firmware/cli/recent-events.ts";
import { sampleChain, sampleSnapshot } from "./sample-snapshot.ts";

const source = (events: readonly string[] = []) => ({
  snapshot: () => sampleSnapshot(),
  recentEvents: () => events,
});

/** A clock whose one timer is run by hand. */
function manualClock() {
  const timers = new Set<() => void>();
  return {
    periods: [] as number[],
    every(periodMs: number, run: () => void): Disposable {
      this.periods.push(periodMs);
      timers.add(run);
      return { [Symbol.dispose]: () => void timers.delete(run) };
    },
    tick() {
      for (const run of timers) run();
    },
  };
}

describe("painting", () => {
  function paint(env: Record<string, string> = {}) {
    const written: string[] = [];
    const clock = manualClock();
    const live = showLiveStatus(
      {
        stdout: (text) => void written.push(text),
        terminalSize: () => ({ columns: 100, rows: 30 }),
        env,
      },
      clock,
      source(),
    );
    return { written, clock, live };
  }

  test("hides the cursor, repaints at most twice a second, and gives the terminal back", () => {
    const listeners = process.listenerCount("exit");
    const { written, clock, live } = paint();
    expect(written[0]).toContain("\x1b[?25l");
    expect(written).toHaveLength(2);
    expect(clock.periods).toEqual([500]);
    clock.tick();
    expect(written).toHaveLength(3);
    live[Symbol.dispose]();
    expect(written.at(-1)).toContain("\x1b[?25h");
    clock.tick();
    live[Symbol.dispose]();
    expect(written).toHaveLength(4);
    expect(process.listenerCount("exit")).toBe(listeners);
  });

  test("is in colour, unless NO_COLOR says otherwise", () => {
    const sgr = new RegExp(`${"\x1b"}\\[\\d+m`);
    expect(paint().written[1]).toMatch(sgr);
    expect(paint({ NO_COLOR: "" }).written[1]).toMatch(sgr);
    expect(paint({ NO_COLOR: "1" }).written[1]).not.toMatch(sgr);
  });
});

describe("a frame", () => {
  const lines = (text: string) => text.split("\r\n").length - 1;

  test("never has more lines than the terminal has rows", () => {
    const many = {
      snapshot: () =>
        sampleSnapshot({
          chains: Array.from({ length: 40 }, (_, index) => sampleChain({ index })),
        }),
      recentEvents: () => ["an event"],
    };
    expect(lines(frame(many, { columns: 80, rows: 10 }, false))).toBe(9);
  });

  test("of a low terminal loses channels and blocks first, never the sums", () => {
    const { pool } = sampleSnapshot();
    const [channel] = pool.channels;
    const channels = [1, 2, 3].flatMap((channelId) =>
      channel === undefined ? [] : { ...channel, channelId },
    );
    const chains = [0, 1, 2].map((index) => sampleChain({ index }));
    const snapshot = sampleSnapshot({ chains, pool: { ...pool, channels, accepted: 4711 } });
    const paint = (rows: number) =>
      frame({ snapshot: () => snapshot, recentEvents: () => [] }, { columns: 40, rows }, false);
    expect(lines(paint(12))).toBeLessThanOrEqual(11);
    for (const rows of [6, 9, 12]) {
      expect(paint(rows)).toMatch(/Shares +4711 accepted +0 rejected/);
      expect(paint(rows)).toMatch(/total +378\/378/);
      expect(paint(rows)).not.toMatch(/Channel|Blocks/);
    }
    expect(paint(12).match(/BM1362/g)).toHaveLength(3);
    expect(paint(16)).not.toContain("Channel  3");
    expect(paint(16)).toMatch(/Blocks.*\r\n/);
    expect(paint(40).match(/Channel/g)).toHaveLength(3);
  });

  test("ends with the latest events, as many as fit", () => {
    const events = ["first", "second", "third"];
    const tall = frame(source(events), { columns: 80, rows: 40 }, false);
    expect(tall.indexOf("first")).toBeGreaterThan(0);
    expect(tall.indexOf("first")).toBeLessThan(tall.indexOf("third"));
    const status = lines(frame(source(), { columns: 80, rows: 40 }, false));
    const tight = frame(source(events), { columns: 80, rows: status + 3 }, false);
    expect(tight).not.toContain("second");
    expect(tight).toContain("third");
  });
});

describe("recent events", () => {
  test("are log lines made readable", () => {
    const recent = new RecentEvents();
    recent.add(
      '{"level":"warn","time":"2026-03-01T12:00:03.123Z","chain":0,"reason":"gone","msg":"chain lost"}',
    );
    expect(recent.lines).toEqual(["12:00:03 warn  chain lost chain=0 reason=gone"]);
  });

  test("are the last twenty, and anything that is no log line stays harmless", () => {
    const recent = new RecentEvents();
    for (let i = 0; i < 30; i++) recent.add(`line ${i}\x1b[2J`);
    recent.add("null");
    expect(recent.lines).toHaveLength(20);
    expect(recent.lines.join("")).not.toContain("\x1b");
    expect(recent.lines.at(-1)).toBe("null");
  });
});
