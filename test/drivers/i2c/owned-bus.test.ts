import { describe, expect, test } from "vitest";
import { OwnedI2cBus } from "../../../drivers/i2c/owned-bus.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { Urgency } from "../../../src/ports/i2c-bus.ts";
import { type Fate, ScriptedI2cBus, type WireTransfer } from "./scripted-bus.ts";

describe("turns", () => {
  test("a conversation has the bus to itself, pauses included", async () => {
    const { clock, bus, shared } = busOf();
    const slow = shared.converse("routine", async ({ transfer }) => {
      await transfer(0x20, Uint8Array.of(0x55), 0);
      await clock.sleep(300);
      return transfer(0x20, EMPTY, 2);
    });
    const other = shared.converse("routine", ({ transfer }) => transfer(0x48, POINTER, 2));
    await clock.advance(1_000);
    expect(await slow).toEqual(Uint8Array.of(0x20, 0x20));
    expect(await other).toEqual(Uint8Array.of(0x48, 0x48));
    expect(bus.wire.map(({ address }) => address)).toEqual([0x20, 0x20, 0x48]);
  });

  test("urgent ones go before all that wait, in their own order, but interrupt nobody", async () => {
    const { clock, shared, order } = busOf();
    const ask = (name: string, urgency: Urgency) =>
      shared.converse(urgency, async ({ transfer }) => {
        order.push(name);
        await transfer(0x20, POINTER, 0);
        await transfer(0x20, POINTER, 0);
        order.push(`${name}.`);
      });
    const all = [
      ask("first", "routine"),
      ask("second", "routine"),
      ask("off 0", "urgent"),
      ask("third", "routine"),
      ask("off 1", "urgent"),
    ];
    await clock.advance(100);
    await Promise.all(all);
    expect(order.filter((name) => !name.endsWith("."))).toEqual([
      ...["first", "off 0", "off 1", "second", "third"],
    ]);
    expect(order[1]).toBe("first.");
  });

  test("an idle bus starts the conversation in the very call", () => {
    const { bus, shared, order } = busOf();
    void shared.converse("urgent", async () => void order.push("began"));
    expect(order).toEqual(["began"]);
    expect(bus.wire).toEqual([]);
  });

  test("a conversation that fails, by throwing too, gives the bus back", async () => {
    const { clock, shared } = busOf();
    const failing = shared.converse("routine", () => Promise.reject(new Error("bad checksum")));
    const throwing = shared.converse("routine", () => {
      throw new Error("ours");
    });
    const next = shared.converse("routine", ({ transfer }) => transfer(0x48, POINTER, 1));
    await Promise.all([
      expect(failing).rejects.toThrow("bad checksum"),
      expect(throwing).rejects.toThrow("ours"),
      clock.advance(10),
    ]);
    expect(await next).toEqual(Uint8Array.of(0x48));
  });

  test("transfers that nobody waits for still go one by one, and before the next conversation", async () => {
    const { clock, bus, shared } = busOf(() => ({ takesMs: 20 }));
    await shared.converse("routine", async ({ transfer }) => {
      void transfer(0x20, Uint8Array.of(1), 0);
      void transfer(0x20, Uint8Array.of(2), 0).catch(() => {});
      await undefined;
    });
    const next = shared.converse("routine", ({ transfer }) => transfer(0x48, POINTER, 1));
    await clock.advance(100);
    await next;
    expect(bus.mostAtOnce).toBe(1);
    expect(bus.wire.map(({ address }) => address)).toEqual([0x20, 0x48]);
  });

  test("who keeps the bus beyond the conversation is refused", async () => {
    const { clock, shared, bus } = busOf();
    const kept = await shared.converse("routine", async (own) => own);
    await clock.advance(1);
    await expect(kept.transfer(0x48, POINTER, 1)).rejects.toMatchObject({ code: "refused" });
    expect(bus.wire).toEqual([]);
  });

  test("the 65th that would wait is told that the bus is busy; an urgent one is not", async () => {
    const { clock, shared } = busOf();
    const read = (urgency: Urgency) =>
      shared.converse(urgency, ({ transfer }) => transfer(0x48, POINTER, 1));
    const accepted = Array.from({ length: 65 }, () => read("routine"));
    await expect(read("routine")).rejects.toThrow(
      "/dev/i2c-9: converse: busy (64 conversations wait)",
    );
    const off = read("urgent");
    await clock.advance(1_000);
    await Promise.all([...accepted, off]);
  });
});

