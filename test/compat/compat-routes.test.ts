/** Bitmain's CGI and AxeOS' REST over HTTP. */
import { createHash } from "node:crypto";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compatRoutes } from "../../firmware/operator/compat-routes.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import type { Persona } from "../../src/api/status.ts";
import { SAMPLE_POOL_KEY } from "../support/operated-device.ts";
import { type MachineWithSettings, machineWithSettings } from "./machine-with-settings.ts";

const clock = new SystemClock();
const PASSWORD = "of the persona";
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

let machine: MachineWithSettings;
let app: FastifyInstance;
let persona: Persona;
let password: string | null;
let publicRead: boolean;

beforeEach(async () => {
  [persona, password, publicRead] = ["antminer", PASSWORD, true];
  machine = await machineWithSettings({
    clock,
    facts: { model: "Antminer S19j Pro (Amlogic)", board: "s19j-pro" },
    config: { compat: { persona: "antminer" } },
  });
  app = Fastify();
  compatRoutes({
    device: machine.device,
    clock,
    entropy: systemEntropy,
    persona: () => persona,
    personaHa1: () => (password === null ? null : md5(`root:antMiner Configuration:${password}`)),
    publicRead: () => publicRead,
  })(app);
  await app.ready();
});

afterEach(async () => {
  await app.close();
  await machine[Symbol.asyncDispose]();
});

