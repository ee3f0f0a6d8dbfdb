import { beforeEach, describe, expect, test } from "vitest";
import { toHex } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import { Bench, filled, HOST, PORT } from "./support.ts";

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

const methods = () => bench.server.received.map(({ method }) => method);

describe("from connection to work", () => {
  test("configure, subscribe and authorize go out in this order, each when the one before is answered", async () => {
    bench.listen(() => {});
    await bench.start();
    expect(methods()).toEqual(["mining.configure"]);
    expect(bench.server.received[0]?.params).toEqual([
      ["version-rolling"],
      { "version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2 },
    ]);
    const { server } = bench;
    server.answer(server.received[0] as never, {
      "version-rolling": true,
      "version-rolling.mask": "1fffe000",
    });
    await bench.settle();
    expect(server.received[1]).toMatchObject({ method: "mining.subscribe", params: ["asicd/0"] });
    server.answer(server.received[1] as never, [[], "0102", 4]);
    await bench.settle();
    expect(server.received[2]).toMatchObject({
      method: "mining.authorize",
      params: ["acct.worker", "hunter2"],
    });
    expect(bench.recorder.events).toEqual([]);
    server.answer(server.received[2] as never, true);
    await bench.settle();
    expect(bench.recorder.events).toEqual(["ready 1fffe000 true", "opened without work"]);
    expect(bench.session?.phase).toBe("waiting-for-job");
    server.notify();
    await bench.settle();
    expect(bench.recorder.events.at(-1)).toBe("work 01");
    expect(bench.session?.phase).toBe("mining");
  });

  test("a job before the answer to authorize is worked on as soon as there are channels", async () => {
    bench.listen((server) => {
      server.onLine = (line) => {
        if (line.method === "mining.configure") server.answer(line, {});
        if (line.method === "mining.subscribe") {
          server.answer(line, [[], "0102", 4]);
          server.call("mining.set_difficulty", 2);
          server.notify();
        }
      };
    });
    await bench.start();
    expect(bench.recorder.events).toEqual([]);
    bench.server.answer(bench.server.calls("mining.authorize")[0] as never, true);
    await bench.settle();
    expect(bench.recorder.events).toEqual(["ready 0 true", "opened with work", "work 01"]);
    expect(toHex(bench.work.target)).toBe(`${"00".repeat(25)}80ff7f00000000`);
  });

  test("a job in the same chunk as, and before, the answer to subscribe counts", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) => {
        if (line.method === "mining.subscribe") server.notify({ name: "early" });
        onLine(line, end);
      };
    });
    await bench.start();
    expect(bench.recorder.events).toEqual(["ready 1fffe000 true", "opened with work", "work 01"]);
    bench.share(7);
    expect(bench.server.calls("mining.submit")[0]?.params[1]).toBe("early");
  });

  test("a pool that does not answer configure is mined without version rolling, which is said", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) => line.method !== "mining.configure" && onLine(line, end);
    });
    await bench.start();
    await bench.clock.advance(3_000);
    expect(bench.recorder.events[0]).toBe("ready 0 true");
    expect(bench.log.text).toContain("does not answer mining.configure");
    bench.server.notify();
    await bench.settle();
    bench.share(1);
    expect(bench.server.calls("mining.submit")[0]?.params).toHaveLength(5);
  });

  test("an answer to configure that comes after all turns version rolling on, without a new connection", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) => line.method !== "mining.configure" && onLine(line, end);
    });
    await bench.start();
    await bench.clock.advance(3_000);
    bench.server.notify();
    await bench.settle();
    const before = bench.work;
    bench.server.answer(bench.server.received[0] as never, {
      "version-rolling": true,
      "version-rolling.mask": "1fffe000",
    });
    await bench.settle();
    expect(bench.recorder.events.slice(-4)).toEqual([
      "down asked: the pool changed the version mask",
      "ready 1fffe000 true",
      "opened with work",
      "work 01",
    ]);
    expect(before.tip.live).toBe(false);
    expect(bench.work.versionMask).toBe(0x1fffe000);
    expect(toHex(bench.work.extranonce ?? filled(0))).not.toBe(
      toHex(before.extranonce ?? filled(0)),
    );
    expect(bench.servers).toHaveLength(1);
  });

  test("an error to configure is no obstacle", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) =>
        line.method === "mining.configure"
          ? server.answer(line, null, [20, "unknown method", null])
          : onLine(line, end);
    });
    await bench.start();
    expect(bench.recorder.events[0]).toBe("ready 0 true");
    expect(bench.log.text).toContain("20 unknown method");
  });

  test("a server that hangs up on configure is tried without it the third time", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) =>
        line.method === "mining.configure" ? server.stream.destroy() : onLine(line, end);
    });
    await bench.start();
    await bench.clock.advance(10_000);
    expect(bench.servers).toHaveLength(3);
    expect(methods()).toEqual(["mining.subscribe", "mining.authorize"]);
    expect(bench.recorder.events.at(-1)).toBe("opened without work");
    expect(bench.log.text).toContain("trying without it");
  });

  test("minimum difficulty and extranonce changes are asked for when wanted", async () => {
    bench.listen();
    await bench.start({ minDifficulty: 512, subscribeExtranonce: true });
    expect(bench.server.received[0]?.params).toEqual([
      ["version-rolling", "minimum-difficulty", "subscribe-extranonce"],
      {
        "version-rolling.mask": "1fffe000",
        "version-rolling.min-bit-count": 2,
        "minimum-difficulty.value": 512,
      },
    ]);
    expect(methods()).toEqual([
      "mining.configure",
      "mining.subscribe",
      "mining.extranonce.subscribe",
      "mining.authorize",
    ]);
  });

  test("who granted subscribe-extranonce in configure is not asked again", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) =>
        line.method === "mining.configure"
          ? server.answer(line, { "subscribe-extranonce": true, "version-rolling": "no such bits" })
          : onLine(line, end);
    });
    await bench.start({ subscribeExtranonce: true });
    expect(methods()).toEqual(["mining.configure", "mining.subscribe", "mining.authorize"]);
    expect(bench.log.text).toContain("version-rolling: no such bits");
  });

  /** Hangs up on the method itself (at once), or a moment after all is authorized. */
  const hatesExtranonce = (afterMs: number) => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) => {
        if (line.method !== "mining.extranonce.subscribe") onLine(line, end);
        else if (afterMs === 0) server.stream.destroy();
        else bench.clock.after(afterMs, () => server.stream.destroy());
      };
    });
  };

  test.each([0, 900])(
    "a server that hangs up %i ms after extranonce.subscribe is mined without it from the third time on",
    async (afterMs) => {
      hatesExtranonce(afterMs);
      await bench.start({ subscribeExtranonce: true });
      await bench.clock.advance(10_000);
      expect(bench.servers).toHaveLength(3);
      expect(methods()).toEqual(["mining.configure", "mining.subscribe", "mining.authorize"]);
      expect(bench.session?.phase).toBe("waiting-for-job");
      expect(bench.log.text).toContain("mining.extranonce.subscribe: without it");
      // What is known is not tried again with the next connection.
      bench.network.severAll();
      await bench.clock.advance(5_000);
      expect(bench.servers).toHaveLength(4);
      expect(methods()).not.toContain("mining.extranonce.subscribe");
      expect(bench.session?.phase).toBe("waiting-for-job");
    },
  );

  test("connections that last a while are no reason to go without extranonce.subscribe", async () => {
    bench.listen();
    await bench.start({ subscribeExtranonce: true });
    for (let i = 0; i < 4; i++) {
      await bench.clock.advance(5_000);
      bench.network.severAll();
    }
    await bench.clock.advance(60_000);
    expect(methods()).toContain("mining.extranonce.subscribe");
  });

  test("a server that hangs up on authorize without it as well is asked for extranonces again", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) =>
        line.method === "mining.authorize" ? server.stream.destroy() : onLine(line, end);
    });
    await bench.start({ subscribeExtranonce: true });
    await bench.clock.advance(60_000);
    const asked = bench.servers.map((s) => s.calls("mining.extranonce.subscribe").length > 0);
    expect(asked.slice(0, 5)).toEqual([true, true, false, true, true]);
  });

  test("nothing to configure: the first words are subscribe", async () => {
    bench.listen();
    await bench.start({ versionMask: 0 });
    expect(methods()).toEqual(["mining.subscribe", "mining.authorize"]);
  });
});

