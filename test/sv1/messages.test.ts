import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { difficultyOfTarget, targetToBigInt } from "../../src/bitcoin/target.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import { difficultyFor, targetOfDifficulty } from "../../src/sv1/difficulty.ts";
import {
  readConfiguration,
  readExtranonce,
  readMask,
  readReconnect,
  readShownMessage,
  readSubscription,
} from "../../src/sv1/messages.ts";
import { decideRedirect } from "../../src/sv1/redirect.ts";

describe("difficulty", () => {
  test.each([
    [1, "00000000ffff0000000000000000000000000000000000000000000000000000"],
    ["2", "000000007fff8000000000000000000000000000000000000000000000000000"],
    [0.5, "00000001fffe0000000000000000000000000000000000000000000000000000"],
    [3, "0000000055550000000000000000000000000000000000000000000000000000"],
    [65_536, "000000000000ffff000000000000000000000000000000000000000000000000"],
  ])("%s is the target %s", (difficulty, target) => {
    expect(toHex(targetOfDifficulty(difficulty).slice().reverse())).toBe(target);
  });

  test("it is the exact quotient for fractions too", () => {
    // 0.1 as a double is 3602879701896397 ÷ 2^55.
    const exact = ((0xffffn << 208n) << 55n) / 3602879701896397n;
    expect(targetToBigInt(targetOfDifficulty(0.1))).toBe(exact);
  });

  test.each([
    0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1e30,
    1e-300,
    "",
    "x",
    null,
    undefined,
    [1],
    {},
    true,
    "1".repeat(65),
  ])("%s is refused", (value) => {
    expect(() => targetOfDifficulty(value)).toThrow(WireError);
  });

  test("any number is a target of at least this difficulty, or a WireError", () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.double({ min: 1e-9, max: 1e15 })), (difficulty) => {
        try {
          const reached = difficultyOfTarget(targetOfDifficulty(difficulty));
          expect(reached).toBeGreaterThanOrEqual(Math.min(difficulty, 2 ** -32) * 0.999_999);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });

  test("what we suggest gives a share every few seconds", () => {
    expect(difficultyFor(100e12)).toBe(Math.round((100e12 * 6) / 2 ** 32));
    expect(difficultyFor(1e6)).toBe(0.0014);
    expect(difficultyFor(0)).toBe(2 ** -32);
    targetOfDifficulty(difficultyFor(1));
    targetOfDifficulty(difficultyFor(1e30));
  });
});

describe("subscriptions", () => {
  test.each([
    [
      [
        [
          ["mining.set_difficulty", "d"],
          ["mining.notify", "n"],
        ],
        "08000002",
        4,
      ],
      "n",
      4,
      4,
    ],
    [[["mining.notify", "n"], "08000002", 8], "n", 4, 8],
    [[null, "08", "4"], "08", 1, 4],
    [[[], "", 0], undefined, 0, 0],
    [[[["mining.set_difficulty", "d"]], "0a", 32], "d", 1, 32],
    [[[[1], ["mining.notify", 5], "x"], "0a", 2], "0a", 1, 2],
  ])("%j", (result, resumeId, prefixBytes, ownBytes) => {
    const subscription = readSubscription(result);
    expect(subscription.resumeId).toBe(resumeId);
    expect(subscription.extranonce.prefix).toHaveLength(prefixBytes);
    expect(subscription.extranonce.ownBytes).toBe(ownBytes);
  });

  test.each([
    [null, 4],
    ["0", 4],
    ["gg", 4],
    ["00".repeat(97), 4],
    ["00", -1],
    ["00", 33],
    ["00", 1.5],
    ["00", null],
  ])("extranonce %s with %s bytes for us is refused", (extranonce1, size) => {
    expect(() => readExtranonce("mining.set_extranonce", extranonce1, size)).toThrow(
      "mining.set_extranonce: extranonce",
    );
  });
});

