/** The keyring over time: who is kept waiting by whose guesses, what a failed disk leaves, and what is left after a reset. */
import { describe, expect, test } from "vitest";
import { systemEntropy as entropy } from "../../firmware/platform/system-entropy.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { Keyring, KeyringWiped, noSecrets, type Secrets } from "../../src/api/keyring.ts";

const PASSWORD = "correct horse";
const OWNER = "192.168.1.50";
const terms = { cost: 16, blockSize: 1, parallelization: 1, keyBytes: 32 };
const token = { name: "fleet", scope: "admin", expiresDays: null } as const;

/** The derivation of a control board, without its arithmetic. */
const DERIVATION_MS = 250;

async function keyringAt(clock: VirtualClock, derivationMs = 0) {
  let kept: Secrets = noSecrets;
  let fails = (_write: number) => false;
  let write = 0;
  const keyring = new Keyring({
    secrets: noSecrets,
    save: async (secrets) => {
      if (fails(++write)) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
      kept = secrets;
    },
    scrypt: async (password, salt, { keyBytes }) => {
      if (derivationMs > 0) await clock.sleep(derivationMs);
      return Uint8Array.from({ length: keyBytes }, (_, at) => (password[at] ?? 0) ^ (salt[0] ?? 0));
    },
    scryptTerms: terms,
    clock,
    entropy,
  });
  const set = keyring.setPassword(PASSWORD, true);
  await clock.advance(derivationMs);
  await set;
  return {
    keyring,
    kept: () => kept,
    failWrites(which: (write: number) => boolean) {
      write = 0;
      fails = which;
    },
  };
}

