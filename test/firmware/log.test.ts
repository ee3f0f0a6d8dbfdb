import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { openLog } from "../../firmware/log.ts";
import { plainLogLine } from "../../firmware/log-line.ts";

function capture(level: Parameters<typeof openLog>[0]["level"]) {
  const lines: string[] = [];
  const logger = openLog({ level, to: (line) => lines.push(line) });
  return { logger, entries: () => lines.map((line) => JSON.parse(line)) };
}

test("a line is JSON: time, level by name, fields, constant message; nothing else", () => {
  const { logger, entries } = capture("info");
  logger.child({ chain: 1 }).warn({ frequencyMHz: 525 }, "chain slow");
  expect(entries()).toEqual([
    { level: "warn", time: expect.any(String), chain: 1, frequencyMHz: 525, msg: "chain slow" },
  ]);
});

test("an error under `err` keeps its type, message and stack", () => {
  const { logger, entries } = capture("info");
  logger.error({ err: new RangeError("too far") }, "failed");
  expect(entries()[0].err).toMatchObject({
    type: "RangeError",
    message: "too far",
    stack: expect.stringContaining("log.test.ts"),
  });
});

test("messages below the level are not made", () => {
  const { logger, entries } = capture("warn");
  logger.info({}, "quiet");
  logger.error({}, "loud");
  expect(entries().map(({ msg }) => msg)).toEqual(["loud"]);
  expect(logger.isLevelEnabled("info")).toBe(false);
  const silent = capture("silent");
  silent.logger.error({}, "never");
  expect(silent.entries()).toEqual([]);
});

test("a reader that stands still costs a bounded amount of memory, and then lines", () => {
  const stuck = new Writable({ write() {} });
  const logger = openLog({ level: "info", to: stuck });
  for (let i = 0; i < 30_000; i++) logger.info({ pad: "x".repeat(100) }, "a line");
  expect(stuck.writableLength).toBeGreaterThan(1 << 20);
  expect(stuck.writableLength).toBeLessThan((1 << 20) + 1_000);
});

test("a reader that has gone is not written to again, and nothing is thrown", async () => {
  let writes = 0;
  const broken = new Writable({
    write(_chunk, _encoding, done) {
      writes++;
      done(new Error("EPIPE"));
    },
    autoDestroy: false,
  });
  const logger = openLog({ level: "info", to: broken });
  logger.info({}, "one");
  await new Promise((resolve) => broken.on("error", resolve));
  logger.info({}, "two");
  expect(writes).toBe(1);
});

test("plain lines are for a system log: no time, one line each, whatever is in them", () => {
  const lines: string[] = [];
  const logger = openLog({ level: "info", to: (line) => lines.push(line), format: "plain" });
  logger.warn({ what: "trip", where: "board 2", limitC: 75 }, "two\nlines");
  logger.error({ err: new Error("x".repeat(2_000)) }, "failed");
  expect(lines[0]).toMatch(/^warn {2}two.+lines what=trip where=board 2 limitC=75$/);
  expect(lines[0]).not.toContain("\n");
  expect(lines[1]).toMatch(/^error failed err=\{"type":"Error"/);
  expect(lines[1]?.length).toBeLessThanOrEqual(600);
  expect(plainLogLine("no JSON at all")).toBe("no JSON at all");
  expect(plainLogLine("17")).toBe("17");
});
