import { describe, expect, test } from "vitest";
import { boardReset, silent } from "../../../simulator/chain/faults.ts";
import {
  ambient,
  boardUnplugged,
  chipHot,
  eepromGarbage,
  fanStalled,
  i2cHung,
  ofProcess,
  onChain,
  psuBrownOut,
  psuSilent,
  psuWrongType,
  sensorAbsurd,
  sensorLost,
  sensorNoisy,
  sensorStuck,
  tachLost,
} from "../../../simulator/plant/faults.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { failureOf, openRig, PSU, powerUp, type Rig, settled, talk } from "./plant-rig.ts";

const SENSOR = "board 0 inlet";

/** °C at the first inlet sensor of an S21 Pro. */
async function inletC(rig: Rig): Promise<number> {
  const bus = await rig.plant.machine.openI2c("/dev/i2c-1");
  try {
    const bytes = await settled(rig, bus.transfer(0x48, Uint8Array.of(0), 2));
    return (((bytes[0] as number) << 24) | ((bytes[1] as number) << 16)) / 2 ** 24;
  } finally {
    await bus[Symbol.asyncDispose]();
  }
}

async function rpmOf(rig: Rig, group: number, tach: number): Promise<number | undefined> {
  const fan = rig.spec.fans[group];
  if (fan?.via !== "pwm") throw new Error("no tachometer");
  const line = fan.tachometers[tach];
  if (line === undefined) throw new Error("no tachometer");
  await using tachometer = await rig.plant.machine.openTachometer(line, fan.pulsesPerTurn);
  await rig.passS(1.2);
  return tachometer.readRpm();
}

describe("a sensor", () => {
  test("that is fine shows its board's temperature, within its spread", async () => {
    using rig = openRig("s21-pro");
    await powerUp(rig);
    await rig.passS(300);
    const boardC = rig.plant.state().chains[0]?.boardC ?? 0;
    expect(boardC).toBeGreaterThan(35);
    expect(Math.abs((await inletC(rig)) - boardC)).toBeLessThan(1);
  });

  test("that is lost does not answer, and comes back", async () => {
    using rig = openRig("s21-pro");
    const fault = sensorLost(SENSOR);
    rig.plant.addFault(fault);
    expect(await failureOf(inletC(rig))).toBe("nack");
    rig.plant.removeFault(fault);
    expect(await inletC(rig)).toBeCloseTo(25, 0);
  });

  test("that is stuck shows what it showed, whatever happens to the board", async () => {
    using rig = openRig("s21-pro");
    await powerUp(rig);
    const before = await inletC(rig);
    rig.plant.addFault(sensorStuck(SENSOR));
    rig.plant.addFault(ambient(60));
    await rig.passS(600);
    expect(rig.plant.state().chains[0]?.boardC).toBeGreaterThan(70);
    expect(await inletC(rig)).toBeCloseTo(before, 0);
  });

  test("that is noisy spreads around the truth; an absurd one shows its number", async () => {
    using rig = openRig("s21-pro");
    rig.plant.addFault(sensorNoisy(SENSOR, 10));
    const shown: number[] = [];
    for (let i = 0; i < 200; i++) shown.push(await inletC(rig));
    expect(Math.min(...shown)).toBeLessThan(18);
    expect(Math.max(...shown)).toBeGreaterThan(32);
    expect(Math.min(...shown)).toBeGreaterThanOrEqual(14);
    rig.plant.addFault(sensorAbsurd(SENSOR, -40));
    expect(await inletC(rig)).toBe(-40);
  });
});

describe("a fan", () => {
  test("turns as its output says, after it has spun up", async () => {
    using rig = openRig("s21-pro");
    await rig.passS(30);
    expect(await rpmOf(rig, 0, 0)).toBeCloseTo(6_000, -2);
  });

  test("that stalls stands still, at its tachometer alone", async () => {
    using rig = openRig("s21-pro");
    await rig.passS(30);
    rig.plant.addFault(fanStalled("rear fans", 1));
    await rig.passS(20);
    expect(await rpmOf(rig, 0, 0)).toBeCloseTo(6_000, -2);
    expect(await rpmOf(rig, 0, 1)).toBe(0);
  });

  test("whose tachometer is lost goes on cooling", async () => {
    using rig = openRig("s21-pro");
    await rig.passS(30);
    rig.plant.addFault(tachLost("rear fans"));
    expect(await rpmOf(rig, 0, 0)).toBe(0);
    expect(rig.plant.state().fans[0]?.rpm[0]).toBeGreaterThan(5_900);
  });
});

describe("a supply", () => {
  test("that is silent keeps its output", async () => {
    using rig = openRig("s21-pro");
    await powerUp(rig);
    rig.plant.addFault(psuSilent);
    expect(toHex(await talk(rig, PSU, fromHex("55aa04020600"), 8))).toBe("ff".repeat(8));
    expect(rig.plant.state().isSupplyOn).toBe(true);
  });

  test("of another type says so", async () => {
    using rig = openRig("s21-pro");
    rig.plant.addFault(psuWrongType(0x41));
    expect(toHex(await talk(rig, PSU, fromHex("55aa04020600"), 8))).toBe("55aa060241004900");
  });

  test("that browns out makes chips forget everything, even when it comes back", async () => {
    using rig = openRig("s21-pro");
    await powerUp(rig);
    const resets = rig.chains[0]?.resets ?? 0;
    const fault = psuBrownOut(0.5);
    rig.plant.addFault(fault);
    expect(rig.chains.map(({ isPowered }) => isPowered)).toEqual([false, false, false]);
    rig.plant.removeFault(fault);
    expect(rig.chains.map(({ isPowered }) => isPowered)).toEqual([true, true, true]);
    expect(rig.chains[0]?.resets).toBeGreaterThan(resets);
  });
});

