import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bm1362, bm1370 } from "../../drivers/bm13xx/chips.ts";
import { frequencyBounds, loadConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/lib/errors.ts";

const chips = [
  { ...bm1362, layouts: ["single", "s19jpro"] },
  { ...bm1370, layouts: ["single", "s21pro"] },
];
const URL = "stratum2+tcp://pool.example:34254/9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72";

function minimal(chain: object = {}, pool: object = {}, rest: object = {}) {
  return {
    version: 1,
    pool: { url: URL, ...pool },
    chains: [{ uart: "/dev/ttyS1", chip: "BM1362", chips: 126, ...chain }],
    ...rest,
  };
}

function problemsOf(value: unknown) {
  try {
    loadConfig(value, chips);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("a short file", () => {
  test("gets every default", () => {
    expect(loadConfig(minimal(), chips)).toEqual({
      version: 1,
      name: "asicd",
      paused: false,
      pool: {
        url: URL,
        enabled: true,
        user: "",
        password: "x",
        versionMask: "bip320",
        channel: "auto",
        redirectHosts: [],
        workerName: "",
        tolerateFlagEcho: false,
        allowUnauthenticated: false,
      },
      standby: "warm",
      chains: [
        {
          uart: "/dev/ttyS1",
          chip: "BM1362",
          chips: 126,
          frequencyMHz: 525,
          ticketDifficulty: 256,
          experimental: false,
          acceptFewerChips: false,
        },
      ],
      api: {
        enabled: true,
        listen: ["0.0.0.0:80"],
        tls: "off",
        hosts: [],
        sessionHours: 24,
        publicRead: true,
      },
      compat: {
        persona: "auto",
        cgminer: {
          enabled: true,
          listen: ["0.0.0.0:4028"],
          read: ["private"],
          write: ["127.0.0.1", "::1"],
        },
      },
      metrics: { enabled: true },
      mdns: { enabled: true },
      paths: { stateDir: "/var/lib/asicd", runtimeDir: "/var/run/asicd" },
      log: { level: "info" },
    });
  });

  test("is not changed itself", () => {
    const value = minimal();
    const before = structuredClone(value);
    loadConfig(value, chips);
    expect(value).toEqual(before);
  });

  test("may say everything", () => {
    const chain = {
      frequencyMHz: 500,
      ticketDifficulty: 1_024,
      fastBaud: { register: "0x11300000", hostBaud: 3_125_000 },
      addressInterval: 2,
      chipsPerDomain: 3,
      layout: "s19jpro",
      acceptFewerChips: true,
    };
    const pool = {
      user: "bc1q.worker",
      versionMask: "bip323",
      maxTarget: "00".repeat(4) + "ff".repeat(28),
    };
    const config = loadConfig(minimal(chain, pool, { log: { level: "debug" } }), chips);
    expect(config.chains[0]).toMatchObject(chain);
    expect(config.pool).toMatchObject(pool);
    expect(config.log.level).toBe("debug");
    expect(loadConfig(minimal({ fastBaud: false }), chips).chains[0]?.fastBaud).toBe(false);
  });
});

test.each(["x".repeat(255), "ü".repeat(127), "😀"])("the user %j is fine", (user) => {
  expect(loadConfig(minimal({}, { user }), chips).pool?.user).toBe(user);
});

describe("a problem names its path, what is wrong and what is allowed", () => {
  test.each([
    [
      minimal({ chips: "126" }),
      "chains[0].chips",
      '"126" is not valid',
      "a whole number from 1 to 256 chips",
    ],
    [
      minimal({ chips: 1.5 }),
      "chains[0].chips",
      "1.5 is not valid",
      "a whole number from 1 to 256 chips",
    ],
    [
      minimal({ chips: null }),
      "chains[0].chips",
      "null is not valid",
      "a whole number from 1 to 256 chips",
    ],
    [
      minimal({ frequencyMHz: 5000 }),
      "chains[0].frequencyMHz",
      "5000 is not valid",
      "a number from 50 to 1000 MHz",
    ],
    [
      minimal({ frequencyMHz: 600 }),
      "chains[0].frequencyMHz",
      "600 MHz is out of bounds for BM1362",
      "a number from 56.25 to 577.5 MHz",
    ],
    [
      minimal({ chip: "BM1326" }),
      "chains[0].chip",
      '"BM1326" is no chip that asicd drives, did you mean "BM1362"?',
      "BM1362, BM1370",
    ],
    [
      minimal({ frequncyMHz: 500 }),
      "chains[0].frequncyMHz",
      'unknown key, did you mean "frequencyMHz"?',
      expect.stringContaining("frequencyMHz"),
    ],
    [
      minimal({ uart: undefined }),
      "chains[0].uart",
      "is missing",
      expect.stringContaining("/dev/ttyS1"),
    ],
    [
      minimal({ ticketDifficulty: 300 }),
      "chains[0].ticketDifficulty",
      "300 is no power of two, and chips can test only for those",
      "256 or 512",
    ],
    [
      minimal({ addressInterval: 3 }),
      "chains[0].addressInterval",
      "126 chips at interval 3 do not fit 256 addresses",
      "a whole number from 1 to 2",
    ],
    [
      minimal({ layout: "s21pro" }),
      "chains[0].layout",
      '"s21pro" is not made of BM1362',
      "single, s19jpro",
    ],
    [
      minimal({ chipsPerDomain: 4 }),
      "chains[0].chipsPerDomain",
      "126 chips do not divide into domains of 4",
      "a divisor of the number of chips",
    ],
    [
      minimal({ fastBaud: true }),
      "chains[0].fastBaud",
      "true is not valid",
      "false, or { register, hostBaud }",
    ],
    [
      minimal({ fastBaud: { register: "0x1" } }),
      "chains[0].fastBaud.hostBaud",
      "is missing",
      expect.stringContaining("baud"),
    ],
    [
      minimal({ fastBaud: { register: 1, hostBaud: 115200 } }),
      "chains[0].fastBaud.register",
      "1 is not valid",
      expect.stringContaining("0x28"),
    ],
    [
      minimal({ fastBaud: { register: "0x1", hostBaud: 115200, x: 1 } }),
      "chains[0].fastBaud.x",
      "unknown key",
      "register, hostBaud",
    ],
    [
      minimal({}, { versionMask: "bip32" }),
      "pool.versionMask",
      '"bip32" is not valid',
      '"bip320", "bip323"',
    ],
    [
      minimal({}, { maxTarget: "ff" }),
      "pool.maxTarget",
      '"ff" is not valid',
      expect.stringContaining("64 hex digits"),
    ],
    [
      minimal({}, { user: "ü".repeat(128) }),
      "pool.user",
      "has 256 bytes in UTF-8",
      "text of at most 255 bytes in UTF-8",
    ],
    [
      minimal({}, { user: "a\ud800" }),
      "pool.user",
      "has half of a character (a lone surrogate)",
      "text of at most 255 bytes in UTF-8",
    ],
    [minimal({}, { url: "x" }), "pool.url", "no scheme", expect.stringContaining("stratum2+tcp")],
    [
      minimal({}, {}, { log: { level: "loud" } }),
      "log.level",
      '"loud" is not valid',
      expect.stringContaining('"debug"'),
    ],
    [minimal({}, {}, { chains: [] }), "chains", "[] is not valid", "a list of 1 to 16 entries"],
    [minimal({}, {}, { chains: {} }), "chains", "{} is not valid", "a list of 1 to 16 entries"],
    [minimal({}, {}, { version: 0 }), "version", "0 is not valid", "1"],
    [minimal({}, {}, { version: undefined }), "version", "is missing", "1"],
    [{}, "pool", "is missing", expect.stringContaining("pools (a list in order)")],
    [
      [],
      "(whole file)",
      "[] is not valid",
      "{ version, name, paused, pool, pools, groups, standby, machine, chains, api, compat, metrics, mdns, mqtt, webhook, paths, log }",
    ],
    [
      null,
      "(whole file)",
      "null is not valid",
      "{ version, name, paused, pool, pools, groups, standby, machine, chains, api, compat, metrics, mdns, mqtt, webhook, paths, log }",
    ],
  ])("%j", (value, path, problem, allowed) => {
    expect(problemsOf(JSON.parse(JSON.stringify(value)))).toContainEqual({
      path,
      problem,
      allowed,
    });
  });

  test("one problem once", () => {
    for (const value of [
      minimal({ chips: 0 }),
      minimal({ fastBaud: true }),
      minimal({ fastBaud: { register: "0x1" } }),
      minimal({ extra: 1 }),
    ])
      expect(problemsOf(value)).toHaveLength(1);
  });

  test("two chains cannot share a UART", () => {
    const { chains } = minimal();
    expect(problemsOf(minimal({}, {}, { chains: [...chains, ...chains] }))).toEqual([
      {
        path: "chains[1].uart",
        problem: '"/dev/ttyS1" is already used by chains[0]',
        allowed: "a serial device of its own for each chain",
      },
    ]);
  });

  test("and all of them come at once, from every part of the file", () => {
    const paths = problemsOf({
      version: 1,
      pool: { url: "nonsense", usr: "me" },
      chains: [
        {
          uart: "/dev/ttyS1",
          chip: "BM1362",
          chips: 126,
          frequencyMHz: 570.1,
          ticketDifficulty: 3,
        },
        { uart: "", chip: "BM9999", chips: 0 },
        { uart: "/dev/ttyS3", chip: "BM1370", chips: 65, frequencyMHz: 700 },
      ],
      logs: {},
    }).map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        "pool.usr",
        "pool.url",
        "logs",
        "chains[0].ticketDifficulty",
        "chains[1].uart",
        "chains[1].chip",
        "chains[1].chips",
        "chains[2].frequencyMHz",
      ]),
    );
  });

  test("a newer format is named as such, and nothing else in it is judged", () => {
    expect(problemsOf({ version: 2, everything: "new" })).toEqual([
      {
        path: "version",
        problem: "2 is newer than this program understands",
        allowed: "1, or a newer asicd",
      },
    ]);
  });
});

