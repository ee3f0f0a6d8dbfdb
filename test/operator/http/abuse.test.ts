/** Requests that are wrong, slow, many or endless: each gets an answer or an end, and nobody else notices. */
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { routes, writes } from "../../../src/api/routes.ts";
import { type Called, codeOf, PASSWORD, type Served, served } from "./served.ts";

const withBody = routes.filter(({ body }) => body !== undefined);

function pathOf(path: string, params: Readonly<Record<string, string | number>> = {}): string {
  return `/api/v1${path.replaceAll(/\{(\w+)\}/g, (_, key: string) => String(params[key]))}`;
}

async function admin(machine: Served): Promise<string> {
  const made = await machine.keyring.createToken({ name: "a", scope: "admin", expiresDays: null });
  if (typeof made === "string") throw new Error(made);
  return made.token;
}

describe("bodies that are wrong", () => {
  const raws: readonly (readonly [string, string])[] = [
    ["no JSON", "{"],
    ["white space of other kinds than JSON's", "\v"],
    ["nothing but a blank", " "],
    ["two values", "{} {}"],
    ["a number", "5"],
    ["null", "null"],
    ["a list", "[]"],
    ["text", '"x"'],
    ["an unknown key", '{"surprise":1}'],
    ["a key that reaches all objects", '{"__proto__":{"x":1}}'],
    ["a constructor", '{"constructor":{"prototype":{"x":1}}}'],
    ["great depth", `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`],
    ["a great list", `{"changes":[${'{"path":"name"},'.repeat(3_000)}{}]}`],
  ];
  test.each(withBody.map((route) => [`${route.method} ${route.path}`, route] as const))(
    "%s names what is wrong and stays",
    async (_name, route) => {
      await using machine = await served();
      const token = await admin(machine);
      const what = `${route.method} ${pathOf(route.path, route.example.params)}`;
      for (const [kind, raw] of raws) {
        const called = await machine.call(what, { raw, token });
        expect([kind, called.status, codeOf(called)]).toEqual([kind, 400, "invalid-request"]);
        expect((called.body as { error: { text: string } }).error.text).not.toBe("");
      }
      expect(machine.operated.requests).toEqual([]);
    },
  );

  test("a body without end is cut off at 256 kB", async () => {
    await using machine = await served();
    const raw = JSON.stringify({ password: "x".repeat(300_000) });
    const called = await machine.call("POST /api/v1/session", { raw });
    expect([called.status, codeOf(called)]).toEqual([413, "too-large"]);
  });

  test("problems say where, what, and what would be right", async () => {
    await using machine = await served();
    const token = await admin(machine);
    const { body } = await machine.call("POST /api/v1/tokens", {
      token,
      body: { name: "x", scope: "root", expiresDay: 1 },
    });
    expect((body as { error: { problems: unknown } }).error.problems).toEqual([
      {
        path: "expiresDay",
        problem: 'unknown key, did you mean "expiresDays"?',
        allowed: "name, scope, expiresDays",
      },
      { path: "scope", problem: '"root" is not valid', allowed: '"read", "control", "admin"' },
    ]);
  });

  test("settings that would not do come back with every problem", async () => {
    await using machine = await served();
    const token = await admin(machine);
    const problems = [{ path: "pools[0].url", problem: "is missing" }];
    machine.operated.answerWith(() => ({ is: "invalid", problems }));
    const called = await machine.call("PATCH /api/v1/config", { token, body: { changes: [] } });
    expect([called.status, called.body]).toEqual([
      422,
      { error: { code: "invalid-settings", text: expect.any(String), problems } },
    ]);
  });
});

describe("addresses that are wrong", () => {
  test.each([
    ["GET /api/v1/boards/9", 404],
    ["GET /api/v1/boards/-1", 400],
    ["GET /api/v1/boards/x", 400],
    ["GET /api/v1/boards/1e0", 400],
    ["GET /api/v1/boards/0/chips/126/history", 404],
    ["GET /api/v1/events?limit=0", 400],
    ["GET /api/v1/events?limit=1&limit=2", 400],
    ["GET /api/v1/events?surprise=1", 400],
    ["GET /api/v1/status?surprise=1", 400],
    ["GET /api/v1/history", 400],
    ["GET /api/v1/history?series=nothing", 404],
    ["GET /api/v1/history?series=hashrate&from=5&to=4", 400],
    ["GET /api/v1/history?series=hashrate&to=1e400", 400],
    ["GET /api/v1/nothing", 404],
    ["GET /api/v1/boards/%zz", 400],
    ["DELETE /api/v1/status", 405],
    ["PUT /api/v1/password", 405],
    ["GET /api/v1/actions/pause", 405],
    ["OPTIONS /api/v1/config", 405],
    ["GET /api/v2/status", 404],
  ])("%s is %i, in JSON", async (what, status) => {
    await using machine = await served();
    const called = await machine.call(what);
    expect([called.status, codeOf(called)]).toEqual([status, expect.any(String)]);
  });

  test.each([
    "GET /nothing",
    "GET /../../etc/passwd",
    "GET /%2e%2e/%2e%2e/etc/passwd",
    "GET /cgi-bin/luci",
    "POST /",
    "GET /apix",
  ])("outside the API %s is 404, and no JSON", async (what) => {
    await using machine = await served();
    const called = await machine.call(what);
    expect(called.status).toBe(404);
    expect(called.headers["content-type"]).toMatch(/^text\/plain/);
    expect(() => JSON.parse(called.text)).toThrow();
  });
});

