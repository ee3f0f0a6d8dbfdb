/** What the machine refuses over the network, to whom, and what it never says. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SystemClock } from "../../../firmware/platform/system-clock.ts";
import type { Scope } from "../../../src/api/device.ts";
import type { Route } from "../../../src/api/route.ts";
import { routes, writes } from "../../../src/api/routes.ts";
import { SAMPLE_POOL_KEY } from "../../support/operated-device.ts";
import { openStream } from "./event-stream.ts";
import { caller, codeOf, PASSWORD, type Served, served } from "./served.ts";

const RANK: Readonly<Record<Scope, number>> = { read: 1, control: 2, admin: 3 };
const scopes = ["read", "control", "admin"] as const;

function target({ method, path, example }: Route): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, key: string) =>
    key === "id" ? "0123456789ab" : String(example.params?.[key]),
  );
  return `${method} /api/v1${filled}`;
}

async function tokenOf(machine: Served, scope: Scope, expiresDays: number | null = 1) {
  const made = await machine.keyring.createToken({ name: `${scope} one`, scope, expiresDays });
  if (typeof made === "string") throw new Error(made);
  return made.token;
}

const writing = routes.filter(writes).map((route) => [target(route), route] as const);
const guarded = routes
  .filter(({ access }) => access !== "open" && access !== "public-read")
  .map((route) => [target(route), route] as const);

/** A time that the test sets. */
class SetClock extends SystemClock {
  atS = 1_800_000_000;
  override nowMs(): number {
    return this.atS * 1_000;
  }
  override unixSeconds(): number {
    return this.atS;
  }
}

describe("before a password is set", () => {
  test.each(writing)("%s is refused, but for setting it", async (what, route) => {
    await using machine = await served({ withoutPassword: true });
    const { status, body } = await machine.call(what, { body: route.example.body });
    if (route.setsPassword === true) expect(status).toBe(200);
    else expect([status, codeOf({ body })]).toEqual([403, "password-not-set"]);
    expect(machine.operated.requests).toEqual([]);
  });

  test("nothing opens what takes a login, and the first password ends that state for good", async () => {
    await using machine = await served({ withoutPassword: true });
    expect((await machine.call("GET /api/v1/config")).status).toBe(401);
    const first = await machine.call("POST /api/v1/password", { body: { new: "first password" } });
    expect(first.status).toBe(200);
    expect(first.session).toBeDefined();
    const second = await machine.call("POST /api/v1/password", {
      body: { new: "second password" },
    });
    expect(second.status).toBe(401);
    const login = await machine.call("POST /api/v1/session", {
      body: { password: "first password" },
    });
    expect(login.status).toBe(200);
  });

  test("of two that set the first password at once, one does", async () => {
    await using machine = await served({ withoutPassword: true });
    const both = await Promise.all(
      ["first password", "other password"].map((word) =>
        machine.call("POST /api/v1/password", { body: { new: word } }),
      ),
    );
    const [first, second] = both.map(({ status }) => status).sort();
    // 401: it came when the other was done already.
    expect([first, second === 401 || second === 409]).toEqual([200, true]);
  });
});

