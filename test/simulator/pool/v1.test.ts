import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hex32, wordsSwapped } from "../../../simulator/pool/v1/shared-lines.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { PoolBench, START_UNIX_SECONDS } from "./pool-bench.ts";
import { HALF, RARE, RARE_TARGET, referenceSearch } from "./reference-work.ts";

const methods = (client: { lines: readonly { method?: string }[] }) =>
  client.lines.map(({ method }) => method ?? "answer");
const hex = (bytes: Uint8Array) => toHex(bytes);

describe("the words of Stratum V1", () => {
  test("the previous hash of block 125552 goes out in the order that miners know", () => {
    const internal = fromHex("81cd02ab7e569e8bcd9317e2fe99f2de44d49ab2b8851ba4a308000000000000");
    expect(hex(wordsSwapped(internal))).toBe(
      "ab02cd818b9e567ee21793cddef299feb29ad444a41b85b8000008a300000000",
    );
    expect(hex(wordsSwapped(wordsSwapped(internal)))).toBe(hex(internal));
  });

  test("numbers are written as people do", () => {
    expect(hex32(0x20000000)).toBe("20000000");
    expect(hex32(-1)).toBe("ffffffff");
    expect(hex32(0x1a44b9f2)).toBe("1a44b9f2");
  });
});