describe("what a server may refuse or forget", () => {
  test("a refused authorize needs a person; the pool's words are shown, the password is not", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) =>
        line.method === "mining.authorize"
          ? server.answer(line, null, [24, 'bad password "hunter2"\u001b[31m', null])
          : onLine(line, end);
    });
    const session = await bench.start();
    expect(bench.recorder.ends[0]).toEqual({
      kind: "refused",
      reason: 'the server refused mining.authorize: 24 bad password "***"\ufffd[31m',
    });
    expect(session.reason).toContain("***");
    expect(bench.log.text).not.toContain("hunter2");
    await bench.clock.advance(14_000);
    expect(bench.servers).toHaveLength(1);
    await bench.clock.advance(20_000);
    expect(bench.servers).toHaveLength(2);
  });

  test("a plain false says no as well", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) =>
        line.method === "mining.authorize" ? server.answer(line, false) : onLine(line, end);
    });
    await bench.start();
    expect(bench.recorder.ends[0]?.reason).toBe(
      "the server refused mining.authorize: no reason given",
    );
  });

  test.each([
    ["mining.subscribe", 10_000],
    ["mining.authorize", 10_000],
  ])("no answer to %s within %d ms ends the connection", async (method, withinMs) => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) => line.method !== method && onLine(line, end);
    });
    await bench.start();
    await bench.clock.advance(withinMs - 10);
    expect(bench.recorder.ends).toEqual([]);
    await bench.clock.advance(20);
    expect(bench.recorder.ends[0]).toEqual({
      kind: "network",
      reason: `the server did not answer ${method} within 10 s`,
    });
  });

  test("no job within 30 s ends the connection", async () => {
    bench.listen();
    await bench.start();
    await bench.clock.advance(29_000);
    expect(bench.recorder.ends).toEqual([]);
    await bench.clock.advance(3_000);
    expect(bench.recorder.ends[0]).toEqual({ kind: "network", reason: "no job for 30 s" });
  });

  test.each([
    ["no list", "subscribed"],
    ["an odd extranonce1", [[], "012", 4]],
    ["an extranonce2 of 33 bytes", [[], "01", 33]],
    ["no size", [[], "01"]],
  ])("an answer to subscribe with %s ends the connection as broken", async (_what, result) => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) =>
        line.method === "mining.subscribe" ? server.answer(line, result) : onLine(line, end);
    });
    await bench.start();
    expect(bench.recorder.ends[0]).toMatchObject({ kind: "protocol" });
    expect(bench.recorder.ends[0]?.reason).toContain("mining.subscribe: ");
  });

  test("nobody there: tried again with growing pauses", async () => {
    const session = await bench.start();
    await bench.clock.advance(60_000);
    expect(bench.recorder.ends.every(({ kind }) => kind === "network")).toBe(true);
    expect(session.counts.connects).toBeGreaterThanOrEqual(5);
    expect(session.counts.connects).toBeLessThanOrEqual(8);
    expect(session.phase).toBe("backing-off");
  });
});

