import { describe, expect, test } from "vitest";
import type { MachineSpec } from "../../../boards/machine-spec.ts";
import { machines } from "../../../boards/machines.ts";
import { ChainModel, geometryOf } from "../../../simulator/chain/chain-model.ts";
import { openSynchronousSearcher } from "../../../simulator/hashing/synchronous-engine.ts";
import { Plant } from "../../../simulator/plant/plant.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { frames, jobFrame } from "../chain/host.ts";
import { declared, failureOf, openLine, openRig, powerUp } from "./plant-rig.ts";

describe.each(machines.map((spec) => [spec.id, spec] as const))("%s", (_, spec) => {
  test("can be built: every bus, line and fan of its declaration is there, for one", async () => {
    using rig = openRig(spec);
    const { machine } = rig.plant;
    const facts = await machine.readFacts();
    for (const path of facts.i2cBuses) {
      await machine.openI2c(path);
      expect(await failureOf(machine.openI2c(path))).toBe("busy");
    }
    for (const fan of spec.fans)
      if (fan.via === "pwm") {
        await machine.openPwm(fan.pwm);
        for (const line of fan.tachometers) await machine.openTachometer(line, fan.pulsesPerTurn);
      }
    const inputs = spec.chains.map(({ plugDetect }) => plugDetect);
    for (const ref of [...inputs, ...spec.controlBoard.buttons])
      if (ref?.via === "gpio") await machine.openInput(ref);
    for (const ref of [...spec.controlBoard.leds, ...spec.chains.map(({ reset }) => reset)])
      if (ref.via === "gpio") await openLine(rig, ref, true);
    expect(await failureOf(machine.openI2c("/dev/i2c-77"))).toBe("not-found");
    expect(await failureOf(machine.openOutput({ label: "x", sysfs: 9_999 }, true))).toBe(
      "not-found",
    );
    expect(
      await failureOf(machine.openPwm({ label: "x", chip: "x", channel: 0, periodNs: 1 })),
    ).toBe("not-found");
    expect((rig.plant.usbControl !== undefined) === facts.usb.length > 0).toBe(true);
  });

  test("has no power and nothing out of reset before somebody says so", async () => {
    using rig = openRig(spec);
    await rig.passS(60);
    for (const chain of rig.plant.state().chains) {
      if (
        spec.supply !== undefined ||
        spec.chains[0]?.supply !== undefined ||
        spec.chains[0]?.enable
      )
        expect(chain.hasPower).toBe(false);
      expect(chain).toMatchObject({ isHeldInReset: true, activeMHz: 0 });
      expect(chain.boardC).toBeCloseTo(25, 0);
    }
  });
});

test("a bare PC shows what it has, and nothing of the machine", async () => {
  const facts = { deviceTree: { model: null, compatible: [] }, i2cBuses: [], uarts: [], usb: [] };
  using rig = openRig("s21-pro", { facts });
  expect(await rig.plant.machine.readFacts()).toEqual(facts);
});

test("what was made leaves no timer behind", async () => {
  const rig = openRig("s19j-pro");
  await powerUp(rig);
  rig.plant.schedule({ fault: { fault: "ambient", temperatureC: 30 }, fromMs: 60_000 });
  rig.plant[Symbol.dispose]();
  expect(rig.clock.pendingTimers).toBe(0);
});

test("with too few chains it cannot be built", () => {
  const spec = declared("s21-pro");
  expect(() => new Plant({ spec, chains: [], clock: new VirtualClock(), seed: 1 })).toThrow(
    "0 chains; s21-pro has 3",
  );
});

test("two boards' parts at one address cannot be built, and the address is named", () => {
  const spec = declared("s21-pro");
  const [first, second, third] = spec.chains;
  const clash = { ...spec, chains: [first, { ...second, sensors: first?.sensors ?? [] }, third] };
  expect(() => openRig(clash as MachineSpec)).toThrow("/dev/i2c-1: two parts at 0x48");
});

test("an hour of the plant takes less than three seconds", async () => {
  using rig = openRig("s21-pro");
  await powerUp(rig);
  const startMs = performance.now();
  await rig.passS(3_600);
  expect(performance.now() - startMs).toBeLessThan(3_000);
  expect(rig.plant.state().chains[0]?.activeMHz).toBeGreaterThan(0);
});

test("real chains hash and draw when they are powered, released and given work, and only then", async () => {
  const spec = declared("s21-pro");
  const clock = new VirtualClock();
  const chains = spec.chains.map(({ chain: { chip, chipCount } }, index) => {
    const geometry = geometryOf(chip, chipCount, 32);
    const searcher = openSynchronousSearcher({ clock, geometry });
    return new ChainModel({
      chip,
      chipCount,
      requiredZeroBits: 32,
      scale: 1e9,
      clock,
      seed: index,
      searcher,
    });
  });
  using plant = new Plant({ spec, chains, clock, seed: 1 });
  const rig = { spec, clock, chains: [], plant, passS: (s: number) => clock.advance(s * 1_000) };
  const [chain] = chains as [ChainModel];
  const send = (frame: Uint8Array) => chain.receive(frame, 115_200);
  const start = () => {
    send(frames.writeAll(0xa4, 0x9000ffff));
    send(frames.writeAll(0x18, 0xf000c100));
    send(frames.writeAll(0x10, 0x1eb5));
    send(jobFrame({ idByte: 0x18, header: new Uint8Array(80) }));
  };
  start();
  expect(plant.state().chains[0]).toMatchObject({ hasPower: false, activeMHz: 0, powerW: 0 });
  await powerUp({ ...rig, [Symbol.dispose]() {} });
  expect(chain.isPowered).toBe(true);
  start();
  expect(plant.state().chains[0]?.activeMHz).toBeGreaterThan(0);
  expect(plant.state().chains[0]?.powerW).toBeGreaterThan(50);
  await clock.advance(200);
  expect(plant.record.entries.at(-1)).toMatchObject({ what: "hashing", chain: 0, on: true });
  for (const each of chains) each[Symbol.dispose]();
});
