/** Passwords, sessions, tokens, and what keeps guessers waiting. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeScrypt } from "../../firmware/operator/http/scrypt.ts";
import { systemEntropy as entropy } from "../../firmware/platform/system-entropy.ts";
import { Lockout } from "../../src/api/lockout.ts";
import {
  hashPassword,
  passwordFits,
  passwordProblem,
  SCRYPT_TERMS,
} from "../../src/api/passwords.ts";
import { RateLimit } from "../../src/api/rate-limit.ts";
import { MAX_SESSIONS, Sessions } from "../../src/api/sessions.ts";
import { sourceOf } from "../../src/api/source-address.ts";
import { MAX_TOKENS, Tokens } from "../../src/api/tokens.ts";

const quick = { cost: 16, blockSize: 1, parallelization: 1, keyBytes: 32 };

describe("a password", () => {
  test("fits its hash and no other, at the strength that is used", async () => {
    const hash = await hashPassword("correct horse", nodeScrypt, entropy);
    expect(hash).toMatch(/^scrypt:16384:8:5:[0-9a-f]{32}:[0-9a-f]{64}$/);
    expect(SCRYPT_TERMS.cost * SCRYPT_TERMS.blockSize * 128).toBe(16 * 1024 * 1024);
    expect(await passwordFits("correct horse", hash, nodeScrypt)).toBe(true);
    expect(await passwordFits("correct horsf", hash, nodeScrypt)).toBe(false);
  });

  test("is what another keyboard types for the same letters", async () => {
    const hash = await hashPassword("caf\u00e9 noir", nodeScrypt, entropy, quick);
    expect(await passwordFits("cafe\u0301 noir", hash, nodeScrypt)).toBe(true);
  });

  test("never fits a hash that is damaged, and costs nothing then", async () => {
    const good = await hashPassword("correct horse", nodeScrypt, entropy, quick);
    const bad = [
      "",
      "x",
      good.slice(0, -1),
      good.replace(":16:", ":1048576:"),
      good.replace(":16:", ":17:"),
      good.replace("scrypt", "md5"),
      `${good.split(":").slice(0, 5).join(":")}:`,
    ];
    for (const hash of bad)
      expect(await passwordFits("correct horse", hash, nodeScrypt)).toBe(false);
  });

  test("has eight characters at least, as people count them", () => {
    expect(passwordProblem("1234567")).toContain("at least 8");
    expect(passwordProblem("12345678")).toBeUndefined();
    expect(passwordProblem("ж".repeat(8))).toBeUndefined();
    expect(passwordProblem("x".repeat(201))).toContain("at most 200");
  });
});

describe("sessions", () => {
  /** A wall clock that said 1 800 000 000 at 1 000 s. */
  const at = (monotonicS: number) => ({ monotonicS, unixSeconds: 1_799_999_000 + monotonicS });

  test("are never more than a few; the one that was used last stays", () => {
    const sessions = new Sessions();
    const first = sessions.open(entropy, 0);
    for (let i = 1; i < MAX_SESSIONS; i++) sessions.open(entropy, 0);
    expect(sessions.use(first, 1, 100).is).toBe("open");
    for (let i = 1; i < MAX_SESSIONS; i++) sessions.open(entropy, 2);
    expect(sessions.records(at(2))).toHaveLength(MAX_SESSIONS);
    expect(sessions.use(first, 3, 100).is).toBe("open");
  });

  test("outlive a restart, without the words that open them", () => {
    const before = new Sessions();
    const word = before.open(entropy, 1_000);
    const records = before.records(at(1_010));
    expect(JSON.stringify(records)).not.toContain(word);
    // Another run's monotonic clock begins elsewhere.
    const restarted = () => new Sessions(records, { monotonicS: 5, unixSeconds: 1_800_000_060 });
    expect(restarted().use(word, 5 + 39, 100).is).toBe("open");
    expect(restarted().use(word, 5 + 40, 100).is).toBe("unknown");
  });

  test("of a time that is yet to come are closed", () => {
    const before = new Sessions();
    const word = before.open(entropy, 1_000);
    const records = before.records(at(1_000));
    const after = new Sessions(records, { monotonicS: 5, unixSeconds: 100 });
    expect(after.isOpen(word, 5, 100)).toBe(false);
    expect(after.records({ monotonicS: 6, unixSeconds: 1_800_000_000 })).toEqual([]);
  });

  test("are worth a write for a part of their life only, and looking is no use", () => {
    const sessions = new Sessions();
    const word = sessions.open(entropy, 0);
    const worth = [1, 5, 13, 14, 26].map((now) => {
      const use = sessions.use(word, now, 100);
      return use.is === "open" && use.worthKeeping;
    });
    expect(worth).toEqual([false, false, true, false, true]);
    expect(sessions.isOpen(word, 125, 100)).toBe(true);
    expect(sessions.isOpen(word, 126, 100)).toBe(false);
  });
});