test("no setting reaches beyond a tenth above what the chip's own machine runs", () => {
  for (const chip of chips)
    expect(frequencyBounds(chip).maxMHz).toBeLessThanOrEqual(1.1 * chip.nominalFrequencyMHz);
});

test("any JSON value loads or gives problems with a path; nothing else is thrown", () => {
  const planted = fc
    .tuple(
      fc.constantFrom("version", "pool", "chains", "log", "__proto__", "x/y~z"),
      fc.jsonValue(),
    )
    .map(([key, value]) => ({ ...minimal(), [key]: value }));
  const plantedChain = fc
    .tuple(
      fc.constantFrom(
        "uart",
        "chip",
        "chips",
        "frequencyMHz",
        "ticketDifficulty",
        "fastBaud",
        "addressInterval",
        "chipsPerDomain",
        "layout",
      ),
      fc.oneof(fc.jsonValue(), fc.constantFrom(0, -1, 1e308, 0.1, "", "BM1370", {}, [], null)),
    )
    .map(([key, value]) => minimal({ [key]: value }));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), planted, plantedChain), (value) => {
      for (const { path, problem } of problemsOf(value)) {
        expect(path).not.toBe("");
        expect(problem).not.toBe("");
      }
    }),
    { numRuns: 500 },
  );
});