describe("configuration", () => {
  test("grants are true; words are a refusal; what is missing is not granted", () => {
    const result = {
      "version-rolling": true,
      "version-rolling.mask": "18000000",
      "minimum-difficulty": "too low",
    };
    expect(readConfiguration(result, 0x1fffe000)).toEqual({
      versionMask: 0x18000000,
      minimumDifficulty: false,
      subscribeExtranonce: false,
      refused: ["minimum-difficulty: too low"],
    });
  });

  test.each([
    [{ "version-rolling": true }, 0x1fffe000],
    [{ "version-rolling": true, "version-rolling.mask": "0x00C00000" }, 0x00c00000],
    [{ "version-rolling": true, "version-rolling.mask": 4_194_304 }, 0x00400000],
    [{ "version-rolling": false, "version-rolling.mask": "1fffe000" }, undefined],
    [null, undefined],
    [true, undefined],
    [[], undefined],
  ])("the mask of %j", (result, mask) => {
    expect(readConfiguration(result, 0x1fffe000).versionMask).toBe(mask);
  });

  test.each(["", "xyz", "123456789", -1, 2 ** 32, null, {}])("mask %s is refused", (mask) => {
    expect(() => readMask("mining.set_version_mask", mask)).toThrow(
      "mining.set_version_mask: version mask",
    );
  });
});

describe("client.reconnect", () => {
  test.each([
    [[], { host: undefined, port: undefined, waitS: 0 }],
    [["", "0", null], { host: undefined, port: undefined, waitS: 0 }],
    [["a.example.com", "3334", "10"], { host: "a.example.com", port: 3_334, waitS: 10 }],
    [[null, 3_334, -5], { host: undefined, port: 3_334, waitS: 0 }],
    [["", 0, deep()], { host: undefined, port: undefined, waitS: 0 }],
  ])("%#", (params, request) => {
    expect(readReconnect(params.map((p) => (p === "0" ? 0 : p)))).toEqual(request);
  });

  test.each([[["a b"]], [[5]], [["h", 70_000]], [["h", "x"]], [["h", 1.5]], [["x".repeat(254)]]])(
    "%j is refused",
    (params) => {
      expect(() => readReconnect(params)).toThrow("client.reconnect");
    },
  );

  const rules = {
    configuredHost: "eu.pool.example.com",
    current: { host: "eu.pool.example.com", port: 3_333 },
    allowed: ["friend.example.org"],
    followed: 0,
  };
  const ask = (host: string | undefined, over: Partial<typeof rules> = {}) =>
    decideRedirect({ host, port: 4_444, waitS: 100 }, { ...rules, ...over });

  test.each([
    undefined,
    "eu.pool.example.com",
    "us.example.com",
    "US.Example.com.",
    "friend.example.org",
  ])("to %s it is followed, and never waits for more than a minute", (host) => {
    expect(ask(host)).toMatchObject({ follow: true, port: 4_444, waitMs: 60_000 });
  });

  test.each([
    "evil.org",
    "example.com.evil.org",
    "notexample.com",
    "10.0.0.1",
    "192.168.1.5",
    "localhost",
    "1.2.3.4",
  ])("to %s it is not", (host) => {
    expect(ask(host)).toMatchObject({ follow: false });
  });

  test("private leads to private, and not out into the world", () => {
    const home = { configuredHost: "192.168.1.10", current: { host: "192.168.1.10", port: 1 } };
    expect(ask("192.168.1.11", home)).toMatchObject({ follow: true });
    expect(ask("proxy.lan", home)).toMatchObject({ follow: true });
    expect(ask("8.8.8.8", home)).toMatchObject({ follow: false });
    expect(
      ask("8.8.1.10", { configuredHost: "8.8.8.8", current: { host: "8.8.8.8", port: 1 } }),
    ).toMatchObject({ follow: false });
  });

  test("the sixth in a row is not followed", () => {
    expect(ask(undefined, { followed: 4 })).toMatchObject({ follow: true });
    expect(ask(undefined, { followed: 5 })).toMatchObject({ follow: false });
  });
});

test("a shown message is printable and short", () => {
  expect(readShownMessage(["hi\u001b[31m\n"])).toBe("hi\ufffd[31m\ufffd");
  expect(readShownMessage([{ a: 1 }])).toBe("(not text)");
  expect(readShownMessage([])).toBe("(not text)");
  expect(readShownMessage([deep()])).toBe("(not text)");
  expect(readShownMessage(["x".repeat(1_000)])).toHaveLength(401);
});

/** As deep as a line can nest it: too deep for whatever recurses. */
function deep(): unknown {
  return JSON.parse("[".repeat(30_000) + "]".repeat(30_000));
}
