import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LaneShares } from "../../src/upstream/lanes.ts";
import { type PendingShare, ShareLedger } from "../../src/upstream/share-ledger.ts";

const share = (chainIndex: number): PendingShare => ({ chainIndex, hashes: 1n << 32n, sentMs: 0 });

function sent(count: number, chain = 0): ShareLedger {
  const ledger = new ShareLedger();
  for (let i = 0; i < count; i++) ledger.sent(share(chain));
  return ledger;
}
const nobody = () => {};

describe("acknowledgements", () => {
  test("case 93: a batch of ten is ten accepted shares", () => {
    const ledger = sent(10);
    ledger.acknowledged(10, 10, 0n, nobody);
    expect(ledger).toMatchObject({ accepted: 10, rejected: 0, unacknowledged: 0 });
  });

  test("case 93: an error in the middle, then the batch of the other nine", () => {
    const ledger = sent(10);
    expect(ledger.refused(5)?.chainIndex).toBe(0);
    ledger.acknowledged(10, 9, 0n, nobody);
    expect(ledger).toMatchObject({ accepted: 9, rejected: 1, unacknowledged: 0 });
  });

  test("case 95: an error after the batch that seemed to cover it counts as reject, without underflow", () => {
    const ledger = sent(10);
    ledger.acknowledged(10, 9, 0n, nobody);
    expect(ledger.refused(5)?.chainIndex).toBe(0);
    expect(ledger).toMatchObject({ accepted: 9, rejected: 1, unacknowledged: 0 });
  });

  test("shares after the last one named stay open, however large the count", () => {
    const ledger = sent(5);
    ledger.acknowledged(2, 5, 0n, nobody);
    expect(ledger).toMatchObject({ accepted: 2, unacknowledged: 3, overAcknowledged: 3 });
  });

  test("quirk Q10: totals instead of a batch never make more accepted than sent", () => {
    const ledger = sent(3);
    ledger.acknowledged(3, 4_000, 0n, nobody);
    expect(ledger).toMatchObject({ accepted: 3, overAcknowledged: 3_997, unacknowledged: 0 });
  });

  test("case 96: sums of 0 and 2^64−1 are just sums", () => {
    const ledger = sent(2);
    ledger.acknowledged(1, 1, 0n, nobody);
    ledger.acknowledged(2, 1, 2n ** 64n - 1n, nobody);
    expect(ledger.acceptedDifficulty).toBe(2n ** 64n - 1n);
  });

  test("each chain of a shared channel is credited with its own shares", () => {
    const ledger = new ShareLedger();
    for (const chain of [0, 1, 1, 2]) ledger.sent(share(chain));
    const credited: number[] = [];
    ledger.acknowledged(3, 3, 0n, ({ chainIndex }) => credited.push(chainIndex));
    expect(credited).toEqual([0, 1, 1]);
    expect(ledger.refused(4)?.chainIndex).toBe(2);
  });

  test("the same error twice, or an error when nothing is open, costs no other share", () => {
    const ledger = sent(2);
    expect(ledger.refused(1)?.chainIndex).toBe(0);
    expect(ledger.refused(1)).toBeUndefined();
    ledger.acknowledged(2, 1, 0n, nobody);
    expect(ledger.refused(2)).toBeUndefined();
    expect(ledger).toMatchObject({ accepted: 1, rejected: 1, unacknowledged: 0 });
  });

  test("answers about shares that were never sent change nothing", () => {
    const ledger = sent(1);
    expect(ledger.refused(77)).toBeUndefined();
    expect(ledger.refused(0)).toBeUndefined();
    expect(ledger).toMatchObject({ accepted: 0, rejected: 0, unacknowledged: 1 });
  });

  test("a share of a lane is counted there too, and is open nowhere once it is forgotten", () => {
    const lane = new LaneShares();
    const ledger = new ShareLedger();
    for (let i = 0; i < 5_000; i++) ledger.sent({ ...share(0), lane });
    expect(lane.unacknowledged).toBe(ledger.unacknowledged);
    ledger.acknowledged(5_000, 3, 0n, nobody);
    ledger.refused(4_999);
    expect(lane).toMatchObject({ accepted: 3, rejected: 1 });
    expect(lane.unacknowledged).toBe(ledger.unacknowledged);
  });

  test("a pool that never answers does not fill the memory", () => {
    const ledger = sent(10_000);
    expect(ledger.unacknowledged).toBeLessThanOrEqual(4_096);
    expect(ledger.forgotten + ledger.unacknowledged).toBe(10_000);
  });

  test("whatever a pool answers, nothing is counted twice or below zero", () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant("sent" as const) }),
      fc.record({
        kind: fc.constant("ack" as const),
        last: fc.integer({ min: 0, max: 30 }),
        count: fc.constantFrom(0, 1, 2, 10, 4_294_967_295),
      }),
      fc.record({ kind: fc.constant("error" as const), seq: fc.integer({ min: 0, max: 30 }) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const ledger = new ShareLedger();
        let sentCount = 0;
        for (const e of events) {
          if (e.kind === "sent") {
            ledger.sent(share(0));
            sentCount++;
          } else if (e.kind === "ack") ledger.acknowledged(e.last, e.count, 0n, nobody);
          else ledger.refused(e.seq);
        }
        expect(ledger.accepted).toBeLessThanOrEqual(sentCount);
        expect(ledger.unacknowledged).toBeGreaterThanOrEqual(0);
        expect(ledger.accepted + ledger.unacknowledged).toBeLessThanOrEqual(sentCount);
      }),
    );
  });
});