interface Call {
  readonly method?: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

function call(url: string, { method = "GET", body, headers = {} }: Call = {}) {
  return app.inject({
    method,
    url,
    headers: {
      host: "10.0.0.9",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
}

function authorization(
  challenge: string,
  method: string,
  uri: string,
  { with: secret = PASSWORD, nc = "00000001" } = {},
): string {
  const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? "";
  const ha1 = md5(`root:antMiner Configuration:${secret}`);
  const response = md5(`${ha1}:${nonce}:${nc}:abc:auth:${md5(`${method}:${uri}`)}`);
  return `Digest username="root", realm="antMiner Configuration", nonce="${nonce}", uri="${uri}", qop=auth, nc=${nc}, cnonce="abc", response="${response}"`;
}

/** As Bitmain's clients do: asked, challenged, asked again. */
async function known(url: string, options: Call = {}, secret = PASSWORD) {
  const method = options.method ?? "GET";
  const first = await call(url, options);
  const challenge = String(first.headers["www-authenticate"] ?? "");
  return call(url, {
    ...options,
    headers: {
      ...options.headers,
      authorization: authorization(challenge, method, url, { with: secret }),
    },
  });
}

const pools = () => machine.device.status().pools.map(({ url, user }) => `${user} at ${url}`);
const sparsePools = () => (machine.sparse() as { pools: Record<string, unknown>[] }).pools;
const home = `asicd.one at stratum2+tcp://127.0.0.1:34254/${SAMPLE_POOL_KEY}`;
const away = "asicd.two at stratum+tcp://pool.example.com:3333";

describe("Bitmain's CGI", () => {
  test("is readable by everybody, and shows neither passwords nor what it does not know", async () => {
    for (const name of "get_system_info miner_type summary stats pools get_network_info get_miner_conf get_blink_status".split(
      " ",
    )) {
      const { statusCode, headers, body } = await call(`/cgi-bin/${name}.cgi`);
      expect(statusCode).toBe(200);
      expect(headers["content-type"]).toContain("application/json");
      expect(body).not.toMatch(/planted|null|undefined/);
    }
    expect((await call("/cgi-bin/get_system_info.cgi")).json()).toMatchObject({
      minertype: "Antminer S19j Pro",
      macaddr: "02:00:00:12:34:56",
      system_filesystem_version: "asicd 0.1.0",
    });
    expect((await call("/cgi-bin/get_miner_conf.cgi")).json()).toMatchObject({
      "bitmain-work-mode": "0",
    });
  });

  test("wants the password for reading too where nothing is readable without login", async () => {
    publicRead = false;
    expect((await call("/cgi-bin/summary.cgi")).statusCode).toBe(401);
    expect((await known("/cgi-bin/summary.cgi")).statusCode).toBe(200);
  });

  test("takes nothing without the password, nor while none is set", async () => {
    const sleep = { method: "POST", body: { "miner-mode": 1 } } as const;
    const first = await call("/cgi-bin/set_miner_conf.cgi", sleep);
    expect(first.statusCode).toBe(401);
    expect(first.headers["www-authenticate"]).toMatch(
      /^Digest realm="antMiner Configuration", nonce="\w+", qop="auth"/,
    );
    expect(first.headers).not.toHaveProperty("algorithm");
    expect((await known("/cgi-bin/set_miner_conf.cgi", sleep, "wrong")).statusCode).toBe(401);
    password = null;
    expect((await known("/cgi-bin/set_miner_conf.cgi", sleep)).statusCode).toBe(401);
    expect(machine.device.status().paused).toBe(false);
    const failures = machine.device.events().filter(({ what }) => what === "login-failed");
    expect(failures.map(({ reason }) => reason)).toEqual([
      "antminer persona 127.0.0.1: wrong password of the Antminer interface",
    ]);
  });

  test("pauses and resumes, by number or text, by one name or the other", async () => {
    for (const [body, paused] of [
      [{ "miner-mode": 1 }, true],
      [{ "bitmain-work-mode": "0" }, false],
      [{ "miner-mode": "1", "bitmain-work-mode": 1 }, true],
      [{ "miner-mode": 0 }, false],
    ] as const) {
      const answer = await known("/cgi-bin/set_miner_conf.cgi", { method: "POST", body });
      expect(answer.json()).toMatchObject({ stats: "success", code: "M000" });
      expect(machine.device.status().paused).toBe(paused);
    }
    const low = await known("/cgi-bin/set_miner_conf.cgi", {
      method: "POST",
      body: { "miner-mode": 3 },
    });
    expect(low.json()).toMatchObject({ stats: "error" });
  });

  test("gets back what it showed, with padding and typing errors, and changes nothing by it", async () => {
    const before = JSON.stringify(machine.sparse());
    const { pools: shown } = (await call("/cgi-bin/get_miner_conf.cgi")).json();
    const body = {
      "bitmain-fan-ctrl": false,
      "bitmain-fan-pwn": "100",
      "freq-level": "100",
      "miner-mode": 0,
      pools: [...shown, { url: "", user: "", pass: "" }],
    };
    const answer = await known("/cgi-bin/set_miner_conf.cgi", { method: "POST", body });
    expect(answer.json()).toMatchObject({ stats: "success" });
    expect(JSON.stringify(machine.sparse())).toBe(before);
  });

  test("changes the order of pools and keeps their passwords and settings", async () => {
    const { pools: shown } = (await call("/cgi-bin/get_miner_conf.cgi")).json();
    await known("/cgi-bin/set_miner_conf.cgi", {
      method: "POST",
      body: { pools: [...shown].reverse() },
    });
    expect(pools()).toEqual([away, home]);
    expect(sparsePools()[1]).toMatchObject({ name: "home", password: "planted-pool-password" });
  });

  test("takes a new pool with its password, and keeps pools that it did not show", async () => {
    const others = [1, 2, 3].map((n) => ({ url: `stratum+tcp://p${n}.example:1`, user: "u" }));
    const actor = { name: "test", scope: "admin" } as const;
    await machine.device.config.apply(
      [{ path: "pools", value: [...sparsePools(), ...others] }],
      actor,
    );
    const { pools: shown } = (await call("/cgi-bin/get_miner_conf.cgi")).json();
    expect(shown).toHaveLength(3);
    const mine = { url: "pool.example.net:4444", user: "mine", pass: "secret" };
    await known("/cgi-bin/set_miner_conf.cgi", {
      method: "POST",
      body: { pools: [mine, shown[0], shown[1]] },
    });
    expect(pools()).toEqual([
      "mine at stratum+tcp://pool.example.net:4444",
      home,
      away,
      "u at stratum+tcp://p2.example:1",
      "u at stratum+tcp://p3.example:1",
    ]);
    expect(sparsePools()[0]).toMatchObject({ password: "secret" });
  });

  test("refuses a write that leaves no pool, or one that is no pool", async () => {
    for (const list of [
      [],
      [{ url: "", user: "", pass: "" }],
      [{ url: "ftp://x:1", user: "u", pass: "p" }],
      "all",
    ]) {
      const answer = await known("/cgi-bin/set_miner_conf.cgi", {
        method: "POST",
        body: { pools: list },
      });
      expect(answer.json()).toMatchObject({ stats: "error" });
    }
    expect(pools()).toEqual([home, away]);
  });

  test("changes pools and pauses at once: one of them alone is never in force", async () => {
    const changes = () =>
      machine.device.events().filter(({ what }) => /^(settings-|action-)/.test(what));
    const write = (url: string) =>
      known("/cgi-bin/set_miner_conf.cgi", {
        method: "POST",
        body: { "miner-mode": 1, pools: [{ url, user: "asicd.two", pass: "*****" }] },
      });
    expect((await write("ftp://x:1")).json()).toMatchObject({ stats: "error" });
    expect(machine.device.status().paused).toBe(false);
    expect(changes()).toEqual([]);
    expect((await write("stratum+tcp://pool.example.com:3333")).json()).toMatchObject({
      stats: "success",
    });
    expect(machine.device.status().paused).toBe(true);
    expect(pools()).toEqual([away]);
    expect(changes()).toHaveLength(1);
    expect(changes()[0]?.reason).toMatch(/\bpaused\b/);
    expect(changes()[0]?.reason).toMatch(/\bpools\b/);
  });

  test("blinks", async () => {
    expect(
      (await known("/cgi-bin/blink.cgi", { method: "POST", body: { blink: "true" } })).json(),
    ).toEqual({ code: "B000" });
    expect((await call("/cgi-bin/get_blink_status.cgi")).json()).toMatchObject({ blink: true });
    expect(
      (await known("/cgi-bin/blink.cgi", { method: "POST", body: { blink: false } })).json(),
    ).toEqual({ code: "B100" });
    expect((await call("/cgi-bin/get_blink_status.cgi")).json()).toMatchObject({ blink: false });
  });

  test("neither reboots nor resets nor takes an image", async () => {
    expect((await known("/cgi-bin/reboot.cgi")).statusCode).toBe(403);
    for (const name of ["upgrade", "reset_conf", "passwd", "set_network_conf"])
      expect((await known(`/cgi-bin/${name}.cgi`, { method: "POST", body: {} })).statusCode).toBe(
        403,
      );
    expect(machine.acts).toEqual([]);
  });

  test("is not for pages of other sites, though the browser may know the password", async () => {
    const sleep = { method: "POST", body: { "miner-mode": 1 } } as const;
    for (const headers of [
      { origin: "http://evil.example" },
      { "sec-fetch-site": "cross-site" },
      { origin: "null" },
    ] as Record<string, string>[])
      expect((await known("/cgi-bin/set_miner_conf.cgi", { ...sleep, headers })).statusCode).toBe(
        403,
      );
    expect(machine.device.status().paused).toBe(false);
  });

  test("hears each authorisation once", async () => {
    const uri = "/cgi-bin/blink.cgi";
    const blink = { method: "POST", body: { blink: "true" } } as const;
    const challenge = String((await call(uri, blink)).headers["www-authenticate"]);
    const again = (nc: string) =>
      call(uri, {
        ...blink,
        headers: { authorization: authorization(challenge, "POST", uri, { nc }) },
      });
    expect((await again("00000001")).statusCode).toBe(200);
    const replayed = await again("00000001");
    expect(replayed.statusCode).toBe(401);
    expect(replayed.headers["www-authenticate"]).toContain("stale=true");
    expect((await again("00000002")).statusCode).toBe(200);
  });

  test("locks out who guesses", async () => {
    const sleep = { method: "POST", body: { "miner-mode": 1 } } as const;
    for (let i = 0; i < 6; i++) await known("/cgi-bin/set_miner_conf.cgi", sleep, `guess ${i}`);
    expect((await known("/cgi-bin/set_miner_conf.cgi", sleep)).statusCode).toBe(429);
    expect(machine.device.status().paused).toBe(false);
  });

  test("shows its realm on Antminers only", async () => {
    persona = "axeos";
    const answer = await call("/cgi-bin/blink.cgi", { method: "POST", body: { blink: "true" } });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers).not.toHaveProperty("www-authenticate");
  });
});

describe("AxeOS' interface", () => {
  test("tells what it knows, and leaves out the rest", async () => {
    const info = await call("/api/system/info");
    expect(info.json()).toMatchObject({
      ASICModel: "BM1362",
      asicCount: 378,
      hostname: "miner-1",
      autofanspeed: 1,
    });
    expect(info.body).not.toMatch(/planted|null|undefined|:-1/);
    expect((await call("/api/system/asic")).json()).toMatchObject({ asicCount: 378 });
    expect((await call("/api/system/statistics?columns=hashrate,nosuch")).json()).toMatchObject({
      labels: ["timestamp"],
    });
  });

  test("refuses each write, in JSON, and nothing changes", async () => {
    const before = JSON.stringify(machine.sparse());
    const writes = [
      ["PATCH", "/api/system"],
      ...[
        "pause",
        "resume",
        "restart",
        "identify",
        "OTA",
        "OTAWWW",
        "boot",
        "blockFound/dismiss",
      ].map((name) => ["POST", `/api/system/${name}`]),
      ["PUT", "/api/system/pools/0"],
      ["DELETE", "/api/system/pools/0"],
    ] as [Call["method"] & string, string][];
    for (const [method, url] of writes) {
      const answer = await call(url, {
        method: method as "PATCH",
        body: { stratumURL: "evil", paused: true },
      });
      expect([method, url, answer.statusCode]).toEqual([method, url, 401]);
      expect(answer.json()).toMatchObject({ status: "error" });
      const raw = await app.inject({
        method: method as "PATCH",
        url,
        headers: { "content-type": "application/octet-stream" },
        payload: "x",
      });
      expect(raw.statusCode).toBe(401);
    }
    expect(JSON.stringify(machine.sparse())).toBe(before);
    expect(machine.acts).toEqual([]);
  });
});
