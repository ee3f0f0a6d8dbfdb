/** The cgminer API as a client meets it: over a real socket. */
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CgminerServer, startCgminer } from "../../firmware/operator/cgminer-server.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import type { CompatConfig } from "../../src/config/operator-schema.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { closing } from "../interop/closing.ts";
import { type MachineWithSettings, machineWithSettings } from "./machine-with-settings.ts";

const clock = new SystemClock();
let machine: MachineWithSettings;
let server: CgminerServer;
let port: number;
let access: Pick<CompatConfig["cgminer"], "read" | "write">;
let passwordSet: boolean;
let publicRead: boolean;

beforeEach(async () => {
  access = { read: ["127.0.0.0/8"], write: ["127.0.0.1"] };
  [passwordSet, publicRead] = [true, true];
  machine = await machineWithSettings({ clock });
  server = await startCgminer({
    device: machine.device,
    config: () => ({ enabled: true, listen: ["127.0.0.1:0"], ...access }),
    clock,
    log: silentLog,
    passwordSet: () => passwordSet,
    publicRead: () => publicRead,
  });
  port = Number(server.addresses[0]?.split(":")[1]);
});

afterEach(async () => {
  await server.close();
  await machine[Symbol.asyncDispose]();
});

interface Talk {
  readonly localAddress?: string;
  /** Half-closes after the request, as `nc -N` does. */
  readonly end?: boolean;
}

/** All that comes until the server closes. */
function say(
  request: string | Uint8Array,
  { localAddress, end = false }: Talk = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({
      port,
      host: "127.0.0.1",
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("end", () => resolve(text));
    socket.on("close", () => resolve(text));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNRESET" ? resolve(text) : reject(error),
    );
    socket.write(request);
    if (end) socket.end();
  });
}

interface Answer {
  readonly STATUS: readonly [{ STATUS: string; Code: number; Msg: string; When: number }];
  readonly [section: string]: unknown;
}

async function ask(request: unknown, talk: Talk = {}): Promise<Answer> {
  const text = await say(JSON.stringify(request), talk);
  expect(text.endsWith("\0")).toBe(true);
  return JSON.parse(text.slice(0, -1)) as Answer;
}

async function codeOf(command: string, parameter?: unknown): Promise<string> {
  const { STATUS } = await ask({ command, ...(parameter === undefined ? {} : { parameter }) });
  return `${STATUS[0].STATUS} ${STATUS[0].Code}`;
}

describe("a request", () => {
  test("is answered without a newline or an end of the client's, and then the server closes", async () => {
    const { STATUS, VERSION } = await ask({ command: "version" });
    expect(STATUS[0]).toMatchObject({ STATUS: "S", Code: 22 });
    expect(VERSION).toEqual([{ CGMiner: "asicd 0.1.0", API: "3.7" }]);
  });

  test("may be text, ended by silence, a line end, or the client's end", async () => {
    for (const [request, talk] of [
      ["summary", {}],
      ["summary|", {}],
      ["summary\n", {}],
      ["summary", { end: true }],
    ] as const) {
      const text = await say(request, talk);
      expect(text).toMatch(
        /^STATUS=S,When=\d+,Code=11,Msg=Summary,Description=asicd 0\.1\.0\|SUMMARY,Elapsed=\d+,/,
      );
      expect(text.endsWith("|\0")).toBe(true);
    }
  });

  test("of which several are in one packet gets one answer", async () => {
    const text = await say('{"command":"version"}{"command":"summary"}');
    expect(JSON.parse(text.slice(0, -1))).toHaveProperty("VERSION");
  });

  test("that is no JSON, has no command, or an unknown one, is told so", async () => {
    expect(JSON.parse((await say("{nonsense}")).slice(0, -1))).toMatchObject({
      STATUS: [{ STATUS: "E", Code: 23 }],
    });
    expect(JSON.parse((await say('{"cmd":"version"}')).slice(0, -1))).toMatchObject({
      STATUS: [{ Code: 24 }],
    });
    expect(await codeOf("nosuch")).toBe("E 14");
  });

  test("of more than 64 KiB is cut off without an answer", async () => {
    expect(await say(`{"command":"${"x".repeat(70_000)}"}`)).toBe("");
  });

  test("that a web page makes a browser send does nothing", async () => {
    const body = JSON.stringify({ command: "addpool", parameter: "stratum+tcp://evil:1,u,p" });
    const text = await say(
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(text).toMatch(/^STATUS=E,When=\d+,Code=14/);
    expect(machine.device.status().pools).toHaveLength(2);
  });

  test("of 60 callers at once gets 60 answers", async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => ask({ command: "version+stats+pools+summary" })),
    );
    expect(answers.every((one) => "stats" in one && "pools" in one)).toBe(true);
  });
});

