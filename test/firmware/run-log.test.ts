import { expect, test } from "vitest";
import { openRunLog } from "../../firmware/run-log.ts";

test.each([
  [true, "xterm", false, true],
  [true, undefined, false, true],
  [true, "dumb", false, false],
  [true, "xterm", true, false],
  [false, "xterm", false, false],
])("terminal %j, TERM %j, --json %j: painted %j", (isTerminal, term, json, painted) => {
  const { recentEvents } = openRunLog({ isTerminal, env: { TERM: term } }, "silent", json);
  expect(recentEvents !== undefined).toBe(painted);
});
