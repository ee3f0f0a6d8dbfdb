import { beforeEach, describe, expect, test } from "vitest";
import { Bench, HOST, PORT } from "./support.ts";

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

const answers = () => bench.server.received.filter(({ method }) => method === undefined);

describe("what a server may ask", () => {
  test.each([
    ["client.get_version", "asicd/0"],
    ["mining.ping", "pong"],
    ["client.show_message", true],
  ])("%s is answered, before and after authorize", async (method, result) => {
    bench.listen(() => {});
    await bench.start();
    bench.server.send({ id: "v", method, params: [] });
    expect(answers()).toEqual([{ id: "v", result, error: null }]);
    bench.server.call(method, "as a notification");
    expect(answers()).toHaveLength(1);
  });

  test("an unknown method gets an error, an unknown notification a line in the log", async () => {
    await bench.mining();
    bench.server.send({ id: 5, method: "mining.dance\u001b[0m", params: [] });
    bench.server.call("mining.sing");
    bench.server.call("constructor");
    bench.server.call("__proto__");
    expect(answers()).toEqual([{ id: 5, result: null, error: [-3, "Method not found", null] }]);
    expect(bench.log.text).toContain("mining.dance\ufffd[0m");
    expect(bench.recorder.ends).toEqual([]);
  });

  test("messages for people reach the log, printable and within a budget", async () => {
    await bench.mining();
    const before = bench.log.lines;
    for (let i = 0; i < 100; i++)
      bench.server.call("client.show_message", `maintenance \u001b ${i}`);
    expect(bench.log.lines - before).toBe(5);
    expect(bench.log.text).toContain("maintenance \ufffd 0");
    await bench.clock.advance(61_000);
    bench.server.call("client.show_message", "later");
    expect(bench.log.text).toContain("later");
  });

  test("mining.set_goal is a draft that changes nothing", async () => {
    await bench.mining();
    const before = bench.log.lines;
    bench.server.call("mining.set_goal", "x", { malgo: "SHA256d" });
    expect(bench.log.lines).toBe(before);
    expect(bench.recorder.ends).toEqual([]);
  });

  test("a notification that comes as a request is acted upon", async () => {
    await bench.mining();
    bench.server.send({ id: 77, method: "mining.set_difficulty", params: [8] });
    expect(bench.recorder.ends).toEqual([]);
    expect(answers()).toEqual([]);
  });
});

describe("client.reconnect", () => {
  test("to a server of the same domain it is followed after the wait, the old work dead at once", async () => {
    await bench.mining();
    const { work } = bench;
    bench.listen(undefined, `eu.${HOST}`, 4_444);
    bench.server.call("client.reconnect", `eu.${HOST}`, 4_444, 5);
    await bench.settle();
    expect(work.tip.live).toBe(false);
    expect(bench.recorder.ends).toEqual([
      { kind: "asked", reason: `the pool asked to reconnect to eu.${HOST}:4444` },
    ]);
    expect(bench.session?.phase).toBe("backing-off");
    await bench.clock.advance(4_900);
    expect(bench.servers).toHaveLength(1);
    await bench.clock.advance(200);
    expect(bench.servers).toHaveLength(2);
    expect(bench.session?.phase).toBe("waiting-for-job");
  });

  test("without parameters it means here and now", async () => {
    await bench.mining();
    bench.server.call("client.reconnect");
    await bench.settle();
    await bench.settle();
    expect(bench.servers).toHaveLength(2);
  });

  test("elsewhere it is refused and said, and hashing goes on", async () => {
    await bench.mining();
    bench.server.call("client.reconnect", "evil.org", 3_333, 0);
    await bench.settle();
    expect(bench.recorder.ends).toEqual([]);
    expect(bench.session?.phase).toBe("mining");
    expect(bench.log.text).toContain("evil.org");
  });

  test("what the operator allows is followed", async () => {
    await bench.mining({ session: { redirects: { allowed: ["friend.example.org"] } } });
    bench.listen(undefined, "friend.example.org", PORT);
    bench.server.call("client.reconnect", "friend.example.org");
    await bench.settle();
    await bench.settle();
    expect(bench.servers).toHaveLength(2);
  });

  test("parameters that make no sense are ignored", async () => {
    await bench.mining();
    bench.server.call("client.reconnect", "a host", 99_999);
    await bench.settle();
    expect(bench.recorder.ends).toEqual([]);
    expect(bench.log.text).toContain("client.reconnect: host");
  });

  test("a pool that only ever redirects is followed five times", async () => {
    bench.listen((server) => {
      server.serve();
      server.call("client.reconnect");
    });
    await bench.start();
    await bench.clock.advance(5_000);
    expect(bench.servers).toHaveLength(6);
    expect(bench.session?.phase).toBe("waiting-for-job");
    expect(bench.log.text).toContain("more than 5 times in a row");
  });

  test("after a minute of mining the count begins anew", async () => {
    await bench.mining();
    for (let i = 0; i < 8; i++) {
      bench.server.call("client.reconnect");
      await bench.clock.advance(10);
      bench.server.notify();
      await bench.clock.advance(65_000);
    }
    expect(bench.servers).toHaveLength(9);
  });

  test("but ten an hour are the most, however well it goes in between", async () => {
    await bench.mining();
    for (let i = 0; i < 15; i++) {
      bench.server.call("client.reconnect");
      await bench.clock.advance(10);
      bench.server.notify();
      await bench.clock.advance(65_000);
    }
    expect(bench.servers).toHaveLength(11);
    expect(bench.session?.phase).toBe("mining");
    expect(bench.log.text).toContain("redirected more than 10 times within an hour");
  });

  test("a redirect into the void leads back to the configured server", async () => {
    await bench.mining();
    bench.server.call("client.reconnect", `gone.${HOST}`, 1, 0);
    await bench.clock.advance(3_000);
    expect(bench.servers).toHaveLength(2);
    expect(bench.session?.phase).toBe("waiting-for-job");
  });
});