describe("a caller who does not go on", () => {
  /** Seconds are milliseconds. */
  const hurried: Clock = {
    nowMs: () => clock.nowMs(),
    unixSeconds: () => clock.unixSeconds(),
    sleep: (durationMs, signal) => clock.sleep(durationMs / 1_000, signal),
    after: (delayMs, run) => clock.after(delayMs / 1_000, run),
    every: (periodMs, run) => clock.every(periodMs, run),
  };

  test("is cut off after five seconds, however slowly bytes come", async () => {
    const impatient = await startCgminer({
      device: machine.device,
      config: () => ({ enabled: true, listen: ["127.0.0.1:0"], ...access }),
      clock: hurried,
      log: silentLog,
    });
    const socket = connect({
      port: Number(impatient.addresses[0]?.split(":")[1]),
      host: "127.0.0.1",
    });
    socket.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.write("{");
    const drip = clock.every(1, () => socket.write(" "));
    await closed;
    drip[Symbol.dispose]();
    await impatient.close();
  });

  test("makes way for others when there are too many", async () => {
    const idle = Array.from({ length: 200 }, () => connect({ port, host: "127.0.0.1" }));
    for (const socket of idle) socket.on("error", () => undefined);
    await Promise.all(
      idle.map((socket) => new Promise((resolve) => socket.once("connect", resolve))),
    );
    expect(await codeOf("version")).toBe("S 22");
    for (const socket of idle) socket.destroy();
  });
});

test("an address that is taken is left out; a simulation takes another port", async () => {
  const taken = `127.0.0.1:${port}`;
  const parts = {
    device: machine.device,
    config: () => ({ enabled: true, listen: [taken, "127.0.0.1:0"], ...access }),
    clock,
    log: silentLog,
  };
  await using first = closing(await startCgminer(parts));
  expect(first.addresses).toHaveLength(1);
  await using second = closing(await startCgminer({ ...parts, mayMovePort: true }));
  expect(second.addresses).toHaveLength(2);
  expect(second.addresses).not.toContain(taken);
});

test("joined commands have a slot each; what cannot be joined says so there", async () => {
  const answer = await ask({ command: "summary+nosuch+addpool++summary" });
  expect(Object.keys(answer)).toEqual(["summary", "nosuch", "addpool", "id"]);
  expect(answer).toMatchObject({
    summary: [{ STATUS: [{ Code: 11 }], id: 1 }],
    nosuch: [{ STATUS: [{ Code: 14 }] }],
    addpool: [{ STATUS: [{ Code: 45 }] }],
  });
  expect(await say("version+config\n")).toMatch(
    /^CMD=version\|STATUS=S.*\|VERSION,.*\|CMD=config\|STATUS=S.*\|CONFIG,ASC Count=3,/,
  );
});

describe("an address", () => {
  test("on no list gets not a byte", async () => {
    access = { read: ["10.0.0.0/8"], write: [] };
    expect(await say('{"command":"version"}')).toBe("");
  });

  test("that may only read is denied what writes", async () => {
    access = { read: ["private"], write: ["127.0.0.2"] };
    expect(await codeOf("switchpool", 1)).toBe("E 45");
    expect(await codeOf("privileged")).toBe("E 45");
    expect((await ask({ command: "check", parameter: "addpool" }))["CHECK"]).toEqual([
      { Exists: "Y", Access: "N" },
    ]);
    const { STATUS } = await ask({ command: "privileged" }, { localAddress: "127.0.0.2" });
    expect(STATUS[0]).toMatchObject({ STATUS: "S", Code: 46 });
  });
});