describe("a bus that hangs", () => {
  test("the transfer times out, its conversation fails, and all others are refused at once", async () => {
    const { clock, bus, shared } = busOf(() => ({ takesMs: "never" }));
    const events: string[] = [];
    const note = (name: string, promise: Promise<unknown>) =>
      promise.catch((error) => events.push(`${clock.nowMs()} ${name} ${error.code}`));
    void note(
      "running",
      shared.converse("routine", async ({ transfer }) => {
        await note("transfer", transfer(0x20, POINTER, 1));
        await note("after it", transfer(0x20, POINTER, 1));
        return "makes the best of it";
      }),
    );
    void note(
      "waiting",
      shared.converse("urgent", ({ transfer }) => transfer(0x21, POINTER, 0)),
    );
    await clock.advance(250);
    void note(
      "later",
      shared.converse("urgent", ({ transfer }) => transfer(0x21, POINTER, 0)),
    );
    await clock.advance(0);
    expect(events.sort()).toEqual([
      "250 after it timeout",
      "250 later timeout",
      "250 running timeout",
      "250 transfer timeout",
      "250 waiting timeout",
    ]);
    expect(bus.wire).toHaveLength(1);
  });

  test("it serves again when the late transfer has come back, but not the conversation that failed", async () => {
    let takesMs: Fate["takesMs"] = 400;
    const { clock, bus, shared } = busOf(() => ({ takesMs }));
    const failed = shared.converse("routine", async ({ transfer }) => {
      await transfer(0x20, Uint8Array.of(1), 0).catch(() => {});
      await clock.sleep(1_000);
      await transfer(0x20, Uint8Array.of(2), 0);
    });
    await Promise.all([
      expect(failed).rejects.toMatchObject({ code: "timeout" }),
      clock.advance(399),
    ]);
    await expect(read(shared)).rejects.toMatchObject({ code: "timeout" });
    takesMs = 1;
    await clock.advance(1);
    const reading = read(shared);
    await clock.advance(2_000);
    expect(await reading).toEqual(Uint8Array.of(0x48));
    expect(bus.wire.map(({ write }) => write)).toEqual([[1], [0]]);
  });

  test("a talk that never ends after its transfer hung holds nobody up", async () => {
    let takesMs: Fate["takesMs"] = 300;
    const { clock, shared } = busOf(() => ({ takesMs }));
    const failed = shared.converse("routine", async ({ transfer }) => {
      await transfer(0x20, POINTER, 0).catch(() => {});
      await new Promise(() => {});
    });
    await Promise.all([
      expect(failed).rejects.toMatchObject({ code: "timeout" }),
      clock.advance(300),
    ]);
    takesMs = 1;
    const reading = read(shared);
    await clock.advance(1);
    expect(await reading).toEqual(Uint8Array.of(0x48));
  });

  test("a machine frozen for four seconds does not take its bus for hung", async () => {
    const clock = new VirtualClock();
    let frozenMs = 0;
    const lateClock: Clock = {
      nowMs: () => clock.nowMs() + frozenMs,
      unixSeconds: () => clock.unixSeconds(),
      sleep: (durationMs, signal) => clock.sleep(durationMs, signal),
      after: (delayMs, run) => clock.after(delayMs, run),
      every: (periodMs, run) => clock.every(periodMs, run),
    };
    const bus = new ScriptedI2cBus(clock, () => ({ takesMs: 260 }));
    const shared = new OwnedI2cBus(bus, lateClock);
    const reading = read(shared);
    await clock.advance(100);
    frozenMs = 4_000; // the deadline comes due during it, and its timer runs before the answer is looked at
    await clock.advance(300);
    expect(await reading).toEqual(Uint8Array.of(0x48));
  });
});