describe("connections that come back", () => {
  test("the last subscription is offered for resumption", async () => {
    await bench.mining();
    bench.network.severAll();
    await bench.clock.advance(1_000);
    expect(bench.server.calls("mining.subscribe")[0]?.params).toEqual(["asicd/0", "sub-1"]);
  });

  test("who refuses to resume is asked again without it", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) =>
        line.method === "mining.subscribe" && line.params.length > 1
          ? server.answer(line, null, [20, "no such session", null])
          : onLine(line, end);
    });
    await bench.start();
    bench.network.severAll();
    await bench.clock.advance(1_000);
    expect(bench.server.calls("mining.subscribe").map(({ params }) => params)).toEqual([
      ["asicd/0", "sub-1"],
      ["asicd/0"],
    ]);
    expect(bench.session?.phase).toBe("waiting-for-job");
  });

  test("who hangs up on a resumption is asked without it the next time", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) =>
        line.method === "mining.subscribe" && line.params.length > 1
          ? server.stream.destroy()
          : onLine(line, end);
    });
    await bench.start();
    bench.network.severAll();
    await bench.clock.advance(5_000);
    expect(bench.servers).toHaveLength(3);
    expect(bench.server.calls("mining.subscribe")[0]?.params).toEqual(["asicd/0"]);
    expect(bench.session?.phase).toBe("waiting-for-job");
  });

  test("a connection that breaks elsewhere is no reason to forget the subscription", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) =>
        line.method === "mining.authorize" && bench.servers.length === 2
          ? server.stream.destroy()
          : onLine(line, end);
    });
    await bench.start();
    bench.network.severAll();
    await bench.clock.advance(5_000);
    expect(bench.servers).toHaveLength(3);
    expect(bench.server.calls("mining.subscribe")[0]?.params).toEqual(["asicd/0", "sub-1"]);
  });

  test("a job that is resumed goes on with extranonces that were not given out before", async () => {
    await bench.mining();
    const before = bench.work;
    bench.network.severAll();
    expect(before.tip.live).toBe(false);
    await bench.clock.advance(1_000);
    bench.server.notify();
    await bench.settle();
    const after = bench.work;
    expect(toHex(after.merkleRoot)).not.toBe(toHex(before.merkleRoot));
    expect(after.tip).not.toBe(before.tip);
    expect(after.tip.live).toBe(true);
  });

  test("shares without an answer are lost with the connection and not sent again", async () => {
    await bench.mining();
    const { work } = bench;
    bench.share(1);
    bench.share(2);
    bench.network.severAll();
    await bench.clock.advance(2_000);
    expect(bench.recorder.lost).toBe(2);
    expect(bench.session?.counts.lostUnacknowledged).toBe(2);
    expect(bench.server.calls("mining.submit")).toEqual([]);
    bench.share(3, work);
    expect(bench.server.calls("mining.submit")).toEqual([]);
  });

  test("a channel that was asked for when the connection broke is not opened on the next", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) => {
        onLine(line, end);
        if (line.method === "mining.authorize" && bench.servers.length === 1)
          bench.network.severAll();
      };
    });
    await bench.start();
    await bench.clock.advance(2_000);
    expect(bench.recorder.events).toEqual([
      "ready 1fffe000 true",
      "down network: connection lost: read ECONNRESET pool.example.com:3333",
      "ready 1fffe000 true",
      "opened without work",
    ]);
  });

  test("stop ends it for good, start begins anew, and no timer is left behind", async () => {
    const session = await bench.mining();
    await session.stop("changed my mind");
    await bench.settle();
    expect(session.phase).toBe("stopped");
    expect(bench.server.ended).toBe(true);
    expect(bench.recorder.ends).toEqual([{ kind: "asked", reason: "changed my mind" }]);
    expect(session.channels).toEqual([]);
    await bench.clock.advance(600_000);
    expect(bench.servers).toHaveLength(1);
    expect(bench.clock.pendingTimers).toBe(0);
    session.start();
    await bench.settle();
    expect(session.phase).toBe("waiting-for-job");
    await session.stop();
    await bench.settle();
    expect(bench.clock.pendingTimers).toBe(0);
    expect(bench.network.openEnds).toBe(0);
  });

  test("silence for as long as is allowed ends the connection; garbage does not count as a voice", async () => {
    const session = await bench.mining({ session: { silenceMs: 90_000 } });
    for (let i = 0; i < 8; i++) {
      await bench.clock.advance(10_000);
      bench.server.raw("still here?\n");
    }
    expect(bench.recorder.ends).toEqual([]);
    await bench.clock.advance(12_000);
    expect(bench.recorder.ends[0]).toEqual({ kind: "silence", reason: "nothing heard for 90 s" });
    session.silenceMs = 180_000;
    await bench.clock.advance(2_000);
    bench.server.notify();
    await bench.clock.advance(170_000);
    expect(bench.recorder.ends).toHaveLength(1);
  });

  test("given up on request, it waits long before the next attempt", async () => {
    const session = await bench.mining();
    session.fail("too many rejected shares");
    expect(bench.recorder.ends[0]).toEqual({ kind: "refused", reason: "too many rejected shares" });
    await bench.clock.advance(14_000);
    expect(bench.servers).toHaveLength(1);
  });
});

describe("TLS", () => {
  test("its terms go to the dialer, wherever the pool sends us", async () => {
    const tls = { pinnedSha256: "ab".repeat(32) };
    bench.listen();
    bench.listen(undefined, `eu.${HOST}`, PORT);
    const session = await bench.start({ endpoint: { host: HOST, port: PORT, tls } });
    expect(session.encrypted).toBe(true);
    bench.server.call("client.reconnect", `eu.${HOST}`, PORT, 0);
    await bench.settle();
    await bench.settle();
    expect(bench.servers).toHaveLength(2);
    expect(bench.tls).toEqual([tls, tls]);
  });

  test.each([
    ["refused", new WireError("bad-certificate", "the certificate is somebody else's")],
    ["time", new WireError("certificate-time", "expired")],
    [
      "refused",
      Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
    ],
    ["time", Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" })],
    [
      "time",
      new WireError("bad-certificate", "not trusted", { cause: { code: "CERT_NOT_YET_VALID" } }),
    ],
    ["network", Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })],
  ])("a dial that fails means: %s (%#)", async (kind, error) => {
    bench.network.dial = () => Promise.reject(error);
    await bench.start();
    expect(bench.recorder.ends[0]?.kind).toBe(kind);
  });
});