describe("before a password is set", () => {
  const writes = [
    ["addpool", "stratum+tcp://pool.example.org:3333,u,p"],
    ["switchpool", 1],
    ["setconfig", "paused,1"],
    ["restart", undefined],
    ["privileged", undefined],
  ] as const;

  test("nothing is written, from wherever it comes, and it is said why", async () => {
    passwordSet = false;
    for (const [command, parameter] of writes) {
      const { STATUS } = await ask({ command, parameter });
      expect(STATUS[0]).toMatchObject({
        STATUS: "E",
        Code: 45,
        Msg: expect.stringContaining("before a password is set"),
      });
    }
    expect(machine.device.status()).toMatchObject({ paused: false, pools: { length: 2 } });
    expect(machine.acts).toEqual([]);
    expect((await ask({ command: "check", parameter: "addpool" }))["CHECK"]).toEqual([
      { Exists: "Y", Access: "N" },
    ]);
    expect(await codeOf("summary")).toBe("S 11");
  });

  test("and not a moment longer", async () => {
    passwordSet = false;
    expect(await codeOf("switchpool", 1)).toBe("E 45");
    passwordSet = true;
    expect(await codeOf("switchpool", 1)).toBe("S 27");
  });
});

test("where nothing is readable without login, only who may write gets an answer", async () => {
  publicRead = false;
  expect(await codeOf("summary")).toBe("S 11");
  expect(await say('{"command":"version"}', { localAddress: "127.0.0.2" })).toBe("");
  publicRead = true;
  expect(await say('{"command":"version"}', { localAddress: "127.0.0.2" })).toContain("VERSION");
});

describe("pools", () => {
  const names = () => machine.device.status().pools.map(({ name }) => name);

  test("are switched by number or text; a missing number is 25, as pyasic drops a 0", async () => {
    expect(await codeOf("switchpool")).toBe("E 25");
    expect(await codeOf("switchpool", 2)).toBe("E 26");
    expect(await codeOf("switchpool", "-1")).toBe("E 26");
    expect(await codeOf("switchpool", 1)).toBe("S 27");
    expect(names()).toEqual(["away", "home"]);
    expect(await codeOf("switchpool", "1")).toBe("S 27");
    expect(names()).toEqual(["home", "away"]);
  });

  test("are added with escapes, checked as on the page, and kept", async () => {
    expect(await codeOf("addpool", "stratum+tcp://pool.example.org:3333")).toBe("E 52");
    expect(await codeOf("addpool", "stratum+foo://pool.example.org:3333,u,p")).toBe("E 53");
    expect(await codeOf("addpool", "pool.example.org:3333,a\\,b\\\\c=|d,p")).toBe("S 55");
    const added = machine.device.status().pools[2];
    expect(added).toMatchObject({
      url: "stratum+tcp://pool.example.org:3333",
      user: "a,b\\c=|d",
      protocol: "sv1",
    });
    // The text form can still be split where it means to be.
    expect(await say("pools\n")).toContain("User=a\\,b\\\\c\\=\\|d,");
    expect(JSON.stringify(machine.sparse())).toContain("planted-pool-password");
  });

  test("are removed, but neither the last one nor the one that has the hash power", async () => {
    expect(await codeOf("removepool", 0)).toBe("E 67");
    expect(await codeOf("removepool", 1)).toBe("S 68");
    expect(names()).toEqual(["home"]);
    expect(await codeOf("removepool", 0)).toBe("E 66");
  });

  test("are disabled and enabled, but the last one stays", async () => {
    expect(await codeOf("enablepool", 0)).toBe("I 49");
    expect(await codeOf("disablepool", 1)).toBe("S 48");
    expect(await codeOf("disablepool", 1)).toBe("I 50");
    expect(await codeOf("disablepool", 0)).toBe("E 51");
    expect(machine.device.status().pools.map(({ enabled }) => enabled)).toEqual([true, false]);
    expect(await codeOf("enablepool", 1)).toBe("S 47");
  });

  test("get another order", async () => {
    expect(await codeOf("poolpriority")).toBe("E 25");
    expect(await codeOf("poolpriority", "1,7")).toBe("E 26");
    expect(await codeOf("poolpriority", "1,1")).toBe("E 74");
    expect(await codeOf("poolpriority", "1")).toBe("S 73");
    expect(names()).toEqual(["away", "home"]);
  });

  test("have quotas in groups only", async () => {
    expect(await codeOf("poolquota", "0,2")).toBe("E 45");
    expect(await codeOf("poolquota", "0")).toBe("E 86");
    expect(await codeOf("poolquota", "0,-1")).toBe("E 121");
  });
});