describe("without the scope that it takes", () => {
  test.each(guarded)(
    "%s is refused to nobody, to smaller scopes, and reaches nothing",
    async (what, route) => {
      await using machine = await served();
      const { body } = route.example;
      const plain = await machine.call(what, { body });
      expect([plain.status, codeOf(plain)]).toEqual([401, "login-needed"]);
      for (const scope of scopes) {
        const called = await machine.call(what, { body, token: await tokenOf(machine, scope) });
        if (RANK[scope] < RANK[route.access as Scope])
          expect([scope, called.status, codeOf(called)]).toEqual([scope, 403, "scope-too-small"]);
        else expect([scope, called.status], called.text).not.toEqual([scope, 401]);
        if (RANK[scope] < RANK[route.access as Scope])
          expect(machine.operated.requests).toEqual([]);
      }
    },
  );

  test.each(guarded)(
    "%s is refused to an unknown, a deleted and an expired token",
    async (what, route) => {
      const clock = new SetClock();
      await using machine = await served({ clock });
      const { body } = route.example;
      const expiring = await tokenOf(machine, "admin", 1);
      const deleted = await tokenOf(machine, "control", null);
      await machine.keyring.deleteToken(machine.keyring.tokens[1]?.id ?? "");
      clock.atS += 86_400;
      for (const token of [expiring, deleted, `asicd_${"A".repeat(43)}`, "nonsense"]) {
        const called = await machine.call(what, { body, token });
        expect([called.status, codeOf(called)]).toEqual([401, "login-needed"]);
      }
      expect(machine.operated.requests).toEqual([]);
    },
  );

  test("a login ends when it was not used for its time, and use makes it last", async () => {
    const clock = new SetClock();
    await using machine = await served({ clock, config: { api: { sessionHours: 2 } } });
    const { session = "" } = await machine.call("POST /api/v1/session", {
      body: { password: PASSWORD },
    });
    for (let hour = 0; hour < 6; hour++) {
      clock.atS += 3_600;
      expect((await machine.call("GET /api/v1/config", { cookie: session })).status).toBe(200);
    }
    clock.atS += 2 * 3_600;
    expect((await machine.call("GET /api/v1/config", { cookie: session })).status).toBe(401);
  });

  test("logging out ends the login, and so does another password", async () => {
    await using machine = await served();
    const login = async () =>
      (await machine.call("POST /api/v1/session", { body: { password: PASSWORD } })).session ?? "";
    const [one, two] = [await login(), await login()];
    await machine.call("DELETE /api/v1/session", { cookie: one });
    expect((await machine.call("GET /api/v1/config", { cookie: one })).status).toBe(401);
    expect((await machine.call("GET /api/v1/config", { cookie: two })).status).toBe(200);
    const changed = await machine.call("POST /api/v1/password", {
      cookie: two,
      body: { current: PASSWORD, new: "another password" },
    });
    expect(changed.status).toBe(200);
    expect((await machine.call("GET /api/v1/config", { cookie: two })).status).toBe(401);
    expect(
      (await machine.call("GET /api/v1/config", { cookie: changed.session ?? "" })).status,
    ).toBe(200);
  });

  test("reading takes a login too where the operator wants it", async () => {
    await using machine = await served({ config: { api: { publicRead: false } } });
    const open = routes.filter(({ access }) => access === "public-read");
    for (const route of open) expect((await machine.call(target(route))).status).toBe(401);
    const token = await tokenOf(machine, "read");
    expect((await machine.call("GET /api/v1/status", { token })).status).toBe(200);
    expect((await machine.call("GET /")).status).toBe(200);
  });
});

