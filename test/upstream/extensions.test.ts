import { beforeEach, describe, expect, test } from "vitest";
import { SetupConnectionSuccess } from "../../src/sv2/common-messages.ts";
import {
  RequestExtensionsError,
  RequestExtensionsSuccess,
} from "../../src/sv2/extension-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import { answerWithinMs } from "../../src/upstream/extension-request.ts";
import type { Received, ServerConnection } from "../support/scripted-server.ts";
import { SessionBench } from "../support/sessions.ts";

let bench: SessionBench;
beforeEach(() => {
  bench = new SessionBench();
});

type Request = Extract<Received, { name: "RequestExtensions" }>;

/** Serves channels, and answers RequestExtensions as told. */
function listen(answer: (request: Request, connection: ServerConnection) => void): void {
  bench.listen((connection) => {
    connection.serve();
    const serve = connection.onMessage;
    connection.onMessage = (message) => {
      if (message.name === "RequestExtensions") answer(message, connection);
      else serve(message, connection);
    };
  });
}

const requested = (connection: ServerConnection | undefined) =>
  connection?.received.flatMap((m) =>
    m.name === "RequestExtensions" ? [m.requestedExtensions] : [],
  );

describe("negotiation of extensions (ext 0x0001)", () => {
  test("case 109 (ext1 §1.1): it is absent by default", async () => {
    listen(() => {});
    await bench.start();
    expect(bench.names).toEqual(["SetupConnection", "OpenStandardMiningChannel"]);
  });

  test("case 109 (ext1 §1.1): when enabled it follows Success directly, and nothing else before the answer", async () => {
    let answer = () => {};
    listen(({ requestId, requestedExtensions }, connection) => {
      answer = () =>
        connection.send(
          encodeMessage(RequestExtensionsSuccess, {
            requestId,
            supportedExtensions: requestedExtensions,
          }),
        );
    });
    await bench.start({ extensions: [2] });
    await bench.clock.advance(200);
    expect(bench.names).toEqual(["SetupConnection", "RequestExtensions"]);
    expect(requested(bench.last)).toEqual([[2]]);
    answer();
    expect(bench.names).toEqual([
      "SetupConnection",
      "RequestExtensions",
      "OpenStandardMiningChannel",
    ]);
    await bench.clock.advance(5_000);
    expect(bench.connections).toHaveLength(1);
  });

  test("case 14: its Success is not taken for that of the set-up, which has the same type (ext1 §3)", async () => {
    bench.listen((connection) => {
      connection.onMessage = () =>
        connection.send(
          encodeMessage(RequestExtensionsSuccess, { requestId: 2, supportedExtensions: [] }),
        );
    });
    await bench.start();
    expect(bench.names).toEqual(["SetupConnection"]);
    expect(bench.recorder.events).toEqual([]);
  });

  test("case 109 (ext1 §4): silence means 2 × the connect time, then 5 × on a new connection, then without, for good", async () => {
    bench = new SessionBench(100);
    listen(() => {});
    await bench.start({ extensions: [2] });
    await bench.clock.advance(10_000);
    expect(bench.connections.map(requested)).toEqual([[[2]], [[2]], []]);
    expect(bench.recorder.ends).toEqual([
      { kind: "asked", reason: "the server did not answer RequestExtensions within 0.4 s" },
      { kind: "asked", reason: "the server did not answer RequestExtensions within 1 s" },
    ]);
    expect(bench.recorder.opened).toHaveLength(1);
    bench.network.severAll();
    await bench.clock.advance(5_000);
    expect(bench.connections.map(requested)).toEqual([[[2]], [[2]], [], []]);
  });

  test("a connect that took no time still leaves the server a quarter of a second", () => {
    expect([0, 1, 2].map((silences) => answerWithinMs(silences, 0))).toEqual([250, 250, undefined]);
    expect([0, 1].map((silences) => answerWithinMs(silences, 200))).toEqual([400, 1_000]);
  });

  const refuse = (
    { requestId }: Request,
    connection: ServerConnection,
    requiredExtensions: number[],
    unsupportedExtensions: number[] = [],
  ) =>
    connection.send(
      encodeMessage(RequestExtensionsError, {
        requestId,
        unsupportedExtensions,
        requiredExtensions,
      }),
    );

  test("case 109 (ext1 §1.1): an Error that requires nothing is lived with", async () => {
    listen((request, connection) => refuse(request, connection, [], [2]));
    await bench.start({ extensions: [2] });
    expect(bench.names.at(-1)).toBe("OpenStandardMiningChannel");
    expect(bench.connections).toHaveLength(1);
  });

  test("case 109 (ext1 §1.1): required ids that we speak are asked for once more, on the connection and after it", async () => {
    listen((request, connection) => {
      if (request.requestedExtensions.includes(2))
        connection.send(
          encodeMessage(RequestExtensionsSuccess, {
            requestId: request.requestId,
            supportedExtensions: [2],
          }),
        );
      else refuse(request, connection, [2], [0x4001]);
    });
    await bench.start({ extensions: [0x4001] });
    expect(requested(bench.last)).toEqual([[0x4001], [2]]);
    expect(bench.names.at(-1)).toBe("OpenStandardMiningChannel");
    bench.network.severAll();
    await bench.clock.advance(5_000);
    expect(requested(bench.last)).toEqual([[0x4001, 2]]);
  });

  test("case 109 (ext1 §1.1): required ids that we do not speak, or again the same ones, mean to leave", async () => {
    listen((request, connection) => refuse(request, connection, [3, 0x4002]));
    const session = await bench.start({ extensions: [2] });
    expect(session.reason).toBe("the server requires extensions that we lack: 0x0003, 0x4002");
    expect(bench.recorder.ends).toMatchObject([{ kind: "refused" }]);
    bench = new SessionBench();
    listen((request, connection) => refuse(request, connection, [2]));
    await bench.start({ extensions: [0x4001] });
    expect(requested(bench.last)).toHaveLength(2);
    expect(bench.recorder.ends).toMatchObject([{ kind: "refused" }]);
  });

  test("answers to another request are no answers", async () => {
    listen(({ requestId }, connection) => {
      connection.send(
        encodeMessage(RequestExtensionsSuccess, {
          requestId: requestId + 1,
          supportedExtensions: [2],
        }),
      );
      refuse({ requestId: requestId + 1 } as Request, connection, []);
    });
    await bench.start({ extensions: [2] });
    expect(bench.names).toEqual(["SetupConnection", "RequestExtensions"]);
  });

  test("what a server sends meanwhile is not acted upon", async () => {
    listen((_request, connection) => {
      connection.send(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
      connection.newBlock(2, 1, 0xaa);
    });
    await bench.start({ extensions: [2] });
    expect(bench.recorder.events).toEqual([]);
    expect(bench.last.ended).toBe(false);
  });
});
