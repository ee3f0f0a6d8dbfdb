import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OwnedI2cBus } from "../../../drivers/i2c/owned-bus.ts";
import { Apw12, apw12 } from "../../../drivers/power/apw12.ts";
import { apw12Request, decodeApw12 } from "../../../drivers/power/apw12-frame.ts";
import {
  apw9CodeOf,
  apw12CodeOf,
  apw12TypeOf,
  apw12Types,
  apw12VoltageOf,
} from "../../../drivers/power/apw12-types.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { DeviceError } from "../../../src/lib/errors.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { BytewiseModel, PartsOnWire, settle } from "../scripted-bus-h3.ts";

const { frames, voltage_codes } = vectors.psu_frames;

const GET_TYPE = "55aa04020600";
const GET_VOLTAGE = "55aa04030700";
const typeIs = (type: number) => frame(0x02, type);

/** A reply with its own arithmetic. */
function frame(command: number, value: number): string {
  const body = [6, command, value & 0xff, value >> 8];
  const sum = body.reduce((a, b) => a + b, 0);
  return toHex(Uint8Array.of(0x55, 0xaa, ...body, sum & 0xff, sum >> 8));
}

interface Options {
  readonly reply: (request: string, count: number) => string | undefined;
}

function rig({ reply }: Options) {
  const clock = new VirtualClock();
  let count = 0;
  const model = new BytewiseModel({
    clock,
    register: 0x11,
    readyAfterMs: 390,
    reply: (request) => reply(request, ++count),
  });
  const wire = new PartsOnWire(clock, new Map([[0x10, model]]));
  const supply = new Apw12(new OwnedI2cBus(wire, clock), 0x10, clock);
  return { clock, model, supply, wire };
}

/** A supply of a type that echoes settings and keeps the code. */
function healthy(type: number) {
  let code = 0;
  return (request: string): string | undefined => {
    if (request === GET_TYPE) return typeIs(type);
    if (request === GET_VOLTAGE) return frame(0x03, code);
    if (!request.startsWith("55aa0683")) return undefined;
    code = fromHex(request)[4] as number;
    return request;
  };
}

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "fine",
    (error: unknown) => (error instanceof DeviceError ? error.code : error),
  );

describe("frames of the supply", () => {
  test.each(frames)("$meaning", ({ request, response, meaning }) => {
    const [, , , command = 0, ...rest] = fromHex(request);
    expect(toHex(apw12Request(command, ...rest.slice(0, -2)))).toBe(request);
    const told = /(?:-> |code )(0x[0-9a-f]+|\d+)/.exec(meaning)?.[1];
    expect(decodeApw12(fromHex(response), command)).toBe(Number(told));
  });

  test("with a sum that is big-endian are none", () => {
    expect(decodeApw12(fromHex("55aa060271000079"), 0x02)).toBeUndefined();
  });
});