describe("a page of somebody else", () => {
  const foreign: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["a rebound name", { host: "evil.example" }],
    ["a rebound name that looks like an address", { host: "127.0.0.1.evil.example" }],
    ["our host name in a foreign domain", { host: "miner-1.evil.example" }],
    ["a foreign origin", { origin: "http://evil.example" }],
    ["no origin in particular", { origin: "null" }],
    ["our address on another port", { origin: "http://127.0.0.1:1" }],
    ["what the browser says of itself", { "sec-fetch-site": "cross-site" }],
    ["a neighbour's name", { "sec-fetch-site": "same-site" }],
  ];
  test.each(foreign)("%s gets nothing written, with any key", async (_name, headers) => {
    await using machine = await served();
    const token = await tokenOf(machine, "admin");
    const { session = "" } = await machine.call("POST /api/v1/session", {
      body: { password: PASSWORD },
    });
    const before = machine.operated.requests.length;
    for (const [what, route] of writing)
      for (const key of [{ token }, { cookie: session }]) {
        const called = await machine.call(what, { headers, body: route.example.body, ...key });
        expect([what, called.status, codeOf(called)]).toEqual([
          what,
          403,
          expect.stringMatching(/^(host|origin)-not-allowed$/),
        ]);
      }
    expect(machine.operated.requests.length).toBe(before);
  });

  test("under a foreign name not even the page is served, nor what others added", async () => {
    await using machine = await served({
      extraRoutes: [(app) => void app.get("/metrics", (_request, reply) => reply.send("x 1\n"))],
    });
    for (const path of ["/", "/api/v1/status", "/api/v1/live", "/metrics"]) {
      const called = await machine.call(`GET ${path}`, { headers: { host: "evil.example" } });
      expect([path, called.status]).toEqual([path, 403]);
    }
    expect((await machine.call("GET /metrics")).status).toBe(200);
  });

  test.each([
    ["an address", { host: "192.168.1.20" }],
    ["an IPv6 address", { host: "[fe80::1]:80" }],
    ["localhost", { host: "localhost:8080" }],
    ["the host name", { host: "Miner-1" }],
    ["the name in mDNS", { host: "garage-one.local" }],
    ["what the operator lists", { host: "miner.example.net" }],
    [
      "its own page",
      { host: "miner-1", origin: "http://miner-1", "sec-fetch-site": "same-origin" },
    ],
    ["its own page behind TLS", { host: "miner-1", origin: "https://miner-1" }],
    ["a bookmark", { "sec-fetch-site": "none" }],
  ])("%s is taken", async (_name, headers) => {
    await using machine = await served({
      config: { name: "garage one", api: { hosts: ["miner.example.net"] } },
    });
    const token = await tokenOf(machine, "control");
    const called = await machine.call("POST /api/v1/actions/pause", { headers, body: {}, token });
    expect(called.status).toBe(200);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
    "a form (%s) writes nothing",
    async (type) => {
      await using machine = await served();
      const { session = "" } = await machine.call("POST /api/v1/session", {
        body: { password: PASSWORD },
      });
      for (const [what] of writing.filter(([, { method }]) => method !== "DELETE")) {
        const called = await machine.call(what, {
          headers: { "content-type": type },
          raw: "{}",
          cookie: session,
        });
        expect([what, called.status]).toEqual([what, 415]);
      }
      expect(machine.operated.requests).toEqual([]);
    },
  );

  test("the cookie is for this site alone, and no script's", async () => {
    await using machine = await served();
    const login = await machine.call("POST /api/v1/session", { body: { password: PASSWORD } });
    expect(String(login.headers["set-cookie"])).toMatch(
      /; HttpOnly; SameSite=Strict; Max-Age=86400$/,
    );
    for (const path of ["/", "/api/v1/status", "/nowhere"]) {
      const { headers } = await machine.call(`GET ${path}`);
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "content-security-policy": expect.stringMatching(
          /default-src 'none'.*frame-ancestors 'none'/,
        ),
      });
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
  });
});

