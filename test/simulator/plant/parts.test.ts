import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../../simulator/chain/random.ts";
import { defaultAssumptions } from "../../../simulator/plant/assumptions.ts";
import { FanGroupModel, FanModel } from "../../../simulator/plant/fan-model.ts";
import type { I2cDevice } from "../../../simulator/plant/i2c-bus-model.ts";
import { encrypt, plainBlock } from "../../../simulator/plant/parts/eeprom-content.ts";
import type { PartModel } from "../../../simulator/plant/parts/part-model.ts";
import { partFamilyOf } from "../../../simulator/plant/parts/part-models.ts";
import {
  fromSlinear11,
  fromUlinear16,
  slinear11,
  ulinear16,
} from "../../../simulator/plant/parts/pmbus-numbers.ts";
import { SensorPoint } from "../../../simulator/plant/sensor-point.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };

function model(part: string, voltage = { startV: 1.4, workingV: 1.4 }): PartModel {
  const clock = new VirtualClock();
  return partFamilyOf(part).create({
    ...{ part, clock, voltage, assumptions: defaultAssumptions },
    onChange() {},
  });
}

/** A sensor at that temperature. */
function sensor(part: string, temperatureC: number): I2cDevice {
  const made = model(part);
  made.sense?.(part, new SensorPoint(() => temperatureC, new SeededRandom(1)));
  return made.device;
}

/** A fan at that speed, on its first tachometer. */
function withFan(part: string, rpm: number): PartModel {
  const made = model(part);
  const fan = new FanModel("large", { ...defaultAssumptions, fanMaxRpm: rpm, fanSpinUpS: 1e-6 });
  made.drive?.(new FanGroupModel("fans", [fan], 100));
  fan.advance(1, 1_000, 100);
  return made;
}

function register(device: I2cDevice, pointer: number, lengthBytes: number): string {
  device.write(Uint8Array.of(pointer));
  return toHex(device.read(lengthBytes) ?? new Uint8Array(0));
}

function write(device: I2cDevice, ...bytes: readonly number[]): void {
  device.write(Uint8Array.from(bytes));
}

function temperatures(name: string) {
  return vectors.temperature.filter(({ sensor: kind }) => kind.includes(name)) as readonly {
    raw: string;
    celsius: number;
  }[];
}

describe("LM75A, TMP75 and TMP1075", () => {
  test.each(temperatures("LM75"))("at $celsius °C read $raw", ({ raw, celsius }) => {
    // Its low four bits mean nothing.
    for (const part of ["LM75A", "TMP75", "TMP1075"])
      expect(register(sensor(part, celsius), 0, 2)).toBe(`${raw.slice(0, 3)}0`);
  });

  test("show what lies beyond their range as its end", () => {
    expect(register(sensor("LM75A", 300), 0, 2)).toBe("7ff0");
    expect(register(sensor("LM75A", -300), 0, 2)).toBe("8000");
  });

  test("only the TMP1075 has an id", () => {
    expect(register(sensor("TMP1075", 25), 0x0f, 2)).toBe("7500");
    expect(register(sensor("LM75A", 25), 0x0f, 2)).not.toBe("7500");
  });
});

describe("TMP451 and relatives", () => {
  test.each(temperatures("TMP451"))(
    "in extended range at $celsius °C read $raw",
    ({ raw, celsius }) => {
      const device = sensor("TMP451 local", celsius);
      write(device, 0x09, 0x04);
      expect(register(device, 0x00, 1) + register(device, 0x15, 1)).toBe(raw);
    },
  );

  test("tell local from remote, correct the remote one, and know an open diode", () => {
    const made = model("TMP451 local");
    const point = (temperatureC: number) =>
      new SensorPoint(() => temperatureC, new SeededRandom(1));
    made.sense?.("TMP451 local", point(40.5));
    expect(register(made.device, 0x02, 1)).toBe("04");
    made.sense?.("TMP451 remote", point(61.25));
    expect(register(made.device, 0x02, 1)).toBe("00");
    expect(register(made.device, 0x00, 1) + register(made.device, 0x15, 1)).toBe("2880");
    expect(register(made.device, 0x01, 1) + register(made.device, 0x10, 1)).toBe("3d40");
    write(made.device, 0x11, 0xf9);
    expect(register(made.device, 0x01, 1)).toBe("36");
    expect(register(made.device, 0xfe, 1)).toBe("55");
  });
});

describe("EMC2101", () => {
  test.each(temperatures("external 11-bit").filter((vector) => !("fault" in vector)))(
    "reads its diode at $celsius °C as $raw",
    ({ raw, celsius }) => {
      const device = sensor("EMC2101 external", celsius);
      expect(register(device, 0x01, 1) + register(device, 0x10, 1)).toBe(raw);
    },
  );

  test("reads whole degrees inside, and 3f8 for a diode that is not there", () => {
    const device = sensor("EMC2101 internal", 41.4);
    expect(register(device, 0x00, 1)).toBe("29");
    expect(register(device, 0x01, 1) + register(device, 0x10, 1)).toBe("7f00");
    expect(register(device, 0xfd, 1) + register(device, 0xfe, 1)).toBe("165d");
  });

  test("counts 0708 for a fan at 3000 turns, once its pin is a tachometer's", () => {
    const { device } = withFan("EMC2101", 3_000);
    expect(register(device, 0x46, 1) + register(device, 0x47, 1)).toBe("ffff");
    write(device, 0x03, 0x04);
    expect(register(device, 0x46, 1) + register(device, 0x47, 1)).toBe("0807");
  });

  test("takes a duty in 64 steps only while the look-up table is off", () => {
    const made = model("EMC2101");
    const fans = new FanGroupModel("fan", [], 100);
    made.drive?.(fans);
    expect(fans.dutyPercent).toBe(0);
    write(made.device, 0x4a, 0x03);
    write(made.device, 0x4c, 63);
    expect(fans.dutyPercent).toBe(0);
    write(made.device, 0x4a, 0x23);
    write(made.device, 0x4c, 63);
    expect(fans.dutyPercent).toBe(100);
  });
});