describe("a Stratum V1 session", () => {
  test("configure, subscribe, authorize; then difficulty and a clean job", async () => {
    const bench = new PoolBench();
    const client = await bench.minerV1(0.5);
    expect(client.answer(1).result).toEqual({
      "version-rolling": true,
      "version-rolling.mask": "1fffe000",
    });
    expect(client.answer(2)).toEqual({ id: 2, result: true, error: null });
    const { extranonce1, extranonce2Size, id } = client.subscription;
    expect([extranonce1.length, extranonce2Size, id.length]).toEqual([16, 8, 32]);
    expect(client.answer(4).result).toBe(true);
    expect(methods(client).slice(-2)).toEqual(["mining.set_difficulty", "mining.notify"]);
    expect(client.last("mining.set_difficulty")[0]).toBeCloseTo(0.5, 12);
    expect(client.job()).toMatchObject({
      cleanJobs: true,
      header: { version: 0x20000000, nbits: 0x17020000, ntime: START_UNIX_SECONDS },
    });
    expect(bench.pool.statistics().channels).toMatchObject([
      { kind: "v1", userIdentity: "user.1", channelId: 1 },
    ]);
  });

  test("a share whose merkle root an independent computation made is accepted, its neighbour is not", async () => {
    const bench = new PoolBench();
    const client = await bench.minerV1();
    bench.pool.setTarget(1, 1, RARE_TARGET);
    bench.pool.newTemplate();
    await bench.settle();
    const job = client.job();
    expect(job.cleanJobs).toBe(false);
    const root = job.merkleRoot("00000000000000a7");
    const good = referenceSearch(job.header, root, (hash) => hash < RARE);
    const bad = referenceSearch(job.header, root, (hash) => hash >= RARE);
    const extranonce2 = "00000000000000a7";
    const ids = [good, bad].map((nonce) => client.submit({ nonce, extranonce2 }));
    await bench.settle();
    expect(ids.map((id) => client.answer(id))).toMatchObject([
      { result: true, error: null },
      { result: null, error: [23, "Low difficulty share", null] },
    ]);
    expect(bench.pool.statistics()).toMatchObject({ accepted: 1, rejected: 1 });
  });

  test("a rolled version counts with the bits that were sent", async () => {
    const bench = new PoolBench();
    const client = await bench.minerV1();
    bench.pool.setTarget(1, 1, RARE_TARGET);
    bench.pool.newTemplate();
    await bench.settle();
    const { header, merkleRoot } = client.job();
    const rolled = { ...header, version: 0x20004000 };
    const root = merkleRoot("0000000000000000");
    const nonce = referenceSearch(rolled, root, (hash) => hash < RARE);
    const id = client.submit({ nonce, bits: "00004000" });
    await bench.settle();
    expect(client.answer(id).result).toBe(true);
  });

  test.each([
    ["an unknown job", { job: "ffff" }, 21],
    ["a job's name in other letters", { job: "Q" }, 21],
    ["another length of extranonce2", { extranonce2: "00" }, 20],
    ["bits outside the mask", { bits: "00000010" }, 20],
    ["no sixth parameter", { bits: null }, 20],
    ["ntime one second early", { ntime: hex32(START_UNIX_SECONDS - 1) }, 20],
    ["ntime one second ahead", { ntime: hex32(START_UNIX_SECONDS + 1) }, 20],
    ["somebody else's name", { worker: "mallory" }, 24],
    ["ntime that is no hex", { ntime: "zzzzzzzz" }, 20],
  ])("%s is refused with its code", async (_, share, code) => {
    const bench = new PoolBench();
    const client = await bench.minerV1();
    const id = client.submit({ nonce: 1, ...share });
    const twice = client.submit({ nonce: 2 });
    await bench.settle();
    expect(client.answer(id)).toMatchObject({
      result: null,
      error: [code, expect.any(String), null],
    });
    expect(client.answer(twice).result).toBe(true);
  });

  test("the same share twice is a duplicate, one of an earlier block is stale, one before subscribing has no place", async () => {
    const bench = new PoolBench();
    const client = await bench.minerV1();
    const { id: job, ntimeHex: ntime } = client.job();
    const ids = [client.submit({ nonce: 1 }), client.submit({ nonce: 1 })];
    await bench.settle();
    bench.pool.newBlock();
    await bench.settle();
    ids.push(client.submit({ nonce: 2, job, ntime }));
    const stranger = await bench.connectV1();
    const early = stranger.request("mining.submit", ["user.1", "1", "00", ntime, "00000000"]);
    await bench.settle();
    expect(ids.map((id) => client.answer(id).error)).toEqual([
      null,
      [22, "Duplicate share", null],
      [21, "Job not found", null],
    ]);
    expect(stranger.answer(early).error).toEqual([25, "Not subscribed", null]);
  });

  test("without mining.configure there is no sixth parameter and no rolling", async () => {
    const bench = new PoolBench({ v1Difficulty: 1e-10 });
    const client = await bench.connectV1();
    client.request("mining.subscribe", []);
    client.request("mining.authorize", ["user.1", ""]);
    await bench.settle();
    const ids = [
      client.submit({ nonce: 1, bits: null }),
      client.submit({ nonce: 2, bits: "00002000" }),
    ];
    await bench.settle();
    expect(ids.map((id) => client.answer(id).result)).toEqual([true, null]);
  });

  test("a block by a share is answered first, then comes a clean job for everybody", async () => {
    const bench = new PoolBench({ nbits: 0x207fffff });
    const client = await bench.minerV1();
    const other = await bench.minerV1();
    const sv2 = await bench.miner();
    const { header, merkleRoot } = client.job();
    const nonce = referenceSearch(header, merkleRoot("0000000000000000"), (hash) => hash < HALF);
    const id = client.submit({ nonce });
    await bench.settle();
    expect(client.lines.at(-2)).toMatchObject({ id, result: true });
    expect([client.job().cleanJobs, other.job().cleanJobs]).toEqual([true, true]);
    expect(other.job().header.prevHash.subarray(0)).toEqual(
      Buffer.from(sv2.last("SetNewPrevHash").prevHash),
    );
    expect(bench.pool.statistics()).toMatchObject({ blocksFound: 1, height: 950_001 });
  });

  test("a subscription is resumed by its id or its extranonce1, but not while it is in use", async () => {
    const bench = new PoolBench();
    const first = await bench.minerV1();
    const { id, extranonce1 } = first.subscription;
    const subscribe = async (session: string) => {
      const client = await bench.connectV1();
      client.request("mining.subscribe", ["asicd", session]);
      await bench.settle();
      return client;
    };
    const intruder = await subscribe(id);
    expect(intruder.subscription.extranonce1).not.toBe(extranonce1);
    first.close();
    await bench.settle();
    const again = await subscribe(id);
    expect(again.subscription).toMatchObject({ id, extranonce1 });
    again.close();
    await bench.settle();
    expect((await subscribe(extranonce1)).subscription.extranonce1).toBe(extranonce1);
    expect((await subscribe("nonsense")).subscription.extranonce1).not.toBe(extranonce1);
  });

  test("difficulty follows wishes, limits and the rate that shows", async () => {
    const bench = new PoolBench({ vardiffPeriodMs: 60_000 });
    const client = await bench.minerV1(8);
    const difficulty = () => client.last("mining.set_difficulty")[0];
    client.request("mining.configure", [
      ["minimum-difficulty"],
      { "minimum-difficulty.value": 16 },
    ]);
    await bench.settle();
    expect(difficulty()).toBeCloseTo(16, 9);
    client.request("mining.suggest_target", [`${"0".repeat(10)}ffff${"0".repeat(50)}`]);
    await bench.settle();
    expect(difficulty()).toBeCloseTo(256, 9);
    await bench.clock.advance(600_000);
    expect(difficulty()).toBeCloseTo(16, 9);
    const refused = client.request("mining.suggest_difficulty", [-1]);
    await bench.settle();
    expect(client.answer(refused).error).toEqual([20, "Malformed parameters", null]);
  });

  test("set_difficulty counts from the next job on", async () => {
    const bench = new PoolBench();
    const client = await bench.minerV1();
    bench.pool.setTarget(1, 1, RARE_TARGET);
    await bench.settle();
    const { header, merkleRoot } = client.job();
    const root = merkleRoot("0000000000000000");
    const nonce = referenceSearch(header, root, (hash) => hash >= RARE);
    const id = client.submit({ nonce });
    await bench.settle();
    expect(client.answer(id).result).toBe(true);
  });

  test("set_extranonce counts from the next job on, its length too", async () => {
    const bench = new PoolBench();
    const client = await bench.minerV1();
    expect(() => bench.pool.setExtranoncePrefix(1, 1, new Uint8Array(12))).toThrow(/subscribe/);
    client.request("mining.extranonce.subscribe", []);
    bench.pool.setTarget(1, 1, RARE_TARGET);
    await bench.settle();
    bench.pool.setExtranoncePrefix(1, 1, new Uint8Array(12).fill(9));
    await bench.settle();
    expect(client.last("mining.set_extranonce")).toEqual(["09".repeat(12), 4]);
    const old = client.submit({ nonce: 1 });
    bench.pool.newTemplate();
    await bench.settle();
    const job = client.job("09".repeat(12));
    const root = job.merkleRoot("0a0b0c0d");
    const nonce = referenceSearch(job.header, root, (hash) => hash < RARE);
    const fresh = client.submit({ nonce, extranonce2: "0a0b0c0d" });
    const wrong = client.submit({ nonce, extranonce2: "00".repeat(8) });
    await bench.settle();
    expect([old, fresh, wrong].map((id) => client.answer(id).result)).toEqual([true, true, null]);
  });

  test("set_version_mask counts at once; shares under way are still judged by the mask before", async () => {
    const bench = new PoolBench();
    const client = await bench.minerV1();
    bench.pool.v1(1).setVersionMask(0x00006000);
    await bench.settle();
    expect(client.last("mining.set_version_mask")).toEqual(["00006000"]);
    const soon = client.submit({ nonce: 1, bits: "10000000" });
    await bench.clock.advance(6_000);
    const late = client.submit({ nonce: 2, bits: "10000000" });
    const good = client.submit({ nonce: 3, bits: "00006000" });
    await bench.settle();
    expect([soon, late, good].map((id) => client.answer(id).result)).toEqual([true, null, true]);
  });

  test("the pool asks for the version, pings, shows a message, and sends devices elsewhere", async () => {
    const bench = new PoolBench();
    const client = await bench.minerV1();
    bench.pool.v1(1).ask("client.get_version");
    bench.pool.v1(1).ask("mining.ping");
    bench.pool.v1(1).showMessage("maintenance at noon");
    bench.pool.reconnect("other.test", 3334, 5);
    await bench.settle();
    const asked = client.lines.filter(({ method, id }) => method !== undefined && id !== null);
    expect(asked.map(({ method }) => method)).toEqual(["client.get_version", "mining.ping"]);
    client.sendText(`{"id":${asked[0]?.id},"result":"asicd/0.1","error":null}\n`);
    await bench.settle();
    expect(bench.events.at(-1)).toEqual({
      event: "answer",
      connection: 1,
      method: "client.get_version",
      result: "asicd/0.1",
    });
    expect(client.last("client.show_message")).toEqual(["maintenance at noon"]);
    expect(client.last("client.reconnect")).toEqual(["other.test", 3334, 5]);
  });

  test("what it does not know it says; what it cannot give, too", async () => {
    const bench = new PoolBench();
    const client = await bench.connectV1();
    const ids = [
      client.request("mining.multi_version", [1]),
      client.request("mining.ping", []),
      client.request("mining.get_transactions", ["1"]),
      client.request("mining.capabilities", [{}]),
      client.request("toString", []),
    ];
    await bench.settle();
    expect(ids.map((id) => client.answer(id))).toMatchObject([
      { result: true },
      { result: "pong" },
      { error: [20, "Transactions are not given out", null] },
      { error: [20, "Unknown method mining.capabilities", null] },
      { error: [20, "Unknown method toString", null] },
    ]);
  });

  test("only named users may mine, alone or with a worker's name", async () => {
    const bench = new PoolBench({ users: ["alice"] });
    const client = await bench.connectV1();
    client.request("mining.subscribe", []);
    const ids = ["alice", "alice.rig1", "mallory", "alicex"].map((name) =>
      client.request("mining.authorize", [name, "x"]),
    );
    await bench.settle();
    expect(ids.map((id) => client.answer(id).result)).toEqual([true, true, false, false]);
    expect(client.answer(ids[2] as number).error).toEqual([24, "Unauthorized worker", null]);
  });

  test("who never subscribes or authorizes is dropped, and stop leaves no timer", async () => {
    const bench = new PoolBench();
    const mute = await bench.connectV1();
    const half = await bench.connectV1();
    half.request("mining.subscribe", []);
    await bench.clock.advance(10_001);
    expect([mute.ended, half.ended]).toEqual([true, false]);
    await bench.clock.advance(60_000);
    expect(half.ended).toBe(true);
    await bench.minerV1();
    bench.pool.stop();
    await bench.settle();
    expect(bench.clock.pendingTimers).toBe(0);
  });
});