test("on a hung bus no transfer settles until it ends, and then it has failed; the other bus goes on", async () => {
  using rig = openRig("s21-pro");
  const hung = await rig.plant.machine.openI2c("/dev/i2c-1");
  const other = await rig.plant.machine.openI2c("/dev/i2c-0");
  const fault = i2cHung("/dev/i2c-1");
  rig.plant.addFault(fault);
  let outcome = "open";
  const transfers = [1, 2].map(() =>
    failureOf(hung.transfer(0x48, Uint8Array.of(0), 2)).then((failure) => {
      outcome = failure;
    }),
  );
  await rig.passS(600);
  expect(outcome).toBe("open");
  await settled(rig, other.transfer(0x50, Uint8Array.of(0), 1));
  rig.plant.removeFault(fault);
  await Promise.all(transfers);
  expect(outcome).toBe("timeout");
  expect((await settled(rig, hung.transfer(0x48, Uint8Array.of(0), 2))).length).toBe(2);
});

test("two transfers at once on one bus: the second is refused as busy", async () => {
  using rig = openRig("s21-pro");
  const bus = await rig.plant.machine.openI2c("/dev/i2c-1");
  const first = bus.transfer(0x48, Uint8Array.of(0), 2);
  expect(await failureOf(bus.transfer(0x48, Uint8Array.of(0), 2))).toBe("busy");
  await settled(rig, first);
});

test("a transfer takes nine bits for each byte, addresses too, at 100 kHz", async () => {
  using rig = openRig("s21-pro");
  const bus = await rig.plant.machine.openI2c("/dev/i2c-1");
  const startMs = rig.clock.nowMs();
  let tookMs = 0;
  const transfer = bus.transfer(0x48, Uint8Array.of(0), 2).then(() => {
    tookMs = rig.clock.nowMs() - startMs;
  });
  await rig.clock.advance(10);
  await transfer;
  expect(tookMs).toBeCloseTo(0.45, 5);
});

test("a memory with garbage reads as noise, and as itself afterwards", async () => {
  using rig = openRig("s21-pro");
  const bus = await rig.plant.machine.openI2c("/dev/i2c-0");
  const read = async () => toHex(await settled(rig, bus.transfer(0x50, Uint8Array.of(0), 64)));
  const before = await read();
  const fault = eepromGarbage(0);
  rig.plant.addFault(fault);
  const noise = await read();
  expect(noise).not.toBe(before);
  expect(await read()).toBe(noise);
  rig.plant.removeFault(fault);
  expect(await read()).toBe(before);
});

test("a chip that runs hot is hotter by its share of the power, and told so, and cools with the others", async () => {
  using rig = openRig("s21-pro");
  await powerUp(rig, 246);
  await rig.passS(600);
  rig.plant.addFault(chipHot(2, 17, 20));
  await rig.passS(1);
  const state = rig.plant.state().chains[2];
  const others = rig.chains[2]?.chipsC.get("all") ?? 0;
  expect(state?.dieC).toBeGreaterThan(others + 12);
  expect(rig.chains[2]?.chipsC.get(17)).toBeCloseTo(state?.dieC ?? 0, 6);
  expect(rig.plant.state().chains[1]?.dieC).toBeLessThan(others + 1);
});

test("a board that is not there has no power, answers nothing, and its plug says so", async () => {
  using rig = openRig("s19j-pro");
  await powerUp(rig);
  rig.plant.addFault(boardUnplugged(1));
  expect(rig.chains.map(({ isPowered }) => isPowered)).toEqual([true, false, true]);
  const bus = await rig.plant.machine.openI2c("/dev/i2c-0");
  const attempt = (address: number) =>
    settled(rig, failureOf(bus.transfer(address, Uint8Array.of(0), 0)));
  expect([await attempt(0x21), await attempt(0x51), await attempt(0x50)]).toEqual([
    ...["nack", "nack", "none"],
  ]);
  const plugs = await Promise.all(
    rig.spec.chains.map(async ({ plugDetect }) => {
      if (plugDetect?.via !== "gpio") throw new Error("no plug");
      return (await rig.plant.machine.openInput(plugDetect)).get();
    }),
  );
  expect(plugs).toEqual([true, false, true]);
});

test("faults of chips reach their chain, those of programs whoever listens, in their time", async () => {
  using rig = openRig("s21-pro");
  const told: string[] = [];
  rig.plant.onProcessFault(({ fault, isOn }) => {
    told.push(`${rig.clock.nowMs()} ${fault.what} ${fault.seconds ?? ""} ${isOn}`);
  });
  rig.plant.schedule({ fault: onChain(1, silent), fromMs: 1_000, untilMs: 2_000 });
  rig.plant.schedule({ fault: onChain(0, boardReset()), fromMs: 1_500 });
  rig.plant.schedule({ fault: ofProcess("clock-stepped", 86_400), fromMs: 1_200, untilMs: 1_300 });
  await rig.passS(1);
  expect(rig.chains[1]?.faults).toEqual(new Set([silent]));
  await rig.passS(1);
  expect(rig.chains[1]?.faults).toEqual(new Set());
  expect(rig.chains[0]?.faults.size).toBe(1);
  expect(told).toEqual(["1200 clock-stepped 86400 true", "1300 clock-stepped 86400 false"]);
});

test("a fault that the machine cannot have is refused with the reason", () => {
  using rig = openRig("bitaxe-gamma");
  expect(() => rig.plant.addFault(sensorLost("nose"))).toThrow('there are sensors "chip diode"');
  expect(() => rig.plant.addFault({ fault: "pic-deaf", chain: 0 })).toThrow("no microcontroller");
  expect(() => rig.plant.addFault(chipHot(0, 1, 5))).toThrow("chips 0 to 0");
});
