import { describe, expect, test } from "vitest";
import { detectMachine } from "../../../boards/detect.ts";
import type { BusRef, MachineChainSpec, MachineSpec } from "../../../boards/machine-spec.ts";
import { machines } from "../../../boards/machines.ts";
import { openBitaxeRaw } from "../../../drivers/bitaxe-raw/bitaxe-raw.ts";
import { readBoardIdentity } from "../../../drivers/eeprom/read-board-identity.ts";
import { OwnedI2cBus } from "../../../drivers/i2c/owned-bus.ts";
import type { SharedI2cBus } from "../../../src/ports/i2c-bus.ts";
import type { OutputLine } from "../../../src/ports/lines.ts";
import { declared, openRig, type Rig, settled } from "./plant-rig.ts";

/** Two readings of the reference, the drivers' and the plant's, held against each other through a whole machine. */
class Hands {
  readonly #rig: Rig;
  readonly #buses = new Map<string, SharedI2cBus>();
  #usb: Awaited<ReturnType<typeof openBitaxeRaw>> | undefined;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  async usb() {
    const { machine } = this.#rig.plant;
    const [device] = (await machine.readFacts()).usb;
    const uart = async () => machine.openUart(device?.uarts[0] ?? "", 115_200);
    this.#usb ??= await settled(this.#rig, openBitaxeRaw(await uart(), this.#rig.clock));
    return this.#usb;
  }

  async bus(ref: BusRef, chain?: MachineChainSpec): Promise<SharedI2cBus> {
    const { plant, clock } = this.#rig;
    if (ref.via === "supply") {
      const supply = chain?.supply;
      if (supply?.driver.passThrough === undefined) throw new Error("nothing behind it");
      return supply.driver.passThrough(await this.bus(supply.bus), supply.address, clock);
    }
    const key = ref.via === "usb" ? "usb" : ref.path;
    const open = async () =>
      ref.via === "usb" ? (await this.usb()).i2c : plant.machine.openI2c(ref.path);
    const bus = this.#buses.get(key) ?? new OwnedI2cBus(await open(), clock);
    this.#buses.set(key, bus);
    return bus;
  }

  async output(ref: MachineChainSpec["reset"], active: boolean): Promise<OutputLine> {
    if (ref.via === "gpio") return this.#rig.plant.machine.openOutput(ref, active);
    return settled(this.#rig, (await this.usb()).openOutput(ref, active));
  }
}

async function powerAll(rig: Rig, hands: Hands, spec: MachineSpec): Promise<void> {
  const wait = <T>(promise: Promise<T>) => settled(rig, promise);
  if (spec.supply !== undefined) {
    const { driver, bus, address, enable } = spec.supply;
    const supply = driver.open(await hands.bus(bus), address, rig.clock);
    await wait(supply.identify());
    await wait(supply.setVoltage(spec.chains[0]?.voltage.startV ?? 0));
    await hands.output(enable, true);
  }
  for (const chain of spec.chains) {
    if (chain.enable !== undefined) await hands.output(chain.enable, true);
    if (chain.supply === undefined) continue;
    const { driver, bus, address } = chain.supply;
    const supply = driver.open(await hands.bus(bus), address, rig.clock);
    await wait(supply.prepare());
    await wait(supply.turnOn(chain.voltage.startV));
    if (supply.beat !== undefined) await wait(supply.beat());
  }
}

describe.each(machines.map((spec) => [spec.id, spec] as const))("%s", (_, spec) => {
  test("its drivers find their parts, read what is true, and switch its power on and off", async () => {
    using rig = openRig(spec);
    const hands = new Hands(rig);
    const wait = <T>(promise: Promise<T>) => settled(rig, promise);
    for (const fan of spec.fans)
      if (fan.via === "controller") {
        const controller = fan.driver.open(await hands.bus(fan.bus), fan.address);
        await wait(controller.prepare());
        await wait(controller.setDuty(100));
        await rig.passS(30);
        const rpm = await wait(controller.readRpm());
        const [truth] = rig.plant.state().fans;
        for (const [index, value] of rpm.entries())
          expect(value / (truth?.rpm[index] ?? 0)).toBeCloseTo(1, 1);
      }
    await powerAll(rig, hands, spec);
    const chains = rig.plant.state().chains;
    expect(chains.map(({ hasPower }) => hasPower)).toEqual(chains.map(() => true));
    for (const [index, chain] of spec.chains.entries()) {
      const truth = rig.plant.state().chains[index];
      expect(truth?.voltageV).toBeCloseTo(chain.voltage.startV, 1);
      for (const { driver, bus, address, place } of chain.sensors) {
        const sensor = driver.open(await hands.bus(bus, chain), address);
        const shownC = await wait(sensor.readC());
        const now = rig.plant.state().chains[index];
        const trueC = place === "chip" ? now?.dieC : now?.boardC;
        expect(Math.abs(shownC - (trueC ?? 0))).toBeLessThan(1);
      }
      const own = chain.supply;
      if (own === undefined) continue;
      const supply = own.driver.open(await hands.bus(own.bus), own.address, rig.clock);
      await wait(supply.read());
      await wait(supply.turnOff("urgent"));
      expect(rig.plant.state().chains[index]?.hasPower).toBe(false);
    }
  });

  test("is recognised by what it shows and by its boards' memories, which nobody writes to", async () => {
    using rig = openRig(spec);
    const eeproms = await memoriesOf(rig);
    const facts = { ...(await rig.plant.machine.readFacts()), eeproms };
    expect(detectMachine(facts).matched?.id).toBe(spec.id);
    expect(rig.plant.record.entries.filter(({ what }) => what === "eeprom-write")).toEqual([]);
  });
});

async function memoriesOf(rig: Rig) {
  const hands = new Hands(rig);
  const facts = [];
  for (const { eeprom } of rig.spec.chains) {
    if (eeprom?.bus.via !== "i2c") continue;
    const { bus, address } = eeprom;
    const identity = await settled(rig, readBoardIdentity(await hands.bus(bus), address));
    facts.push({ bus: bus.path, address, identity });
  }
  return facts;
}

test("a memory with garbage names no board", async () => {
  using rig = openRig("s21-pro");
  for (const chain of [0, 1, 2]) rig.plant.addFault({ fault: "eeprom-garbage", chain });
  const memories = await memoriesOf(rig);
  expect(memories.map(({ identity }) => identity.boardName)).toEqual([null, null, null]);
});

test("a memory of the described format, encrypted, tells voltage, frequency and its own serial", async () => {
  const { match, ...rest } = declared("s21-pro");
  const { eepromBoard: _board, eepromHeader: _header, ...others } = match;
  using rig = openRig({ ...rest, match: others });
  const memories = await memoriesOf(rig);
  expect(memories[1]?.identity).toMatchObject({
    serial: "SIMULATED00000001",
    voltageV: 13.8,
    frequencyMHz: 600,
  });
});
