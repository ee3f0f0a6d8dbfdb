import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OwnedI2cBus } from "../../../drivers/i2c/owned-bus.ts";
import { dsPic, resetDsPic } from "../../../drivers/power/ds-pic.ts";
import { dsPicRequest } from "../../../drivers/power/ds-pic-frame.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { DeviceError } from "../../../src/lib/errors.ts";
import type { SharedI2cBus } from "../../../src/ports/i2c-bus.ts";
import type { BoardSupply } from "../../../src/ports/peripherals.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { BytewiseModel, PartsOnWire, settle } from "../scripted-bus-h3.ts";

const frames = vectors.pic_frames.frames;
const captured = new Map(frames.map(({ request, response }) => [request, response]));
const requestOf = (words: string) =>
  frames.find(({ meaning }) => meaning.startsWith(words))?.request ?? `no frame "${words}"`;

const version = requestOf("firmware version");
const beat = requestOf("heartbeat");
const jump = requestOf("jump to application");
const on = requestOf("enable DC-DC");
const off = requestOf("disable DC-DC");
const reset = requestOf("reset into bootloader");

interface Rig {
  readonly clock: VirtualClock;
  readonly pic: BytewiseModel;
  readonly wire: PartsOnWire;
  readonly bus: SharedI2cBus;
  readonly supply: BoardSupply;
}

/** A dsPIC at 0x20 that replies as captured, unless `reply` knows better. */
function rig(
  reply: (request: string, count: number) => string | undefined = (request) =>
    captured.get(request),
): Rig {
  const clock = new VirtualClock();
  let count = 0;
  const pic = new BytewiseModel({
    clock,
    readyAfterMs: 40,
    reply: (request) => reply(request, ++count),
  });
  const wire = new PartsOnWire(clock, new Map([[0x20, pic]]));
  const bus = new OwnedI2cBus(wire, clock);
  return { clock, pic, wire, bus, supply: dsPic.open(bus, 0x20, clock) };
}

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "fine",
    (error: unknown) => (error instanceof DeviceError ? error.code : error),
  );

describe("frames of the dsPIC", () => {
  test.each(frames)("$meaning", ({ request }) => {
    const bytes = request.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? [];
    const [, , , command = 0, ...rest] = bytes;
    expect(toHex(dsPicRequest(command, ...rest.slice(0, -2)))).toBe(request);
  });
});

describe("a dsPIC", () => {
  test("is identified and left off by prepare, without a reset or a jump", async () => {
    const { clock, pic, supply } = rig();
    await settle(clock, supply.prepare());
    expect(pic.requests).toEqual([version, off]);
  });

  test("switches, and beats", async () => {
    const { clock, pic, supply } = rig();
    await settle(clock, supply.turnOn(12.6));
    await settle(clock, supply.beat?.() ?? Promise.reject());
    await settle(clock, supply.turnOff("urgent"));
    expect(pic.requests).toEqual([on, beat, off]);
  });

  test("that is still in its boot loader is told to jump", async () => {
    let isRunning = false;
    const { clock, pic, supply } = rig((request) => {
      if (request === jump) isRunning = true;
      return isRunning || request === jump ? captured.get(request) : undefined;
    });
    await settle(clock, supply.prepare());
    expect(pic.requests).toEqual([version, version, version, jump, version, off]);
  });

  test("with other firmware is refused, and told nothing more", async () => {
    const { clock, pic, supply } = rig(() => "051782009e");
    const prepared = settle(clock, supply.prepare());
    await expect(prepared).rejects.toMatchObject({ code: "wrong-id" });
    await expect(prepared).rejects.toThrow("firmware 0x82");
    expect(pic.requests).toEqual([version]);
  });

  test.each([
    ["a sum that is little-endian", "061601001d00", "crc"],
    ["a reply to something else", "06170100001e", "crc"],
    ["nothing", "", "timeout"],
  ])("that replies %s is asked three times", async (_, reply, expected) => {
    const { clock, pic, supply } = rig(() => reply);
    expect(await settle(clock, code(supply.beat?.() ?? Promise.reject()))).toBe(expected);
    expect(pic.requests).toEqual([beat, beat, beat]);
  });

  test("that once lost a reply is fine", async () => {
    const { clock, supply } = rig((request, count) =>
      count === 1 ? "ff16ff" : captured.get(request),
    );
    expect(await settle(clock, code(supply.beat?.() ?? Promise.reject()))).toBe("fine");
  });

  test("that is not there is a nack", async () => {
    const { clock, bus } = rig();
    const supply = dsPic.open(bus, 0x21, clock);
    expect(await settle(clock, code(supply.prepare()))).toBe("nack");
  });

  test("that does not confirm off says so after one short conversation", async () => {
    const { clock, pic, supply } = rig(() => "1500");
    expect(await settle(clock, code(supply.turnOff("urgent")), 400)).toBe("crc");
    expect(pic.requests).toEqual([off]);
  });

  test("is switched off before beats that wait", async () => {
    const { clock, pic, supply } = rig();
    const beats = Promise.all([supply.beat?.(), supply.beat?.(), supply.beat?.()]);
    const isOff = supply.turnOff("urgent");
    await settle(clock, Promise.all([beats, isOff]));
    expect(pic.requests).toEqual([beat, off, beat, beat]);
  });

  test("is switched off between two tries of something else", async () => {
    const { clock, pic, supply } = rig((request) =>
      request === off ? captured.get(request) : undefined,
    );
    const beats = code(supply.beat?.() ?? Promise.reject());
    await clock.advance(10);
    const isOff = supply.turnOff("urgent");
    await settle(clock, isOff);
    expect(pic.requests.slice(0, 2)).toEqual([beat, off]);
    await settle(clock, beats);
  });

  test("can be reset, which nothing else here does", async () => {
    const { clock, bus, pic } = rig();
    await settle(clock, resetDsPic(bus, 0x20, clock));
    expect(pic.requests).toEqual([reset]);
  });
});