describe("memories of hashboards", () => {
  test.each(["0x50", "0x53", "0x57"])("no more than a pointer is written to %s", async (name) => {
    const address = Number(name);
    const { clock, bus, shared } = busOf();
    for (const urgency of ["routine", "urgent"] as const) {
      const writing = shared.converse(urgency, ({ transfer }) =>
        transfer(address, Uint8Array.of(0, 0xff), 0),
      );
      const writingAndReading = shared.converse(urgency, ({ transfer }) =>
        transfer(address, Uint8Array.of(0, 0xff), 16),
      );
      await Promise.all([
        expect(writing).rejects.toMatchObject({
          code: "refused",
          device: `/dev/i2c-9@${name}`,
        }),
        expect(writingAndReading).rejects.toMatchObject({ code: "refused" }),
      ]);
    }
    expect(bus.wire).toEqual([]);
    const reading = shared.converse("routine", ({ transfer }) => transfer(address, POINTER, 256));
    await clock.advance(10);
    expect(await reading).toHaveLength(256);
  });

  test("what is looked at when asked is what is sent, although the caller changes its bytes", async () => {
    const { clock, bus, shared } = busOf();
    await Promise.all([
      shared.converse("routine", async ({ transfer }) => {
        const bytes = Uint8Array.of(7);
        void transfer(0x20, POINTER, 0);
        const second = transfer(0x20, bytes, 0);
        bytes[0] = 9;
        await second;
      }),
      clock.advance(10),
    ]);
    expect(bus.wire.map(({ write }) => write)).toEqual([[0], [7]]);
  });

  test("a board without such memories may use these addresses", async () => {
    const clock = new VirtualClock();
    const bus = new ScriptedI2cBus(clock);
    const shared = new OwnedI2cBus(bus, clock, { readOnlyAddresses: [] });
    const writing = shared.converse("routine", ({ transfer }) =>
      transfer(0x55, Uint8Array.of(0x55, 0xaa), 0),
    );
    await Promise.all([writing, clock.advance(10)]);
    expect(bus.wire).toHaveLength(1);
  });

  test.each([0x00, 0x07, 0x78, 0x80, -1, 1.5, Number.NaN])(
    "address %s, which no part has, is refused",
    async (address) => {
      const { bus, shared } = busOf();
      const talk = shared.converse("urgent", ({ transfer }) => transfer(address, EMPTY, 1));
      await expect(talk).rejects.toMatchObject({ code: "refused" });
      expect(bus.wire).toEqual([]);
    },
  );
});

describe("closing", () => {
  test("refuses what waits, lets the transfer under way finish, then closes the bus below", async () => {
    const { clock, bus, shared } = busOf(() => ({ takesMs: 100 }));
    const running = shared.converse("routine", async ({ transfer }) => {
      await transfer(0x20, POINTER, 0);
      await transfer(0x20, POINTER, 0);
    });
    const waiting = read(shared);
    await clock.advance(50);
    const closing = shared[Symbol.asyncDispose]();
    await expect(waiting).rejects.toMatchObject({ code: "gone" });
    expect(bus.isClosed).toBe(false);
    await Promise.all([expect(running).rejects.toMatchObject({ code: "gone" }), clock.advance(50)]);
    await closing;
    expect(bus.isClosed).toBe(true);
    expect(bus.wire).toHaveLength(1);
    await expect(read(shared)).rejects.toMatchObject({ code: "gone" });
    await shared[Symbol.asyncDispose]();
    expect(clock.pendingTimers).toBe(0);
  });

  test("does not wait for a bus that hangs", async () => {
    const { clock, bus, shared } = busOf(() => ({ takesMs: "never" }));
    const reading = read(shared);
    const closing = shared[Symbol.asyncDispose]();
    await Promise.all([
      expect(reading).rejects.toMatchObject({ code: "timeout" }),
      clock.advance(250),
    ]);
    await closing;
    expect(bus.isClosed).toBe(true);
  });
});

const EMPTY = new Uint8Array(0);
const POINTER = Uint8Array.of(0);

function read(shared: OwnedI2cBus): Promise<Uint8Array> {
  return shared.converse("routine", ({ transfer }) => transfer(0x48, POINTER, 1));
}

function busOf(fateOf?: (transfer: WireTransfer) => Fate) {
  const clock = new VirtualClock();
  const bus = new ScriptedI2cBus(clock, fateOf);
  return { clock, bus, shared: new OwnedI2cBus(bus, clock), order: [] as string[] };
}