describe("300 addresses that guess", () => {
  const guessers = Array.from({ length: 300 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);

  /** Seconds until the owner is in; `undefined`: not within the time. */
  async function timeToEnter(
    { clock, keyring }: { clock: VirtualClock; keyring: Keyring },
    address: string,
    withinS: number,
    isKnown = false,
  ): Promise<number | undefined> {
    let enteredMs: number | undefined;
    const beganMs = clock.nowMs();
    let attempts = 0;
    const attempt = async (): Promise<void> => {
      const check = await keyring.checkPassword(PASSWORD, address, isKnown);
      // As people are, not in step with anybody.
      const laterS = (attempts++ * 0.37) % 0.5;
      if (check.is === "fits") enteredMs = clock.nowMs();
      else if ("waitS" in check) clock.after((check.waitS + laterS) * 1_000, () => void attempt());
    };
    void attempt();
    await clock.advance(withinS * 1_000);
    return enteredMs === undefined ? undefined : (enteredMs - beganMs) / 1_000;
  }

  function attack(clock: VirtualClock, keyring: Keyring): { readonly tries: () => number } {
    let tries = 0;
    let at = 0;
    clock.every(100, () => {
      const address = guessers[at++ % guessers.length] ?? "";
      void keyring.checkPassword("a wrong one", address).then(({ is }) => {
        if (is === "wrong") tries++;
      });
    });
    return { tries: () => tries };
  }

  test.each([5, 30, 120, 600])(
    "ten times a second, for %i s so far, let an owner in within 10 s who comes from a fresh address",
    async (soFarS) => {
      const clock = new VirtualClock();
      const { keyring } = await keyringAt(clock, DERIVATION_MS);
      attack(clock, keyring);
      await clock.advance(soFarS * 1_000);
      expect(await timeToEnter({ clock, keyring }, OWNER, 10)).toBeLessThanOrEqual(10);
    },
  );

  test("let an owner in at once who was in before, or shows a session, although they mistyped since", async () => {
    const clock = new VirtualClock();
    const { keyring } = await keyringAt(clock, DERIVATION_MS);
    await timeToEnter({ clock, keyring }, OWNER, 1);
    attack(clock, keyring);
    await clock.advance(120_000);
    for (const [address, isKnown] of [
      [OWNER, false],
      ["192.168.1.51", true],
    ] as const) {
      const mistyped = keyring.checkPassword("correct hrose", address, isKnown);
      await clock.advance(2_000);
      expect((await mistyped).is).toBe("wrong");
      expect(await timeToEnter({ clock, keyring }, address, 10, isKnown)).toBeLessThanOrEqual(1);
    }
  });

  test("get few guesses in an hour, and nobody who mistyped once waits for longer than a minute", async () => {
    const clock = new VirtualClock();
    const { keyring } = await keyringAt(clock, DERIVATION_MS);
    const { tries } = attack(clock, keyring);
    await clock.advance(3_600_000);
    const firstHour = tries();
    // Until each has a quarter of an hour to wait.
    expect(firstHour).toBeLessThan(300 * 17);
    await clock.advance(3_600_000);
    expect(tries() - firstHour).toBeLessThan(300 * 4 + 1);
    const mistyped = keyring.checkPassword("correct hrose", OWNER);
    await clock.advance(2_000);
    expect((await mistyped).is).toBe("wrong");
    expect(await timeToEnter({ clock, keyring }, OWNER, 90)).toBeLessThanOrEqual(70);
  });

  test("at once from one address take one place of those that wait", async () => {
    const clock = new VirtualClock();
    const { keyring } = await keyringAt(clock, DERIVATION_MS);
    const many = Array.from({ length: 20 }, () => keyring.checkPassword("a wrong one", "10.0.0.1"));
    expect(await timeToEnter({ clock, keyring }, OWNER, 1)).toBeLessThanOrEqual(0.5);
    const answers = await Promise.all(many);
    expect(answers.filter(({ is }) => is === "wrong")).toHaveLength(1);
  });
});

describe("another password", () => {
  test("is one write: what fails leaves password and logins as they were", async () => {
    const { keyring, failWrites } = await keyringAt(new VirtualClock());
    const session = await keyring.openSession();
    failWrites(() => true);
    await expect(keyring.setPassword("other password", true)).rejects.toThrow("no space");
    expect(keyring.isSession(session, 24)).toBe(true);
    expect(await keyring.checkPassword(PASSWORD, OWNER)).toEqual({ is: "fits" });
  });

  test("that was written is set, whatever a second write would do", async () => {
    const { keyring, kept, failWrites } = await keyringAt(new VirtualClock());
    const session = await keyring.openSession();
    failWrites((write) => write > 1);
    expect(await keyring.setPassword("other password", true)).toBe("set");
    expect(keyring.isSession(session, 24)).toBe(false);
    expect(kept().sessions).toEqual([]);
  });
});

describe("after a factory reset, until the restart", () => {
  test("nobody sets a password, makes a token or logs in", async () => {
    const { keyring, kept } = await keyringAt(new VirtualClock());
    await keyring.wipe();
    await expect(keyring.setPassword("of a stranger", false)).rejects.toThrow(KeyringWiped);
    await expect(keyring.setPassword("of a stranger", true)).rejects.toThrow(KeyringWiped);
    await expect(keyring.createToken(token)).rejects.toThrow(KeyringWiped);
    await expect(keyring.openSession()).rejects.toThrow(KeyringWiped);
    await expect(keyring.setPersonaPassword("of a stranger")).rejects.toThrow(KeyringWiped);
    expect(kept()).toEqual(noSecrets);
    expect(keyring.passwordSet).toBe(false);
  });

  test("what was under way brings nothing back", async () => {
    const clock = new VirtualClock();
    const { keyring, kept, failWrites } = await keyringAt(clock, DERIVATION_MS);
    const late = keyring.setPassword("of a stranger", true).catch((error: Error) => error);
    await keyring.wipe();
    await clock.advance(1_000);
    expect(await late).toBeInstanceOf(KeyringWiped);
    expect(kept()).toEqual(noSecrets);
    failWrites(() => true);
  });
});

describe("a clock that is set while it runs", () => {
  test.each([
    ["from 1970 to now", 30, 1_795_000_000],
    ["years back", 1_795_000_000, -1_700_000_000],
  ])("%s neither ends a login nor makes it last", async (_name, unixSeconds, shiftS) => {
    const clock = new VirtualClock({ unixSeconds });
    const { keyring } = await keyringAt(clock);
    const word = await keyring.openSession();
    await clock.advance(1_000_000);
    clock.shiftWallClock(shiftS);
    expect(keyring.isSession(word, 1)).toBe(true);
    await clock.advance(2_599_000);
    expect(keyring.isSession(word, 1)).toBe(true);
    await clock.advance(2_000);
    expect(keyring.isSession(word, 1)).toBe(false);
  });

  test("is what a restart reckons with: a login is as old then as it was", async () => {
    const clock = new VirtualClock({ unixSeconds: 30 });
    const { keyring, kept } = await keyringAt(clock);
    const word = await keyring.openSession();
    await clock.advance(600_000);
    clock.shiftWallClock(1_795_000_000);
    await keyring.createToken(token);
    const parts = { scrypt: async () => new Uint8Array(32), entropy, save: async () => {} };
    const after = new Keyring({
      ...parts,
      secrets: kept(),
      clock: new VirtualClock({ unixSeconds: clock.unixSeconds() + 60 }),
    });
    expect(after.isSession(word, 1)).toBe(true);
    expect(after.isSession(word, 660 / 3_600)).toBe(false);
  });
});
