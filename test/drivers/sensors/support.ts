import fc from "fast-check";
import { DeviceError } from "../../../src/lib/errors.ts";
import type { TemperatureSensorDriver } from "../../../src/ports/peripherals.ts";
import { ScriptedI2c, type ScriptedPart } from "../scripted-i2c.ts";

export const ADDRESS = 0x4c;

export function openOn(driver: TemperatureSensorDriver, part?: ScriptedPart) {
  const bus = new ScriptedI2c();
  if (part !== undefined) bus.with(ADDRESS, part);
  return { bus, sensor: driver.open(bus, ADDRESS) };
}

/** What the promise ended with, either way. */
export function outcomeOf<T>(promise: Promise<T>): Promise<T | unknown> {
  return promise.catch((error: unknown) => error);
}

/** Bytes as parts and broken wires give them: ids and sentinels much more often than chance would have it. */
export const answeredByte = fc.oneof(
  fc.constantFrom(0x00, 0xff, 0x7f, 0x80, 0x55, 0x41, 0x5d, 0x16, 0x24, 0x36, 0x34, 0x75, 0x21),
  fc.integer({ min: 0, max: 255 }),
);

/** A part that answers each read with the next of these bytes, and now and then too few of them. */
export function babble(bytes: readonly number[], missing: number) {
  let at = 0;
  return {
    transfer: (_write: Uint8Array, readLength: number): Uint8Array =>
      Uint8Array.from(
        { length: Math.max(0, at === missing ? readLength - 1 : readLength) },
        () => bytes[at++ % bytes.length] as number,
      ),
  };
}

export const babbling = fc
  .tuple(fc.array(answeredByte, { minLength: 1, maxLength: 12 }), fc.integer({ min: -3, max: 8 }))
  .map(([bytes, missing]) => babble(bytes, missing));

export function isFiniteOrDeviceError(outcome: unknown): boolean {
  return outcome instanceof DeviceError || Number.isFinite(outcome);
}
