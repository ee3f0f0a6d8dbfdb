import { describe, expect, test } from "vitest";
import { PoolConduct } from "../../src/hashing/pool-conduct.ts";

const tip = (fill: number) => new Uint8Array(32).fill(fill);

describe("a pool's silence", () => {
  const silence = { kind: "silence", reason: "nothing heard" } as const;

  test("was patience when the tip is still the same: it is given twice the time, up to eight times", () => {
    const link = { silenceMs: 1_000 };
    const conduct = new PoolConduct(link);
    conduct.gaveWork(tip(1));
    for (const expected of [2_000, 4_000, 8_000, 8_000]) {
      conduct.ended(silence);
      conduct.gaveWork(tip(1));
      expect(link.silenceMs).toBe(expected);
    }
  });

  test("was a loss when a block was missed, and says nothing when the connection ended otherwise", () => {
    const link = { silenceMs: 1_000 };
    const conduct = new PoolConduct(link);
    conduct.gaveWork(tip(1));
    conduct.ended(silence);
    conduct.gaveWork(tip(2));
    conduct.ended({ kind: "network", reason: "reset" });
    conduct.gaveWork(tip(2));
    conduct.ended(silence);
    conduct.ended({ kind: "network", reason: "refused" });
    conduct.gaveWork(tip(2));
    expect(link.silenceMs).toBe(1_000);
  });
});

describe("a pool that takes no shares", () => {
  const answers = (conduct: PoolConduct, count: number, everyMs: number, accepted = 0) => {
    for (let i = 0; i < count; i++) conduct.answered(i >= accepted, i * everyMs);
    return conduct.rejectsTooMany(count * everyMs);
  };

  test("is left after ninety of a hundred, but not within a minute", () => {
    const conduct = () => new PoolConduct({ silenceMs: 1 });
    expect(answers(conduct(), 99, 1_000)).toBeUndefined();
    expect(answers(conduct(), 100, 1_000)).toBe("the pool rejected 100 of the last 100 shares");
    expect(answers(conduct(), 100, 1_000, 10)).toMatch(/90 of the last 100/);
    expect(answers(conduct(), 100, 1_000, 11)).toBeUndefined();
    expect(answers(conduct(), 500, 10)).toBeUndefined();
    // At many shares a second, the hundred pass in a moment; the minute counts all the same.
    expect(answers(conduct(), 5_900, 10)).toBeUndefined();
    expect(answers(conduct(), 6_100, 10)).toBeDefined();
  });

  test("starts anew with each connection", () => {
    const conduct = new PoolConduct({ silenceMs: 1 });
    answers(conduct, 100, 1_000);
    conduct.ended({ kind: "refused", reason: "" });
    expect(conduct.rejectsTooMany(1e9)).toBeUndefined();
  });

  test("or closes five channels in five minutes", () => {
    const conduct = new PoolConduct({ silenceMs: 1 });
    for (let i = 0; i < 20; i++) expect(conduct.closedChannel(i * 80_000)).toBeUndefined();
    const others = new PoolConduct({ silenceMs: 1 });
    for (let i = 0; i < 4; i++) expect(others.closedChannel(i)).toBeUndefined();
    expect(others.closedChannel(4)).toBe("the pool closed 5 channels within 5 minutes");
  });
});