describe("who guesses passwords", () => {
  test("waits longer and longer, even with the right one, and is told for how long", async () => {
    const clock = new SetClock();
    await using machine = await served({ clock });
    const attempt = (password: string) =>
      machine.call("POST /api/v1/session", { body: { password } });
    for (let time = 0; time < 5; time++) expect((await attempt("wrong one")).status).toBe(401);
    const locked = await attempt(PASSWORD);
    expect([locked.status, codeOf(locked), locked.headers["retry-after"]]).toEqual([
      429,
      "locked-out",
      "2",
    ]);
    clock.atS += 2;
    expect((await attempt("wrong one")).status).toBe(401);
    clock.atS += 2;
    expect((await attempt(PASSWORD)).status).toBe(429);
    clock.atS += 2;
    expect((await attempt(PASSWORD)).status).toBe(200);
    const told = machine.operated.device.events().map(({ what }) => what);
    expect(told.filter((what) => what === "login-failed")).toHaveLength(4);
    expect(told.filter((what) => what === "login-locked")).toHaveLength(2);
    expect(told).toContain("login");
  });

  test("is locked out of changing the password as well", async () => {
    await using machine = await served();
    const attempt = () =>
      machine.call("POST /api/v1/password", {
        body: { current: "wrong one", new: "new password" },
      });
    for (let time = 0; time < 5; time++) expect((await attempt()).status).toBe(401);
    expect((await attempt()).status).toBe(429);
  });

  test("at once in great numbers gets no more tries than one after the other", async () => {
    await using machine = await served();
    const all = await Promise.all(
      Array.from({ length: 40 }, () =>
        machine.call("POST /api/v1/session", { body: { password: "wrong one" } }),
      ),
    );
    expect(all.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(5);
  });
});

describe("what nobody gets to see", () => {
  const planted = {
    pool: "planted-pool-password",
    mqtt: "planted-mqtt-password",
    webhook: "https://hook.example/planted-webhook-path",
    signing: "planted-webhook-secret",
    own: "planted own password",
    persona: "planted persona password",
  };
  const config = {
    mqtt: { url: "mqtt://broker.example", password: planted.mqtt },
    webhook: { url: planted.webhook, secret: planted.signing },
  };

  test("planted secrets are in no answer, error, event, log line, stream or bundle", async () => {
    await using machine = await served({ config, withoutPassword: true });
    const seen: string[] = [];
    const call: Served["call"] = async (...given) => {
      const called = await machine.call(...given);
      seen.push(
        called.bytes.toString("latin1"),
        JSON.stringify({ ...called.headers, "set-cookie": "" }),
      );
      return called;
    };
    const { session = "" } = await call("POST /api/v1/password", { body: { new: planted.own } });
    await call("POST /api/v1/persona-password", {
      cookie: session,
      body: { password: planted.persona },
    });
    const made = await call("POST /api/v1/tokens", {
      cookie: session,
      body: { name: "fleet", scope: "admin", expiresDays: null },
    });
    // It is told once.
    seen.length = 0;
    const { token } = made.body as { token: string };
    for (const line of [
      `{"level":"info","msg":"connecting","password":"${planted.pool}","url":"mqtt://u:${planted.mqtt}@broker"}`,
      `crash: ${planted.signing} ${token} Cookie: asicd_session=${session}`,
      `{"level":"warn","msg":"authorization","authorization":"Bearer ${token}"}`,
    ])
      machine.logs.add(line);
    using stream = await openStream(machine.port);
    for (const route of routes.filter(
      ({ path }) => path !== "/live" && path !== "/actions/factory-reset",
    )) {
      const { example } = route;
      if (route.path === "/tokens" && route.method === "POST") continue;
      await call(target(route), { token, body: example.body });
      await call(target(route), {
        token,
        body: { password: planted.own, new: planted.own, unknown: planted.pool },
      });
      await call(target(route), { token, raw: `{"password":"${planted.own}","x":${planted.pool}` });
    }
    await call("POST /api/v1/session", { body: { password: 5, current: planted.own } });
    await call("POST /api/v1/password", { body: { new: "short", current: planted.persona } });
    const [, ...events] = machine.operated.device.events();
    seen.push(
      JSON.stringify(events),
      JSON.stringify(machine.operated.kept),
      machine.logs.text,
      stream.text(),
    );
    const everything = seen.join("\n");
    expect(everything.length).toBeGreaterThan(100_000);
    const secrets = [...Object.values(planted), session, token, machine.keyring.personaHa1 ?? ""];
    const { passwordHash } = machine.saved();
    for (const secret of [...secrets, passwordHash ?? "", SAMPLE_POOL_KEY.repeat(2)])
      expect(everything.includes(secret), `${secret} is shown`).toBe(false);
  });

  test("an export has secrets only when an administrator asks for them, and that is an event", async () => {
    await using machine = await served({ config });
    const token = await tokenOf(machine, "admin");
    const plain = await machine.call("GET /api/v1/config/export", { token });
    const full = await machine.call("GET /api/v1/config/export?secrets=true", { token });
    expect(plain.text).not.toContain(planted.mqtt);
    expect(full.text).toContain(planted.mqtt);
    expect(machine.operated.device.events().at(-1)).toMatchObject({
      what: "settings-exported",
      reason: "token admin one: exported the settings with secrets",
    });
  });
});

describe("who has done what", () => {
  test("each write is an event with its author", async () => {
    await using machine = await served();
    const token = await tokenOf(machine, "admin");
    await machine.call("POST /api/v1/actions/pause", { token, body: {} });
    await machine.call("PATCH /api/v1/config", {
      token,
      body: { changes: [{ path: "name", value: "garage" }] },
    });
    await machine.call("POST /api/v1/tokens", { token, body: { name: "new", scope: "read" } });
    const reasons = machine.operated.device
      .events()
      .slice(-3)
      .map(({ reason }) => reason);
    expect(reasons).toEqual([
      "token admin one: pause: done",
      "token admin one: changed name",
      "token admin one: made token new with scope read",
    ]);
  });

  test("a factory reset takes every key", async () => {
    await using machine = await served();
    const token = await tokenOf(machine, "admin");
    const called = await machine.call("POST /api/v1/actions/factory-reset", { token, body: {} });
    expect(called.status).toBe(200);
    expect((await machine.call("GET /api/v1/config", { token })).status).toBe(401);
    expect(machine.saved()).toEqual({
      passwordHash: null,
      personaHa1: null,
      tokens: [],
      sessions: [],
    });
  });

  test("after a factory reset nobody takes the machine before it has started again", async () => {
    await using machine = await served();
    const token = await tokenOf(machine, "admin");
    await machine.call("POST /api/v1/actions/factory-reset", { token, body: {} });
    const before = machine.operated.requests.length;
    const taken = await machine.call("POST /api/v1/password", { body: { new: "of a stranger" } });
    expect([taken.status, codeOf(taken), taken.session]).toEqual([503, "restarting", undefined]);
    const changed = await machine.call("PATCH /api/v1/config", {
      body: { changes: [{ path: "name", value: "mine" }] },
    });
    expect(changed.status).toBe(403);
    expect(machine.operated.requests.length).toBe(before);
  });

  test("a factory reset that is refused takes none", async () => {
    await using machine = await served();
    machine.operated.answerWith(() => ({ is: "refused", code: "busy", text: "not now" }));
    const token = await tokenOf(machine, "admin");
    const called = await machine.call("POST /api/v1/actions/factory-reset", { token, body: {} });
    expect([called.status, codeOf(called)]).toEqual([409, "busy"]);
    expect((await machine.call("GET /api/v1/config", { token })).status).toBe(200);
  });
});

test("the Unix socket is its owner's alone, who needs no key but a password that is set", async () => {
  const folder = mkdtempSync(join(tmpdir(), "asicd-socket-"));
  try {
    const socketPath = join(folder, "run/operator.sock");
    await using machine = await served({ unixSocket: socketPath, withoutPassword: true });
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    const local = caller({ socketPath });
    expect((await local("POST /api/v1/actions/pause", { body: {} })).status).toBe(403);
    expect((await local("POST /api/v1/password", { body: { new: "first password" } })).status).toBe(
      200,
    );
    expect((await local("POST /api/v1/actions/pause", { body: {} })).status).toBe(200);
    // Whoever forgot it is at the machine.
    expect((await local("POST /api/v1/password", { body: { new: "other password" } })).status).toBe(
      200,
    );
    expect((await local("GET /api/v1/session")).body).toMatchObject({ scope: "admin" });
    expect(machine.operated.requests.at(-1)).toMatchObject({
      actor: { name: "cli", scope: "admin" },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
