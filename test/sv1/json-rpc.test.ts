import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WireError } from "../../src/lib/errors.ts";
import { encodeCall, encodeResult, encodeUnknownMethod, parseRpc } from "../../src/sv1/json-rpc.ts";
import { describeRpcError, rejectionOf } from "../../src/sv1/shares.ts";

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("messages", () => {
  test.each([
    [
      '{"id":null,"method":"mining.notify","params":[1]}',
      { kind: "call", id: null, method: "mining.notify", params: [1] },
    ],
    ['{"method":"mining.ping"}', { kind: "call", id: null, method: "mining.ping", params: [] }],
    [
      '{"id":"u-1","method":"client.get_version","params":null}',
      { kind: "call", id: "u-1", method: "client.get_version", params: [] },
    ],
    [
      '{"id":7,"method":"x","params":{"a":1}}',
      { kind: "call", id: 7, method: "x", params: [{ a: 1 }] },
    ],
    ['{"id":3,"result":true}', { kind: "response", id: 3, result: true, error: undefined }],
    [
      '{"id":3,"result":true,"error":null,"method":null}',
      { kind: "response", id: 3, result: true, error: undefined },
    ],
  ])("%s", (line, message) => {
    expect(parseRpc(line)).toEqual(message);
  });

  test.each([
    "",
    "nonsense",
    "[]",
    "null",
    "42",
    "{}",
    '{"id":1}',
    '{"id":[1],"method":"x"}',
    '{"id":{},"result":1}',
    `{"method":"${"x".repeat(300)}"}`,
    "[".repeat(60_000),
  ])("is none: %.30s", (line) => {
    expect(() => parseRpc(line)).toThrow(WireError);
  });

  test("any text is a message or a WireError", () => {
    const word = fc.constantFrom(
      '"id"',
      '"method"',
      '"params"',
      '"error"',
      '"result"',
      "null",
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      "1e999",
      '"\\ud800"',
      "__proto__",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.array(word).map((words) => words.join("")),
        ),
        (line) => {
          try {
            parseRpc(line);
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
          }
        },
      ),
    );
  });

  test("what we say", () => {
    expect(textOf(encodeCall(1, "mining.subscribe", ["asicd"]))).toBe(
      '{"id":1,"method":"mining.subscribe","params":["asicd"]}\n',
    );
    expect(textOf(encodeResult("a", "pong"))).toBe('{"id":"a","result":"pong","error":null}\n');
    expect(textOf(encodeUnknownMethod(9))).toBe(
      '{"id":9,"result":null,"error":[-3,"Method not found",null]}\n',
    );
  });
});

describe("errors as servers write them", () => {
  test.each([
    ['[21,"Job not found",null]', "21 Job not found"],
    ['[21,"Job not found"]', "21 Job not found"],
    ["[20]", "20 Other/Unknown"],
    ["[22,null,null]", "22 Duplicate share"],
    ['[23,""]', "23 Low difficulty share"],
    ["24", "24 Unauthorized worker"],
    ['["25","Not subscribed"]', "25 Not subscribed"],
    ['{"code":21,"message":"stale"}', "21 stale"],
    ['{"code":-32601}', "-32601"],
    ['{"message":"stale share"}', "stale share"],
    ['"Stale"', "Stale"],
    ['["high-hash"]', "high-hash"],
    ["true", "error without a reason"],
    ["{}", "error without a reason"],
    ['"a\\u001b[2J\\nb"', "a\ufffd[2J\ufffdb"],
    [`"${"x".repeat(100)}"`, `${"x".repeat(64)}…`],
  ])("%s", (error, words) => {
    const message = parseRpc(`{"id":1,"result":null,"error":${error}}`);
    if (message.kind !== "response" || message.error === undefined) throw new Error("no error");
    expect(describeRpcError(message.error)).toBe(words);
    expect(rejectionOf(null, message.error)).toBe(words);
  });

  test.each([
    ['"result":true,"error":null', undefined],
    ['"result":true,"error":false', undefined],
    ['"result":true,"error":[]', undefined],
    ['"result":true,"error":""', undefined],
    ['"result":"OK"', undefined],
    ['"result":false,"error":null', "rejected without a reason"],
    ['"result":null,"error":null', "rejected without a reason"],
    ['"error":null', "rejected without a reason"],
    ['"result":true,"error":[22,"Duplicate"]', "22 Duplicate"],
  ])("a share with %s", (answer, rejection) => {
    const message = parseRpc(`{"id":1,${answer}}`);
    if (message.kind !== "response") throw new Error("no response");
    expect(rejectionOf(message.result, message.error)).toBe(rejection);
  });
});