describe("too many", () => {
  test("requests of one address wait; the Unix socket and others do not", async () => {
    await using machine = await served({
      limits: { requests: { perSecond: 0.01, burst: 5 } },
    });
    const all: Called[] = [];
    for (let i = 0; i < 8; i++) all.push(await machine.call("GET /api/v1/fans"));
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    expect(Number(all[7]?.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  });

  test("writes of one address wait sooner", async () => {
    await using machine = await served({ limits: { writes: { perSecond: 0.01, burst: 2 } } });
    const token = await admin(machine);
    const pause = () => machine.call("POST /api/v1/actions/pause", { token, body: {} });
    expect([(await pause()).status, (await pause()).status, (await pause()).status]).toEqual([
      200, 200, 429,
    ]);
    expect((await machine.call("GET /api/v1/fans")).status).toBe(200);
  });

  test("a question for history costs ten", async () => {
    await using machine = await served({ limits: { requests: { perSecond: 0.01, burst: 25 } } });
    const all: Called[] = [];
    for (let i = 0; i < 3; i++) all.push(await machine.call("GET /api/v1/history?series=hashrate"));
    expect(all.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect((await machine.call("GET /api/v1/history/series")).status).toBe(200);
  });

  test("1 000 connections that say nothing keep nobody out, and never stay many", async () => {
    await using machine = await served();
    const idle: Socket[] = [];
    for (let i = 0; i < 1_000; i++) idle.push(await opened(machine.port));
    const asked = await machine.call("GET /api/v1/status");
    expect(asked.status).toBe(200);
    expect(machine.server.connectionCount).toBeLessThanOrEqual(192);
    for (const socket of idle) socket.destroy();
  });

  test("fifty pollers cost one text for each status", async () => {
    await using machine = await served();
    let stringified = 0;
    const status = machine.operated.device.status();
    Object.defineProperty(status, "toJSON", {
      enumerable: false,
      value() {
        stringified++;
        return { ...status };
      },
    });
    const polled = await Promise.all(
      Array.from({ length: 50 }, () => machine.call("GET /api/v1/status")),
    );
    expect(new Set(polled.map(({ text }) => text)).size).toBe(1);
    expect(stringified).toBe(1);
  });
});

describe("too slow", () => {
  const times = { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 };

  test.each([
    ["a head that never ends", "GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "],
    ["no word at all", ""],
    [
      "a body that never comes",
      `POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{`,
    ],
  ])("%s is given up, while others are served", async (_name, begin) => {
    await using machine = await served({ limits: { times } });
    const socket = await opened(machine.port);
    socket.write(begin);
    const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.resume();
    expect((await machine.call("GET /api/v1/status")).status).toBe(200);
    await ended;
  });

  test("what is no HTTP gets 400 and an end", async () => {
    await using machine = await served();
    const socket = await opened(machine.port);
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.write("\x16\x03\x01 is TLS\r\n\r\n");
    await ended;
    expect(text).toMatch(/^HTTP\/1.1 400 /);
  });

  test("a head of 20 kB is refused", async () => {
    await using machine = await served();
    const called = await machine
      .call("GET /", { headers: { "x-long": "x".repeat(20_000) } })
      .catch((error: Error) => error);
    if (!(called instanceof Error)) expect([400, 431]).toContain(called.status);
  });
});

test("a disk that cannot be written is a 503 that says so, and changes nothing", async () => {
  await using machine = await served();
  const token = await admin(machine);
  machine.failSaves(Object.assign(new Error("no space"), { code: "ENOSPC" }));
  const called = await machine.call("POST /api/v1/tokens", {
    token,
    body: { name: "b", scope: "read" },
  });
  expect([called.status, codeOf(called)]).toEqual([503, "not-saved"]);
  const changed = await machine.call("POST /api/v1/password", {
    body: { current: PASSWORD, new: "other password" },
  });
  expect(changed.status).toBe(503);
  machine.failSaves(undefined);
  expect(machine.keyring.tokens).toHaveLength(1);
  expect(
    (await machine.call("POST /api/v1/session", { body: { password: PASSWORD } })).status,
  ).toBe(200);
});

test("every write of the table is tried above", () => {
  expect(routes.filter(writes).length).toBeGreaterThanOrEqual(withBody.length);
});

function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      // That it is thrown out is what is tested.
      socket.on("error", () => {});
      resolve(socket);
    });
    socket.once("error", reject);
  });
}
