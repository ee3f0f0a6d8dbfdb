import { describe, expect, test } from "vitest";
import { MASK, maskSecrets } from "../../src/api/mask-secrets.ts";
import { unmask } from "../../src/config/unmask.ts";
import { ConfigError } from "../../src/lib/errors.ts";

const pool = (host: string, user: string, password?: string) => ({
  url: `stratum+tcp://${host}.example:1`,
  user,
  ...(password === undefined ? {} : { password }),
});
const passwords = (config: unknown) =>
  (config as { pools: { password?: string }[] }).pools.map(({ password }) => password);

const stored = {
  pools: [pool("one", "a", "one-a"), pool("one", "b", "one-b"), pool("two", "c", "two-c")],
  mqtt: { url: "mqtt://broker:1883", password: "broker" },
  webhook: { url: "https://secret.example", secret: "long-enough" },
};

describe("a masked secret", () => {
  test("is the stored one: what was shown can be sent back", () => {
    expect(unmask(maskSecrets(stored), stored)).toEqual(stored);
  });

  test("goes with its pool wherever that moves to", () => {
    const [a, b, c] = (maskSecrets(stored) as typeof stored).pools;
    const fresh = pool("new", "d", "of its own");
    expect(passwords(unmask({ pools: [fresh, c, b, a] }, stored))).toEqual([
      "of its own",
      "two-c",
      "one-b",
      "one-a",
    ]);
    expect(unmask({ groups: [{ pools: [b] }] }, stored)).toEqual({
      groups: [{ pools: [stored.pools[1]] }],
    });
    expect(unmask({ pool: c }, stored)).toEqual({ pool: stored.pools[2] });
  });

  test("stays with a pool whose user or URL is changed in its place", () => {
    expect(
      passwords(unmask({ pools: [pool("one", "a", MASK), pool("one", "new", MASK)] }, stored)),
    ).toEqual(["one-a", "one-b"]);
    expect(passwords(unmask({ pools: [pool("moved", "a", MASK)] }, stored))).toEqual(["one-a"]);
  });

  test("is never given to another pool that stands in the place of one that moved", () => {
    const pools = [pool("foreign", "x", MASK), pool("one", "a", MASK)];
    expect(() => unmask({ pools }, { pools: [stored.pools[0]] })).toThrow(ConfigError);
  });

  test("that stands for nothing is a problem with its place", () => {
    expect(() =>
      unmask({ mqtt: { url: "x", password: MASK }, webhook: { url: MASK } }, {}),
    ).toThrow(/^mqtt\.password: .*\nwebhook\.url: /);
  });

  test("is one only where secrets are: elsewhere it is text", () => {
    expect(unmask({ name: MASK, pools: MASK, machine: [MASK] }, stored)).toEqual({
      name: MASK,
      pools: MASK,
      machine: [MASK],
    });
  });
});
