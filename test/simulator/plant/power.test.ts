import { describe, expect, test } from "vitest";
import type { WorldEntry } from "../../../simulator/plant/world-record.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import {
  beat,
  failureOf,
  openLine,
  openRig,
  PSU,
  powerUp,
  type Rig,
  settled,
  switchPic,
  talk,
} from "./plant-rig.ts";

const PIC = { path: "/dev/i2c-0", address: 0x20 };

function poweredChains(rig: Rig): readonly boolean[] {
  return rig.plant.state().chains.map(({ hasPower }) => hasPower);
}

/** Frames of one type only: the one that the declared voltages need. */
const psuFrames = vectors.psu_frames.frames.filter(
  ({ request, response }) => request !== "55aa04020600" || response === "55aa060271007900",
);

describe("the supply", () => {
  test.each(psuFrames.filter(({ request }) => request !== "55aa04030700"))(
    "$meaning",
    async ({ request, response }) => {
      using rig = openRig("s19j-pro");
      const answer = await talk(rig, PSU, fromHex(request), response.length / 2);
      expect(toHex(answer)).toBe(response);
    },
  );

  test("gives back the voltage code that it was given, as long as its type has it", async () => {
    using rig = openRig("s19j-pro");
    await talk(rig, PSU, fromHex("55aa06830d009600"), 8);
    const answer = await talk(rig, PSU, fromHex("55aa04030700"), 8);
    expect(toHex(answer)).toBe("55aa06030d001600");
    await talk(rig, PSU, fromHex("55aa068300008900"), 8);
    expect(toHex(await talk(rig, PSU, fromHex("55aa04030700"), 8))).toBe("55aa060309001200");
  });

  test("says F5 at register 0, nothing before its time, and nothing to a wrong sum", async () => {
    using rig = openRig("s19j-pro");
    expect(toHex(await talk(rig, PSU, fromHex("55aa04020600"), 2, 100))).toBe("ffff");
    expect(toHex(await talk(rig, PSU, fromHex("55aa04020700"), 2))).toBe("ffff");
    expect(toHex(await talk(rig, PSU, fromHex("01025555aa04020600"), 8))).toBe("55aa060271007900");
    const bus = await rig.plant.machine.openI2c(PSU.path);
    expect(toHex(await settled(rig, bus.transfer(PSU.address, Uint8Array.of(0), 1)))).toBe("f5");
  });

  test("gives nothing before it knows how much, and nothing while its line is inactive", async () => {
    using rig = openRig("s21-pro");
    const enable = await openLine(
      rig,
      rig.spec.supply?.enable ?? (rig.spec.chains[0]?.reset as never),
      true,
    );
    expect(poweredChains(rig)).toEqual([false, false, false]);
    await talk(rig, PSU, fromHex("55aa068358 00e100".replace(" ", "")), 8);
    expect(poweredChains(rig)).toEqual([true, true, true]);
    expect(rig.plant.state().chains[0]?.voltageV).toBeCloseTo(14, 1);
    await enable.set(false);
    expect(poweredChains(rig)).toEqual([false, false, false]);
  });

  test.each(vectors.psu_frames.voltage_codes.filter(({ type }) => type === "0x71"))(
    "at code $code gives $volts V",
    async ({ code, volts }) => {
      using rig = openRig("s21-pro");
      await powerUp(rig, code);
      expect(rig.plant.state().chains[0]?.voltageV).toBeCloseTo(volts, 1);
    },
  );

  test("switches itself off above its limit, until its line has been inactive", async () => {
    using rig = openRig("s21-pro");
    await powerUp(rig);
    const fault = { fault: "psu-over-power", limitW: 500 } as const;
    rig.plant.addFault(fault);
    await rig.passS(0.2);
    expect(rig.plant.state()).toMatchObject({ isSupplyOn: false, isSupplyTripped: true });
    expect(poweredChains(rig)).toEqual([false, false, false]);
    rig.plant.removeFault(fault);
    await rig.passS(10);
    expect(rig.plant.state().isSupplyOn).toBe(false);
    expect(rig.plant.record.entries.at(-1)?.what).not.toBe("watchdog");
    const last = rig.plant.record.entries.filter(
      ({ what, chain }) => what === "power" && chain === null,
    );
    expect(last.at(-1)).toMatchObject({ on: false, detail: expect.stringContaining("load") });
  });
});

