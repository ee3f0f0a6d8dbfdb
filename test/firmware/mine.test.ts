import { describe, expect, test } from "vitest";
import { RecentEvents } from "../../firmware/cli/recent-events.ts";
import { openLog } from "../../firmware/log.ts";
import { type MineOptions, mine } from "../../firmware/mine.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { sampleSnapshot } from "./cli/sample-snapshot.ts";

/** A run that is over at once, and everything it wrote, in order. */
function bench(over: Partial<MineOptions> & { readonly isTerminal?: boolean } = {}) {
  const { isTerminal = false, ...options } = over;
  const written: string[] = [];
  const events: string[] = [];
  const log = openLog({ level: "info", to: (line) => written.push(line) });
  const run = () =>
    mine({
      miner: {
        start: async () => {},
        stop: async () => void log.info({}, "stopped"),
        snapshot: () => sampleSnapshot(),
        hopeless: new Promise(() => {}),
      },
      clock: new VirtualClock(),
      context: {
        stdout: (text) => void written.push(text),
        stderr: (text) => void events.push(text),
        isTerminal,
        terminalSize: () => ({ columns: 80, rows: 24 }),
        signal: AbortSignal.abort(),
        env: {},
      },
      log,
      durationMs: undefined,
      json: false,
      recentEvents: undefined,
      ...options,
      ground: {
        gone: new Promise(() => {}),
        close: async () => void log.info({}, "ground closed"),
      },
    });
  return { run, written };
}

describe("the report", () => {
  test("is the last line of the log without a terminal, and everything before it is JSON, too", async () => {
    const { run, written } = bench();
    expect(await run()).toBe(0);
    const lines = written.map((line) => JSON.parse(line));
    expect(lines.map(({ msg }) => msg)).toEqual(["stopped", "ground closed", "report"]);
    expect(lines.at(-1)).toMatchObject({
      level: "info",
      report: { accepted: 60, chipsFound: 126 },
    });
  });

  test("is text on a terminal, and the bare object with --json", async () => {
    const onTerminal = bench({ isTerminal: true });
    await onTerminal.run();
    expect(onTerminal.written.at(-1)).toMatch(/^Ran 1 m 02 s against/);
    const json = bench({ isTerminal: true, json: true });
    await json.run();
    expect(JSON.parse(json.written.at(-1) ?? "")).toMatchObject({ accepted: 60 });
  });
});

test("the terminal is given back even when the miner cannot stop", async () => {
  const listeners = process.listenerCount("exit");
  const { run, written } = bench({
    isTerminal: true,
    recentEvents: new RecentEvents(),
    miner: {
      start: async () => {},
      stop: () => Promise.reject(new Error("port stuck")),
      snapshot: () => sampleSnapshot(),
      hopeless: new Promise(() => {}),
    },
  });
  await expect(run()).rejects.toThrow("port stuck");
  expect(written.at(-1)).toContain("\x1b[?1049l");
  expect(process.listenerCount("exit")).toBe(listeners);
});
