/** Random conversations on a bus of random moods: the rules that must hold whatever happens. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { OwnedI2cBus } from "../../../drivers/i2c/owned-bus.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { DeviceError } from "../../../src/lib/errors.ts";
import type { Urgency } from "../../../src/ports/i2c-bus.ts";
import { type Fate, ScriptedI2cBus } from "./scripted-bus.ts";

interface Step {
  readonly address: number;
  readonly writeLength: number;
  readonly pauseMs: number;
  /** Goes on without waiting for it. */
  readonly isDangling: boolean;
}

interface Talk {
  readonly afterMs: number;
  readonly urgency: Urgency;
  readonly steps: readonly Step[];
  readonly throws: boolean;
}

const step = fc.record<Step>({
  address: fc.oneof(fc.integer({ min: 0x50, max: 0x57 }), fc.constantFrom(0x10, 0x20, 0x48, 0x58)),
  writeLength: fc.nat(3),
  pauseMs: fc.oneof(fc.constant(0), fc.nat(60)),
  isDangling: fc.boolean(),
});
const talks = fc.array(
  fc.record<Talk>({
    afterMs: fc.oneof(fc.constant(0), fc.nat(300)),
    urgency: fc.constantFrom("routine", "routine", "urgent"),
    steps: fc.array(step, { maxLength: 4 }),
    throws: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);
/** Mostly quick; around the deadline, late, and never. */
const fates = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record<Fate>({ takesMs: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record<Fate>({ takesMs: fc.constantFrom(249, 250, 251, 700) }) },
    { weight: 1, arbitrary: fc.constant<Fate>({ takesMs: 3, fails: "nack" }) },
    { weight: 1, arbitrary: fc.constant<Fate>({ takesMs: "never" }) },
  ),
  { maxLength: 20 },
);

test("whatever is said on it, a bus keeps its rules", async () => {
  await fc.assert(fc.asyncProperty(talks, fates, keepsItsRules), { numRuns: 300 });
});

async function keepsItsRules(plan: readonly Talk[], moods: readonly Fate[]): Promise<void> {
  const clock = new VirtualClock();
  let transfers = 0;
  const bus = new ScriptedI2cBus(clock, () => moods[transfers++] ?? { takesMs: 1 });
  const shared = new OwnedI2cBus(bus, clock);
  /** Asked for, neither begun nor refused. */
  const waiting: { id: number; urgency: Urgency }[] = [];
  const ends: string[] = [];
  let settled = 0;

  const hold = async (id: number, { urgency, steps, throws }: Talk) => {
    waiting.push({ id, urgency });
    const isHung = () =>
      bus.wire.some(({ endMs, startMs }) => endMs === undefined && clock.nowMs() > startMs + 250);
    const wasHung = isHung();
    const askedMs = clock.nowMs();
    try {
      await shared.converse(urgency, async ({ transfer }) => {
        // Who begins is the first of the urgent, or the first of all when none is urgent.
        const first = waiting.find((other) => other.urgency === "urgent") ?? waiting[0];
        expect(id).toBe(first?.id);
        waiting.splice(
          waiting.findIndex((other) => other.id === id),
          1,
        );
        expect(wasHung).toBe(false);
        for (const { address, writeLength, pauseMs, isDangling } of steps) {
          // The first byte written says whose it is.
          const sent = transfer(address, new Uint8Array(writeLength).fill(id), 1);
          if (isDangling) sent.catch(() => {});
          else await sent;
          if (pauseMs > 0) await clock.sleep(pauseMs);
        }
        if (throws) throw new Error("its own");
      });
      ends.push("done");
    } catch (error) {
      const place = waiting.findIndex((other) => other.id === id);
      if (place >= 0) waiting.splice(place, 1);
      if (wasHung) expect(clock.nowMs()).toBe(askedMs);
      const isExpected = error instanceof DeviceError || (error as Error).message === "its own";
      expect(isExpected).toBe(true);
      ends.push(error instanceof DeviceError ? error.code : "its own");
    }
    settled++;
  };

  const all = plan.map(async (talk, id) => {
    if (talk.afterMs > 0) await clock.sleep(talk.afterMs);
    await hold(id, talk);
  });
  // 12 conversations of 4 transfers of 250 ms and 4 pauses, and time for those that hung to be refused.
  await clock.advance(12 * 4 * 320 + 1_000);
  expect(settled).toBe(plan.length); // nobody waits for a bus that hangs
  await Promise.all(all);

  expect(bus.mostAtOnce).toBeLessThanOrEqual(1);
  for (const { address, write } of bus.wire)
    if (address >= 0x50 && address <= 0x57) expect(write.length).toBeLessThanOrEqual(1);
  // What one says is never cut in two by what another says.
  const speakers = bus.wire.flatMap(({ write }) => write.slice(0, 1));
  const turns = speakers.filter((id, at) => id !== speakers[at - 1]);
  expect(new Set(turns).size).toBe(turns.length);

  // Once the late one is back, the bus serves as on its first day.
  bus.release();
  await clock.advance(1_000);
  transfers = moods.length;
  const again = shared.converse("routine", ({ transfer }) => transfer(0x48, Uint8Array.of(0), 2));
  await clock.advance(10);
  expect(await again).toHaveLength(2);
  expect(clock.pendingTimers).toBe(0);
}