describe("tokens", () => {
  const terms = { name: "fleet", scope: "control", expiresDays: 1 } as const;

  test("open what they are for until they expire, and are kept as hashes", () => {
    const tokens = new Tokens();
    const made = tokens.create(terms, entropy, 1_000);
    if (typeof made === "string") throw new Error(made);
    expect(JSON.stringify(tokens.records)).not.toContain(made.token.slice(6));
    const after = new Tokens(tokens.records);
    expect(after.check(made.token, 1_000)).toEqual({
      is: "valid",
      name: "fleet",
      scope: "control",
    });
    expect(after.check(made.token, 1_000 + 86_399).is).toBe("valid");
    expect(after.check(made.token, 1_000 + 86_400).is).toBe("expired");
    expect(after.check(`${made.token}x`, 1_000).is).toBe("unknown");
  });

  test("that expire open nothing while the clock is years behind", () => {
    const tokens = new Tokens();
    const ending = tokens.create(terms, entropy, 1_800_000_000);
    const endless = tokens.create(
      { ...terms, name: "b", expiresDays: null },
      entropy,
      1_800_000_000,
    );
    if (typeof ending === "string" || typeof endless === "string") throw new Error("none");
    expect(tokens.check(ending.token, 30).is).toBe("clock-behind");
    expect(tokens.check(endless.token, 30).is).toBe("valid");
  });

  test("have one name each and a bound", () => {
    const tokens = new Tokens();
    tokens.create(terms, entropy, 0);
    expect(tokens.create(terms, entropy, 0)).toBe("taken");
    for (let i = 1; i < MAX_TOKENS; i++) tokens.create({ ...terms, name: `n${i}` }, entropy, 0);
    expect(tokens.create({ ...terms, name: "more" }, entropy, 0)).toBe("full");
  });
});

describe("a lock-out", () => {
  test("doubles up to 15 minutes, and is forgotten after an hour without a failure", () => {
    const lockout = new Lockout();
    let nowS = 0;
    const waits: number[] = [];
    for (let i = 0; i < 16; i++) {
      const waitS = lockout.fail("10.0.0.5", nowS);
      waits.push(waitS);
      nowS += waitS;
    }
    expect(waits).toEqual([0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    expect(lockout.fail("10.0.0.5", nowS + 3_600)).toBe(0);
  });

  test("of one address is not another's, but an IPv6 subscriber is one", () => {
    const lockout = new Lockout();
    for (let i = 0; i < 6; i++) lockout.fail(`2001:db8:1:2::${i}`, 0);
    expect(lockout.waitS("2001:db8:1:2:ffff::1", 0)).toBe(4);
    expect(lockout.waitS("2001:db8:1:3::1", 0)).toBe(0);
  });

  test("of thousands of addresses keeps them slow, nobody else, and no memory", () => {
    const lockout = new Lockout();
    for (let i = 0; i < 5_000; i++) lockout.fail(`10.${i >> 8}.${i & 255}.1`, 0);
    expect(lockout.waitS("192.168.0.2", 0)).toBe(0);
    expect(lockout.waitS("10.19.135.1", 0)).toBe(5);
    expect(lockout.waitS("10.19.135.1", 5)).toBe(0);
  });

  test("of many is not for who was in before, or shows that they are; their own is", () => {
    const lockout = new Lockout();
    lockout.succeed("192.168.0.2");
    for (let i = 0; i < 100; i++) lockout.fail(`10.0.0.${i}`, 0);
    expect(lockout.fail("192.168.0.2", 0)).toBe(0);
    lockout.fail("192.168.0.3", 0);
    expect(lockout.waitS("192.168.0.3", 0)).toBe(5);
    expect(lockout.waitS("192.168.0.3", 0, true)).toBe(0);
    for (let i = 0; i < 4; i++) lockout.fail("192.168.0.2", 0);
    expect(lockout.waitS("192.168.0.2", 0)).toBe(2);
  });

  test("never asks for less than nothing or more than 15 minutes", () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.ipV4(), fc.nat(5_000), fc.boolean()), { maxLength: 200 }),
        (tries) => {
          const lockout = new Lockout();
          let nowS = 0;
          for (const [address, passS, fits] of tries) {
            nowS += passS;
            const waitS = lockout.waitS(address, nowS);
            expect(waitS).toBeGreaterThanOrEqual(0);
            expect(waitS).toBeLessThanOrEqual(900);
            if (fits) lockout.succeed(address);
            else lockout.fail(address, nowS);
          }
        },
      ),
    ));
});

test("a rate is kept over any time, with its burst after a pause", () => {
  const limit = new RateLimit({ perSecond: 2, burst: 3 });
  const taken = (nowS: number) => limit.take("10.0.0.5", nowS) === 0;
  expect([taken(0), taken(0), taken(0), taken(0)]).toEqual([true, true, true, false]);
  expect(limit.take("10.0.0.5", 0)).toBe(0.5);
  expect([taken(0.5), taken(0.5), taken(100), taken(100), taken(100), taken(100)]).toEqual([
    true,
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(limit.take("10.0.0.6", 100)).toBe(0);
});

test("a request may count as several, and as the whole burst at most", () => {
  const limit = new RateLimit({ perSecond: 2, burst: 12 });
  expect(limit.take("10.0.0.5", 0, 10)).toBe(0);
  expect(limit.take("10.0.0.5", 0, 10)).toBe(4);
  expect(limit.take("10.0.0.5", 0)).toBe(0);
  expect(limit.take("10.0.0.6", 0, 100)).toBe(0);
});

test.each([
  ["10.0.0.5", "10.0.0.5"],
  ["::ffff:10.0.0.5", "10.0.0.5"],
  ["2001:0db8:0001:0002:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
])("%s counts as %s", (address, source) => expect(sourceOf(address)).toBe(source));