describe("the dsPIC of a board", () => {
  test.each(vectors.pic_frames.frames.filter(({ request }) => !request.includes("3c4802")))(
    "$meaning",
    async ({ request, response }) => {
      using rig = openRig("s19j-pro");
      expect(toHex(await talk(rig, PIC, fromHex(request), response.length / 2))).toBe(response);
    },
  );

  test("reads the board's LM75 through, after 46 ms", async () => {
    using rig = openRig("s19j-pro", { assumptions: { ambientC: 23.0625, sensorSpreadC: 0 } });
    expect(toHex(await talk(rig, PIC, fromHex("55aa063b48000089"), 2, 46))).toBe("3b01");
    expect(toHex(await talk(rig, PIC, fromHex("55aa063c4802008c"), 7, 46))).toBe("073c011710006b");
  });

  test("says that a sensor behind it does not answer", async () => {
    using rig = openRig("s19j-pro");
    rig.plant.addFault({ fault: "sensor-lost", sensor: "board 0 sensor 48" });
    expect(toHex(await talk(rig, PIC, fromHex("55aa063b48000089"), 2))).toBe("3b00");
    expect(toHex(await talk(rig, PIC, fromHex("55aa063c4802008c"), 4))).toBe("073c0000");
  });

  test("switches its board off ten seconds after the last heartbeat, and no other", async () => {
    using rig = openRig("s19j-pro");
    await powerUp(rig);
    expect(poweredChains(rig)).toEqual([true, true, true]);
    for (let second = 0; second < 20; second += 3) {
      await beat(rig, 0);
      await beat(rig, 1);
      await rig.passS(1);
    }
    expect(poweredChains(rig)).toEqual([true, true, false]);
    const from = rig.clock.nowMs();
    await rig.passS(12);
    expect(poweredChains(rig)).toEqual([false, false, false]);
    const [last] = rig.plant.record.entries.filter(({ chain, atMs }) => chain === 1 && atMs > from);
    expect(last).toMatchObject({ what: "power", on: false });
  });

  test("after a reset it is in its bootloader, its board off, until it is told to jump", async () => {
    using rig = openRig("s19j-pro");
    await powerUp(rig);
    await talk(rig, PIC, fromHex("55aa0407000b"), 2);
    expect(poweredChains(rig)[0]).toBe(false);
    expect(toHex(await talk(rig, PIC, fromHex("55aa0417001b"), 5))).toBe("ffffffffff");
    await talk(rig, PIC, fromHex("55aa0406000a"), 2);
    expect(toHex(await talk(rig, PIC, fromHex("55aa0417001b"), 5))).toBe("05178900a5");
  });

  test("a deaf one hears no heartbeat: its board is off within ten seconds", async () => {
    using rig = openRig("s19j-pro");
    await powerUp(rig);
    rig.plant.addFault({ fault: "pic-deaf", chain: 1 });
    for (let second = 0; second < 10; second += 2)
      for (const chain of [0, 1, 2]) await beat(rig, chain);
    await rig.passS(3);
    expect(poweredChains(rig)).toEqual([true, false, true]);
    expect(toHex(await switchPic(rig, 1, true))).toBe("ffff");
  });
});