describe("the bus behind a dsPIC", () => {
  const behind = (parts: Rig) =>
    dsPic.passThrough?.(parts.bus, 0x20, parts.clock) ?? expect.unreachable();

  test("reads a register of an LM75A as captured", async () => {
    const parts = rig();
    const read = behind(parts).converse("routine", (i2c) =>
      i2c.transfer(0x48, Uint8Array.of(0), 2),
    );
    expect(toHex(await settle(parts.clock, read))).toBe("1710");
    expect(parts.pic.requests).toEqual(["55aa063b48000089", "55aa063c4802008c"]);
  });

  test("keeps the whole conversation together", async () => {
    const parts = rig();
    const read = behind(parts).converse("routine", async (i2c) => {
      await i2c.transfer(0x48, Uint8Array.of(0), 2);
      await i2c.transfer(0x48, Uint8Array.of(0), 2);
    });
    await settle(parts.clock, Promise.all([read, parts.supply.turnOff("urgent")]));
    expect(parts.pic.requests.at(-1)).toBe(off);
  });

  test.each([
    ["a write", 0x48, [1, 0], 0],
    ["a pointer alone", 0x48, [0], 0],
    ["a read without pointer", 0x48, [], 2],
    ["one byte", 0x48, [0], 1],
    ["a memory", 0x50, [0], 2],
    ["a memory", 0x57, [0], 2],
    ["a reserved address", 0x00, [0], 2],
    ["no address", 0x148, [0], 2],
  ])("refuses %s", async (_, address, write, length) => {
    const parts = rig();
    const refused = behind(parts).converse("routine", (i2c) =>
      i2c.transfer(address, Uint8Array.from(write), length),
    );
    expect(await settle(parts.clock, code(refused))).toBe("refused");
    expect(parts.pic.requests).toEqual([]);
  });

  test.each([
    ["a part that does not answer", "073c00ffff0241"],
    ["silence", ""],
  ])("%s is no temperature", async (_, reply) => {
    const parts = rig((request) => (request.startsWith("55aa063b") ? "3b01" : reply));
    const read = behind(parts).converse("routine", (i2c) =>
      i2c.transfer(0x48, Uint8Array.of(0), 2),
    );
    expect(["crc", "timeout"]).toContain(await settle(parts.clock, code(read)));
  });
});

test("any bytes as replies give a value or a DeviceError, in time", async () => {
  const byte = fc.oneof(fc.constantFrom("01", "05", "06", "07", "17", "15", "89"), anyByte());
  const junk = fc.array(byte, { maxLength: 8 }).map((bytes) => bytes.join(""));
  const reply = fc.oneof(junk, fc.constant("captured"));
  await fc.assert(
    fc.asyncProperty(fc.array(reply, { minLength: 1, maxLength: 12 }), async (replies) => {
      const parts = rig((request, count) => {
        const next = replies[(count - 1) % replies.length] as string;
        return next === "captured" ? captured.get(request) : next;
      });
      const { supply, clock } = parts;
      const behind = dsPic.passThrough?.(parts.bus, 0x20, clock) ?? expect.unreachable();
      const acts = [
        () => supply.prepare(),
        () => supply.turnOn(13),
        () => supply.beat?.() ?? Promise.reject(),
        () => behind.converse("routine", (i2c) => i2c.transfer(0x48, Uint8Array.of(0), 2)),
        () => supply.turnOff("urgent"),
      ];
      for (const act of acts) expect(await settle(clock, code(act()))).toBeTypeOf("string");
      expect(clock.pendingTimers).toBe(0);
      expect(parts.pic.requests).not.toContain(reset);
    }),
    { numRuns: 40 },
  );
});

function anyByte() {
  return fc.integer({ min: 0, max: 255 }).map((value) => value.toString(16).padStart(2, "0"));
}