describe("of a setting with several forms", () => {
  const fansProblems = (fans: unknown) =>
    problemsOf({ version: 1, pool: { url: URL }, machine: { fans } });

  test("only the form that is meant is held against the value", () => {
    expect(fansProblems({ mode: "manual", dutyPercent: 101 })).toEqual([
      {
        path: "machine.fans.dutyPercent",
        problem: "101 is not valid",
        allowed: "a number from 0 to 100 %",
      },
    ]);
    expect(fansProblems({ mode: "manual" })).toEqual([
      {
        path: "machine.fans.dutyPercent",
        problem: "is missing",
        allowed: "a number from 0 to 100 %",
      },
    ]);
    expect(fansProblems({ mode: "auto", dutyPercent: 50 })).toEqual([
      { path: "machine.fans.dutyPercent", problem: "unknown key", allowed: "mode" },
    ]);
    expect(fansProblems({ mode: "manual", dutyPercent: 5, dutyPrecent: 5 })).toEqual([
      {
        path: "machine.fans.dutyPrecent",
        problem: 'unknown key, did you mean "dutyPercent"?',
        allowed: "mode, dutyPercent",
      },
    ]);
  });

  test("all of them are named where none is meant", () => {
    expect(fansProblems({ mode: "loud", dutyPercent: 5 })).toEqual([
      {
        path: "machine.fans.mode",
        problem: '"loud" is not valid',
        allowed: '"auto", "immersion", or "manual"',
      },
    ]);
    expect(fansProblems(5)).toEqual([
      {
        path: "machine.fans",
        problem: "5 is not valid",
        allowed: "{ mode }, or { mode, dutyPercent }",
      },
    ]);
    expect(fansProblems({})).toContainEqual(
      expect.objectContaining({ path: "machine.fans.mode", problem: "is missing" }),
    );
  });
});