describe("the watchdog", () => {
  async function running() {
    const rig = openRig("s21-pro");
    await powerUp(rig);
    const watchdog = await rig.plant.machine.openWatchdog("/dev/watchdog", 15);
    await (
      await rig.plant.machine.openPwm({ label: "", chip: "pwmchip0", channel: 0, periodNs: 1 })
    ).setDuty(30);
    return { rig, watchdog };
  }

  test("expires: the control board lets go of all lines, and power is off", async () => {
    const { rig } = await running();
    using _rig = rig;
    await rig.passS(14.9);
    expect(poweredChains(rig)).toEqual([true, true, true]);
    await rig.passS(0.2);
    const state = rig.plant.state();
    expect(poweredChains(rig)).toEqual([false, false, false]);
    expect(state.chains.every(({ isHeldInReset }) => isHeldInReset)).toBe(true);
    expect(state.fans.map(({ dutyPercent }) => dutyPercent)).toEqual([100, 100]);
    const entries = rig.plant.record.entries.filter(({ what }) => what === "watchdog");
    expect(entries.map(({ on }) => on)).toEqual([true, false]);
  });

  test("who had a line open when it expired has none; everybody may open it again", async () => {
    const { rig } = await running();
    using _rig = rig;
    const enable = rig.spec.supply?.enable as never;
    const bus = await rig.plant.machine.openI2c("/dev/i2c-0");
    expect(await failureOf(openLine(rig, enable, true))).toBe("busy");
    await rig.passS(16);
    expect(await failureOf(bus.transfer(0x50, Uint8Array.of(0), 1))).toBe("gone");
    await openLine(rig, enable, true);
    expect(poweredChains(rig)).toEqual([true, true, true]);
  });

  test("is there only where the declaration has it, under its path, for one", async () => {
    const { rig } = await running();
    using _rig = rig;
    const open = (path: string) => failureOf(rig.plant.machine.openWatchdog(path, 15));
    expect(await open("/dev/watchdog")).toBe("busy");
    expect(await open("/dev/watchdog1")).toBe("not-found");
    using other = openRig("s19j-pro");
    expect(await failureOf(other.plant.machine.openWatchdog("/dev/watchdog", 15))).toBe(
      "not-found",
    );
  });
});

test("polarity is the declaration's: who drives a reset without knowing that it is active low releases it", async () => {
  using rig = openRig("s21-pro");
  const reset = rig.spec.chains[0]?.reset;
  if (reset?.via !== "gpio") throw new Error("no line");
  const { label, sysfs = 0 } = reset;
  const held = () => rig.plant.state().chains[0]?.isHeldInReset;
  expect(held()).toBe(true);
  const wrong = await rig.plant.machine.openOutput({ label, sysfs }, true);
  expect(held()).toBe(false);
  await wrong.set(false);
  expect(held()).toBe(true);
});

test("the record has what physically happened, in order, with both clocks", async () => {
  using rig = openRig("s21-pro");
  const heard: WorldEntry[] = [];
  rig.plant.record.onEntry((entry) => heard.push(entry));
  await powerUp(rig);
  for (const chain of rig.chains) chain.wantsToHash = false;
  await rig.passS(1);
  const told = (entry: WorldEntry) => `${entry.what} ${entry.chain} ${entry.on}`;
  const ofChain1 = heard.filter(({ chain }) => chain === 1 || chain === null).map(told);
  expect(ofChain1).toEqual([
    ...["fans null true", "fans null true"],
    ...["power null true", "power 1 true", "reset 1 false", "hashing 1 true", "hashing 1 false"],
  ]);
  expect(rig.plant.record.entries).toEqual(heard);
  for (const { atMs, unixMs } of heard)
    expect(unixMs).toBeGreaterThanOrEqual(1_750_000_000_000 + Math.floor(atMs / 1_000) * 1_000);
});

test("a write to a board's memory is recorded as what it is, and spoils the memory", async () => {
  using rig = openRig("s21-pro");
  const bus = await rig.plant.machine.openI2c("/dev/i2c-0");
  const read = async () => toHex(await settled(rig, bus.transfer(0x51, Uint8Array.of(0), 4)));
  const before = await read();
  expect(before).toMatch(/^0141/);
  expect(rig.plant.record.entries.filter(({ what }) => what === "eeprom-write")).toEqual([]);
  await settled(rig, bus.transfer(0x51, Uint8Array.of(0x01, 0xde, 0xad), 0));
  expect(await read()).toBe(`${before.slice(0, 2)}dead${before.slice(6)}`);
  expect(rig.plant.record.entries.at(-1)).toMatchObject({
    what: "eeprom-write",
    chain: 1,
    detail: "dead to 0x01",
  });
});
