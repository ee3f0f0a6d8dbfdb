import fc from "fast-check";
import { expect, test } from "vitest";
import { OwnedI2cBus } from "../../../drivers/i2c/owned-bus.ts";
import {
  PIC16_MAX_V,
  PIC16_MIN_V,
  Pic16,
  pic16CodeOf,
  pic16VoltageOf,
} from "../../../drivers/power/pic16.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { DeviceError } from "../../../src/lib/errors.ts";
import { BytewiseModel, PartsOnWire, settle } from "../scripted-bus-h3.ts";

/** One at 0x55, where nobody may write two bytes at once, because a memory could be there. */
function rig(reply: (request: string) => string | undefined) {
  const clock = new VirtualClock();
  // 10 and 15 carry a byte of data, the others none.
  const lengthOf = (begun: Uint8Array) => (begun[2] === 0x10 || begun[2] === 0x15 ? 4 : 3);
  const model = new BytewiseModel({ clock, reply, lengthOf });
  const wire = new PartsOnWire(clock, new Map([[0x55, model]]));
  return { clock, model, wire, pic: new Pic16(new OwnedI2cBus(wire, clock), 0x55, clock) };
}

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "fine",
    (error: unknown) => (error instanceof DeviceError ? error.code : error),
  );

test.each([
  [9.4, 6],
  [8.8, 109],
])("%d V is code %i", (voltageV, expected) => {
  expect(pic16CodeOf(voltageV)).toBe(expected);
});

test("any voltage that may be set has a code of one byte that leads back to it", () => {
  fc.assert(
    fc.property(fc.double({ min: PIC16_MIN_V, max: PIC16_MAX_V, noNaN: true }), (voltageV) => {
      const found = pic16CodeOf(voltageV);
      expect(found).toBeGreaterThanOrEqual(0);
      expect(found).toBeLessThanOrEqual(254);
      expect(Math.abs(pic16VoltageOf(found) - voltageV)).toBeLessThan(0.003);
    }),
  );
});

test.each([7.94, 9.41, 0, Number.NaN])("%d V is refused", (voltageV) => {
  expect(() => pic16CodeOf(voltageV)).toThrow(RangeError);
});

test("version 3 is known, byte by byte", async () => {
  const { clock, wire, pic } = rig(() => "03");
  await settle(clock, pic.identify());
  expect(wire.log).toEqual(["55<55", "55<aa", "55<17", "55>1"]);
});

test("any other version is not", async () => {
  const { clock, pic } = rig(() => "04");
  expect(await settle(clock, code(pic.identify()))).toBe("wrong-id");
});

test("silence is asked 15 times", async () => {
  const { clock, model, pic } = rig(() => undefined);
  expect(await settle(clock, code(pic.readVoltage()))).toBe("timeout");
  expect(model.requests.length).toBe(15);
});

test("a voltage is read back", async () => {
  let written = "";
  const { clock, model, pic } = rig((request) => {
    if (request.startsWith("55aa10")) written = request.slice(6);
    return request === "55aa18" ? written : undefined;
  });
  await settle(clock, pic.setVoltage(9.4));
  expect(model.requests).toEqual(["55aa1006", "55aa18"]);
  written = "07";
  expect(await settle(clock, pic.readVoltage())).toBeCloseTo(9.397, 3);
});

test("a voltage that reads back otherwise is an error", async () => {
  const { clock, pic } = rig((request) => (request === "55aa18" ? "6d" : undefined));
  expect(await settle(clock, code(pic.setVoltage(9.4)))).toBe("refused");
});

test("it is switched, and beats", async () => {
  const { clock, model, pic } = rig(() => undefined);
  await settle(clock, pic.setEnabled(true, "routine"));
  await settle(clock, pic.beat());
  await settle(clock, pic.setEnabled(false, "urgent"));
  expect(model.requests).toEqual(["55aa1501", "55aa16", "55aa1500"]);
});