describe("the machine", () => {
  test("pauses as a whole; a board by itself is refused", async () => {
    expect(await codeOf("ascdisable", 0)).toBe("E 45");
    expect(await codeOf("ascenable", 0)).toBe("I 108");
    expect(await codeOf("setconfig", "paused,1")).toBe("S 82");
    expect(machine.device.status().paused).toBe(true);
    expect(await codeOf("setconfig", "paused,0")).toBe("S 82");
    expect(machine.device.status().paused).toBe(false);
    expect(await codeOf("setconfig", "queue,1")).toBe("E 83");
    expect(await codeOf("setconfig", "paused,2")).toBe("E 84");
  });

  test("blinks, restarts a board, restarts itself", async () => {
    expect(await codeOf("ascidentify", 3)).toBe("E 107");
    expect(await codeOf("ascidentify")).toBe("E 15");
    expect(await codeOf("ascidentify", 2)).toBe("S 113");
    expect(await codeOf("ascset", "1,help")).toBe("I 118");
    expect(await codeOf("ascset", "1,freq,500")).toBe("W 117");
    expect(await codeOf("ascset", "1")).toBe("E 116");
    expect(await codeOf("ascset", "1,reset")).toBe("S 119");
    expect(await say('{"command":"restart"}')).toBe('{"STATUS":"RESTART","id":1}\0');
    expect(await say("quit\n")).toBe("BYE\0");
    expect(machine.acts).toEqual(["identify 60", "restart-chain 1", "restart", "restart"]);
    expect(await codeOf("save")).toBe("S 44");
  });

  test("counts from zero for whoever asks here, and for nobody else", async () => {
    const { accepted } = machine.device.status().shares.run;
    expect(accepted).toBeGreaterThan(0);
    expect(await codeOf("zero", "all")).toBe("E 94");
    expect(await codeOf("zero", "some,false")).toBe("E 95");
    expect(await codeOf("zero", "all,true")).toBe("S 96");
    expect((await ask({ command: "summary" }))["SUMMARY"]).toMatchObject([
      { Accepted: 0, "Best Share": 0 },
    ]);
    expect(machine.device.status().shares.run.accepted).toBe(accepted);
    const told = machine.device.events().map(({ reason }) => reason);
    expect(told.join()).not.toContain("planted");
  });
});

test("every command of cgminer is known here", async () => {
  const known = [
    ..."version config summary pools devs edevs devdetails notify stats estats dbgstats coin usbstats".split(
      " ",
    ),
    ..."asccount pgacount lcd asc pga check switchpool enablepool disablepool addpool removepool".split(
      " ",
    ),
    ..."poolpriority poolquota failover-only save privileged quit restart debug setconfig zero".split(
      " ",
    ),
    ..."hotplug ascenable ascdisable ascidentify ascset pgaenable pgadisable pgaidentify pgaset lockstats".split(
      " ",
    ),
  ];
  for (const command of known)
    expect((await ask({ command: "check", parameter: command }))["CHECK"]).toEqual([
      { Exists: "Y", Access: "Y" },
    ]);
});