describe("the operator's side", () => {
  const withParts = (parts: object) => problemsOf(minimal({}, {}, parts));

  test.each([
    [{ api: { tls: "own" } }, "api.certificateFile", "is missing: tls is own"],
    [{ api: { listen: ["0.0.0.0:70000"] } }, "api.listen[0]", "70000 is no port"],
    [{ api: { listen: ["a:80", "a:80"] } }, "api.listen[1]", "is the same as api.listen[0]"],
    [{ api: { listen: ["80"] } }, "api.listen[0]", '"80" is not valid'],
    [
      { compat: { cgminer: { read: ["10.0.0.0/33"] } } },
      "compat.cgminer.read[0]",
      '"10.0.0.0/33" is no address and no network',
    ],
    [
      { compat: { cgminer: { write: ["::1", "fe80::/10", "1.2.3"] } } },
      "compat.cgminer.write[2]",
      '"1.2.3" is no address and no network',
    ],
    [
      { compat: { cgminer: { write: ["miner.local"] } } },
      "compat.cgminer.write[0]",
      '"miner.local" is no address and no network',
    ],
    [{ mqtt: { url: "mqtt://" } }, "mqtt.url", "names no host"],
    [{ mqtt: { url: "mqtt://me:planted@broker:1883" } }, "mqtt.url", "names no host"],
    [{ mqtt: { url: "mqtt://broker", password: 5 } }, "mqtt.password", "what stands there"],
    [{ webhook: { url: "ftp://planted" } }, "webhook.url", "what stands there is not valid"],
    [{ webhook: { url: "https://" } }, "webhook.url", "names no host"],
    [{ name: "a/b" }, "name", '"a/b" is not valid'],
  ])("%j: %s %s", (parts, path, problem) => {
    const problems = withParts(parts);
    expect(problems.map((one) => one.path)).toContain(path);
    expect(problems.find((one) => one.path === path)?.problem).toContain(problem);
    expect(JSON.stringify(problems)).not.toContain("planted");
  });

  test("takes what is right", () => {
    const parts = {
      api: { listen: ["127.0.0.1:0", "[::]:443", "localhost:0"], tls: "generated" },
      compat: { cgminer: { read: ["all", "private", "10.0.0.0/8", "::/0"], write: ["fe80::1"] } },
      mqtt: { url: "mqtts://broker.example:8883", user: "me", password: "x" },
      webhook: { url: "https://me:planted@hooks.example/path?token=1" },
    };
    expect(withParts(parts)).toEqual([]);
  });
});

test("a machine may lack pools where they are given later, and only there", () => {
  const bare = { version: 1 };
  expect(problemsOf(bare).map(({ path }) => path)).toEqual(["pool"]);
  expect(loadConfig(bare, chips, { mayLackPools: true }).pool).toBeUndefined();
  expect(() => loadConfig({ ...bare, pools: [] }, chips, { mayLackPools: true })).toThrow("pools");
});