describe("voltage codes", () => {
  test.each(voltage_codes)("$type at $volts V", ({ type, volts, code: expected }) => {
    if (type === "x17 APW9") return expect(apw9CodeOf(volts)).toBe(expected);
    const row = apw12TypeOf(Number(type));
    expect(row && apw12CodeOf(row, volts)).toBe(expected);
  });

  test("of any voltage within the clamp have one byte, fall as volts rise, and lead back to it", () => {
    const row = fc.constantFrom(...apw12Types);
    const share = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(row, share, share, (type, a, b) => {
        const at = (x: number) => Math.min(type.maxV, type.minV + x * (type.maxV - type.minV));
        const [low, high] = [at(Math.min(a, b)), at(Math.max(a, b))];
        const codes = [apw12CodeOf(type, low), apw12CodeOf(type, high)] as const;
        expect(codes[0]).toBeLessThanOrEqual(255);
        expect(codes[1]).toBeGreaterThanOrEqual(0);
        expect(codes[0]).toBeGreaterThanOrEqual(codes[1]);
        const backV = apw12VoltageOf(type, codes[0]);
        expect(backV).toBeGreaterThanOrEqual(low - 1e-9);
        expect(backV - low).toBeLessThanOrEqual(1 / type.codesPerV);
      }),
    );
  });

  test("of 0x71 stay within 9 to 246", () => {
    const type = apw12TypeOf(0x71);
    expect(type && [apw12CodeOf(type, type.minV), apw12CodeOf(type, type.maxV)]).toEqual([246, 9]);
  });

  test("belong to one type each", () => {
    const all = apw12Types.flatMap(({ types }) => types);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("a supply", () => {
  test("is identified with its clamp", async () => {
    const { clock, supply } = rig({ reply: healthy(0x71) });
    expect(await settle(clock, supply.identify())).toEqual({ type: "0x71", minV: 12, maxV: 15 });
  });

  test.each([0x61, 0x22, 0x62, 0x00, 0x0171, 0xffff])("of type %i is refused", async (type) => {
    const { clock, model, supply } = rig({ reply: healthy(type) });
    expect(await settle(clock, code(supply.identify()))).toBe("wrong-id");
    expect(await settle(clock, code(supply.setVoltage(12.6)))).toBe("refused");
    expect(model.requests).toEqual([GET_TYPE]);
  });

  test("that was not identified is set to nothing", async () => {
    const { clock, model, supply } = rig({ reply: healthy(0x71) });
    expect(await settle(clock, code(supply.setVoltage(12.6)))).toBe("refused");
    expect(await settle(clock, code(supply.readVoltage()))).toBe("refused");
    expect(model.requests).toEqual([]);
  });

  test("forgets its type when it is identified anew in vain", async () => {
    let isThere = true;
    const ok = healthy(0x71);
    const { clock, supply } = rig({ reply: (request) => (isThere ? ok(request) : undefined) });
    await settle(clock, supply.identify());
    isThere = false;
    expect(await settle(clock, code(supply.identify()))).toBe("timeout");
    isThere = true;
    expect(await settle(clock, code(supply.setVoltage(12.6)))).toBe("refused");
  });

  test("takes 15 V as captured", async () => {
    const { clock, model, supply } = rig({ reply: healthy(0x71) });
    await settle(clock, supply.identify());
    await settle(clock, supply.setVoltage(15));
    expect(model.requests.at(-1)).toBe("55aa068309009200");
    expect(await settle(clock, supply.readVoltage())).toBeCloseTo(15.01, 2);
  });

  test.each([11.99, 15.01, 0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
    "is never told %d V",
    async (voltageV) => {
      const { clock, model, supply } = rig({ reply: healthy(0x71) });
      await settle(clock, supply.identify());
      await expect(settle(clock, supply.setVoltage(voltageV))).rejects.toThrow(RangeError);
      expect(model.requests).toEqual([GET_TYPE]);
    },
  );

  test("that echoes another code has not been set", async () => {
    const ok = healthy(0x71);
    const other = frame(0x83, 99);
    const { clock, supply } = rig({ reply: (r) => (r.startsWith("55aa0683") ? other : ok(r)) });
    await settle(clock, supply.identify());
    expect(await settle(clock, code(supply.setVoltage(13)))).toBe("crc");
  });

  test("whose type reads back is checked against what it reads", async () => {
    const ok = healthy(0x41);
    const { clock, model, supply } = rig({ reply: ok });
    await settle(clock, supply.identify());
    await settle(clock, supply.setVoltage(15));
    expect(model.requests.at(-1)).toBe(GET_VOLTAGE);
    const bad = rig({ reply: (r) => (r === GET_VOLTAGE ? frame(0x03, 13) : ok(r)) });
    await settle(bad.clock, bad.supply.identify());
    expect(await settle(bad.clock, code(bad.supply.setVoltage(15)))).toBe("refused");
  });

  test.each([undefined, "55aa0603", frame(0x03, 300)])(
    "of a type not known to read back may answer %s: null",
    async (reply) => {
      const ok = healthy(0x71);
      const { clock, supply } = rig({ reply: (r) => (r === GET_VOLTAGE ? reply : ok(r)) });
      await settle(clock, supply.identify());
      expect(await settle(clock, supply.readVoltage())).toBeNull();
    },
  );

  test("on a bus that hangs has no voltage, not an unknown one", async () => {
    const { clock, supply, wire } = rig({ reply: healthy(0x71) });
    await settle(clock, supply.identify());
    wire.isHung = true;
    expect(await settle(clock, code(supply.readVoltage()), 300)).toBe("timeout");
  });

  test("tells its firmware", async () => {
    const { clock, supply } = rig({ reply: () => "55aa060106000d00" });
    expect(await settle(clock, supply.readFirmware())).toBe(6);
  });

  test.each([
    ["lost", undefined],
    ["stale", frame(0x83, 9)],
    ["cut", "55aa0602"],
    ["shifted", `71${typeIs(0x71)}`],
  ])("with a %s reply is asked again, as a whole", async (_, bad) => {
    const ok = healthy(0x71);
    const { clock, model, supply } = rig({ reply: (r, count) => (count < 3 ? bad : ok(r)) });
    expect(await settle(clock, code(supply.identify()))).toBe("fine");
    expect(model.requests).toEqual([GET_TYPE, GET_TYPE, GET_TYPE]);
  });

  test("that is not there is a nack", async () => {
    const clock = new VirtualClock();
    const wire = new PartsOnWire(clock, new Map());
    const supply = apw12.open(new OwnedI2cBus(wire, clock), 0x10, clock);
    expect(await settle(clock, code(supply.identify()))).toBe("nack");
  });
});

test("any bytes as replies give a value or a DeviceError, and never a code above its clamp", async () => {
  const byte = fc.oneof(
    fc.constantFrom("55", "aa", "06", "02", "03", "71", "83"),
    fc.integer({ min: 0, max: 255 }).map((value) => value.toString(16).padStart(2, "0")),
  );
  const junk = fc.array(byte, { maxLength: 10 }).map((bytes) => bytes.join(""));
  const type = fc.constantFrom(0x71, 0x73, 0x41, 0x43, 0x22, 0x99);
  const reply = fc.oneof(junk, fc.constant("healthy"));
  await fc.assert(
    fc.asyncProperty(type, fc.array(reply, { minLength: 1, maxLength: 8 }), async (is, replies) => {
      const ok = healthy(is);
      const { clock, model, supply } = rig({
        reply: (request, count) => {
          const next = replies[(count - 1) % replies.length] as string;
          return next === "healthy" ? ok(request) : next;
        },
      });
      const acts = [
        () => supply.identify(),
        () => supply.setVoltage(14.5),
        () => supply.readVoltage(),
        () => supply.readFirmware(),
      ];
      for (const act of acts) expect(await settle(clock, code(act()))).toBeTypeOf("string");
      expect(clock.pendingTimers).toBe(0);
      for (const request of model.requests.filter((r) => r.startsWith("55aa0683")))
        expect(fromHex(request)[5]).toBe(0);
    }),
    { numRuns: 40 },
  );
});