describe("EMC2103, EMC2302 and EMC2305", () => {
  test("an EMC2103 counts 4e20 for a fan at 3145 turns", () => {
    const { device } = withFan("EMC2103", 7_864_320 / 2_500);
    expect(register(device, 0x4e, 1) + register(device, 0x4f, 1)).toBe("4e20");
    expect(register(device, 0xfd, 1)).toBe("24");
  });

  test("the others go by their range, and show a standing fan with ff", () => {
    const { device } = withFan("EMC2302", 3_000);
    const count = () =>
      Number.parseInt(register(device, 0x3e, 1) + register(device, 0x3f, 1), 16) >> 3;
    expect((3_932_160 * 2) / count()).toBeCloseTo(3_000, -1);
    write(device, 0x32, 0x0b);
    expect(3_932_160 / count()).toBeCloseTo(3_000, -1);
    expect(register(device, 0x4e, 1)).toBe("ff");
  });

  test("a duty has 256 steps", () => {
    const made = model("EMC2305");
    const fans = new FanGroupModel("fans", [], 100);
    const fan = () => new FanModel("large", defaultAssumptions);
    const two = new FanGroupModel("fans", [fan(), fan()], 100);
    made.drive?.(fans);
    made.drive?.(two);
    write(made.device, 0x30, 255);
    expect(two.dutyPercent).toBe(50);
    write(made.device, 0x40, 255);
    expect(two.dutyPercent).toBe(100);
  });
});

describe("PMBus numbers", () => {
  test.each(vectors.pmbus)("$format $raw is $value", ({ raw, value }) => {
    expect(fromSlinear11(Number.parseInt(raw, 16))).toBe(value);
    expect(fromSlinear11(slinear11(value))).toBe(value);
  });

  test("are as fine as they fit", () => {
    expect(slinear11(5).toString(16)).toBe("ca80");
    expect(slinear11(45.1875).toString(16)).toBe("e2d3");
    expect(fromSlinear11(slinear11(-20.5))).toBe(-20.5);
    expect(fromUlinear16(ulinear16(1.15, 0x17), 0x17)).toBeCloseTo(1.15, 2);
  });
});

test("a TPS546 obeys its pin until it is told not to, and nothing above its maximum", () => {
  const { device, supply } = model("TPS546");
  write(device, 0x21, 0x4d, 0x02); // 1.15 V
  write(device, 0x01, 0x80);
  expect(supply?.outputV()).toBe(0);
  write(device, 0x02, 0x1b);
  expect(supply?.outputV()).toBeCloseTo(1.15, 2);
  write(device, 0x24, 0x00, 0x02); // at most 1 V
  expect(supply?.outputV()).toBe(1);
  expect(register(device, 0x79, 2)).toBe("0000");
  write(device, 0x01, 0x00);
  expect(supply?.outputV()).toBe(0);
  expect(register(device, 0x79, 2)).toBe("4000");
});

test("an INA260 measures in its steps, high byte first", () => {
  const made = model("INA260");
  made.measure?.({ inputV: 5, powerW: 12.5 });
  expect(register(made.device, 0x01, 2)).toBe("07d0");
  expect(register(made.device, 0x02, 2)).toBe("0fa0");
  expect(register(made.device, 0x03, 2)).toBe("04e2");
});

test.each(vectors.ds4432u)("a DS4432U at code $code gives $vout V", ({ vout, code }) => {
  const { device, supply } = model("DS4432U");
  write(device, 0xf8, Number.parseInt(code, 16));
  expect(supply?.outputV()).toBeCloseTo(vout, 2);
});

test("a part that nobody has modelled cannot be built", () => {
  expect(() => partFamilyOf("MAX31790")).toThrow('part "MAX31790"');
});

test("an encrypted memory is the one of the vectors", () => {
  const { plain, cipher } = vectors.eeprom.synthetic;
  expect(toHex(encrypt(fromHex(plain)))).toBe(cipher);
  const made = plainBlock({
    ...{ serial: "TESTSN0000000001A", die: "ED", marking: "TESTMARK01", bin: "4" },
    ...{ ft: "F1V04B1C1", pcb: 0x011e, bom: 0x0100 },
    ...{ voltageV: 12.6, frequencyMHz: 525, nonceRate: 0.9998 },
  });
  // Where fields are whose place is known.
  const known = (block: string) =>
    [block.slice(0, 60), block.slice(68, 86), block.slice(100, 108), block.slice(112, 124)].join();
  expect(known(toHex(made))).toBe(known(plain));
});
