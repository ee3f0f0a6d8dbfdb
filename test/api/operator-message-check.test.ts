import { describe, expect, test } from "vitest";
import { checkOperatorMessage } from "../../src/api/operator-message-check.ts";

const actor = { name: "session", scope: "admin" };

describe("what the operator process may say", () => {
  test.each([
    { tell: "beat", listening: ["http://127.0.0.1:80"] },
    { tell: "stopped" },
    { tell: "ask", id: 1, request: { ask: "act", action: { do: "pause" }, actor } },
    {
      tell: "ask",
      id: 2,
      request: { ask: "act", action: { do: "clear-trip", chain: null, reason: "hot" }, actor },
    },
    {
      tell: "ask",
      id: 3,
      request: { ask: "config-apply", changes: [{ path: "paused", value: true }], actor },
    },
    {
      tell: "ask",
      id: 4,
      request: { ask: "config-preview", changes: [{ path: "mqtt", value: undefined }] },
    },
    { tell: "ask", id: 5, request: { ask: "config-replace", config: { version: 1 }, actor } },
    { tell: "ask", id: 6, request: { ask: "config-confirm", actor } },
  ])("%j", (message) => {
    expect(checkOperatorMessage(message)).toBe(message);
  });

  test.each([
    null,
    undefined,
    "beat",
    [],
    { tell: "beat" },
    { tell: "beat", listening: [1] },
    { tell: "ask", id: 1 },
    { tell: "ask", id: 1, request: null },
    { tell: "ask", id: "1", request: { ask: "config-confirm", actor } },
    { tell: "ask", id: 1, request: { ask: "act", action: { do: "burn" }, actor } },
    { tell: "ask", id: 1, request: { ask: "act", action: { do: "pause" }, actor: { name: "x" } } },
    { tell: "ask", id: 1, request: { ask: "config-apply", changes: "all", actor } },
    { tell: "start", setup: {} },
  ])("and nothing like %j", (message) => {
    expect(checkOperatorMessage(message)).toBeUndefined();
  });
});