describe("lines", () => {
  test("cut anywhere they mean the same (property)", async () => {
    const request = `${JSON.stringify({ id: "ä", method: "mining.ping", params: [] })}\n`;
    const bytes = Buffer.from(`\r\n${request}${request}`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 6 }), async (cuts) => {
        const bench = new PoolBench();
        const client = await bench.connectV1();
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        for (const [index, start] of places.slice(0, -1).entries())
          client.sendBytes(bytes.subarray(start, places[index + 1]));
        await bench.settle();
        const pong = { id: "ä", result: "pong", error: null };
        expect(client.lines).toEqual([pong, pong]);
      }),
      { numRuns: 30 },
    );
  });

  test("one that never ends, or is no JSON, ends the connection and nobody else's", async () => {
    const bench = new PoolBench();
    const honest = await bench.minerV1();
    const endless = await bench.connectV1();
    for (let i = 0; i < 17; i++) endless.sendText("x".repeat(1_024));
    const garbage = await bench.connectV1();
    garbage.sendText("{]\n");
    const list = await bench.connectV1();
    list.sendText("[]\n");
    await bench.settle();
    expect([endless.ended, garbage.ended, list.ended]).toEqual([true, true, true]);
    const id = honest.submit({ nonce: 1 });
    await bench.settle();
    expect(honest.answer(id).result).toBe(true);
  });

  test("any requests leave the pool standing (property)", async () => {
    const bench = new PoolBench();
    const honest = await bench.minerV1();
    let nonce = 0;
    const method = fc.constantFrom(
      ...["configure", "subscribe", "authorize", "submit", "extranonce.subscribe"].map(
        (name) => `mining.${name}`,
      ),
      ...["mining.suggest_difficulty", "mining.suggest_target", "__proto__", ""],
    );
    const params = fc.oneof(
      fc.jsonValue(),
      fc.array(
        fc.oneof(
          fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), maxLength: 16 }),
          fc.double(),
          fc.jsonValue(),
        ),
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ id: fc.jsonValue(), method, params }), { maxLength: 8 }),
        async (requests) => {
          const client = await bench.connectV1();
          for (const request of requests) client.sendText(`${JSON.stringify(request)}\n`);
          await bench.settle();
          client.close();
          const id = honest.submit({ nonce: nonce++ });
          await bench.settle();
          expect(honest.answer(id).result).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});
