import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { OwnedI2cBus } from "../../../drivers/i2c/owned-bus.ts";
import { decodeSlinear11, encodeSlinear11 } from "../../../drivers/power/pmbus.ts";
import {
  tps546Hex,
  tps546HexBoard,
  tps546Settings,
  tps546Single,
  tps546SingleBoard,
  tps546Turbo,
  tps546TurboBoard,
} from "../../../drivers/power/tps546.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { DeviceError } from "../../../src/lib/errors.ts";
import type { BoardSupplyDriver } from "../../../src/ports/peripherals.ts";
import { ScriptedI2c, ScriptedPart } from "../scripted-i2c.ts";
import { babbling, outcomeOf } from "../sensors/support.ts";

const ADDRESS = 0x24;
const boards = [
  { name: "single", driver: tps546Single, board: tps546SingleBoard },
  { name: "Hex", driver: tps546Hex, board: tps546HexBoard },
  { name: "GammaTurbo", driver: tps546Turbo, board: tps546TurboBoard },
];

const lowFirst = (word: number): number[] => [word & 0xff, word >> 8];
const volts = (value: number): number[] => lowFirst(Math.round(value * 512));

let clock: VirtualClock;
let bus: ScriptedI2c;
let part: ScriptedPart;
/** Whether the output follows OPERATION; a part that was reset listens to its pin instead. */
let listens: boolean;

beforeEach(() => {
  clock = new VirtualClock();
  listens = true;
  part = new ScriptedPart({
    1: [0x80],
    32: [0x97],
    121: () => lowFirst(listens && part.get(0x01)[0] === 0 ? 0x0040 : 0),
    136: lowFirst(0xca80),
    139: volts(1.15),
    140: lowFirst(encodeSlinear11(12.5)),
    141: lowFirst(encodeSlinear11(61)),
    173: [6, 0x54, 0x49, 0x54, 0x6d, 0x24, 0x41],
  });
  bus = new ScriptedI2c().with(ADDRESS, part);
});

const open = (driver: BoardSupplyDriver = tps546Single) => driver.open(bus, ADDRESS, clock);

/** Sleeps within a conversation pass. */
async function settle<T>(promise: Promise<T>): Promise<T> {
  const outcome = promise.then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error;
    },
  );
  await clock.advance(1_000);
  return (await outcome)();
}

async function prepared(driver: BoardSupplyDriver = tps546Single) {
  const supply = open(driver);
  await settle(supply.prepare());
  part.writes.length = 0;
  bus.turns.length = 0;
  return supply;
}

describe("prepare", () => {
  test("switches off before anything else, and is one turn", async () => {
    const supply = open();
    expect(bus.turns).toEqual([]);
    await settle(supply.prepare());
    expect(bus.turns).toEqual(["routine"]);
    expect(part.writes[0]).toBe("0100");
    expect(part.get(0x01)).toEqual([0x00]);
  });

  test("tells a single-chip board all of the reference's settings, in its order", async () => {
    await settle(open().prepare());
    expect(part.writes).toEqual([
      ...["0100", "021f", "021b", "ec0000", "e410", "0400", "338a02"],
      ...[`35${hexOf(4.8)}`, `36${hexOf(4.5)}`, `55${hexOf(6.5)}`, "56b7", `29${hexOf(0.25)}`],
      ...["216602", "240004", "2b0002", "408002", "425202"],
      ...["253302", "26cd01", "43cd01", "448001"],
      ...["4a1900", "461e00", "47c0", "516900", "4f9100", "50ff", "610300", "eeffff", "03"],
    ]);
  });

  test("a Hex has its own voltages, and no input limit that its 12 V would trip", async () => {
    await settle(open(tps546Hex).prepare());
    expect(part.writes).toEqual(
      expect.arrayContaining([`35${hexOf(11.5)}`, "360b00", `29${hexOf(0.125)}`, "213307"]),
    );
    expect(part.writes).toEqual(expect.arrayContaining(["240009", "2b0005"]));
    expect(part.writes.filter((write) => write.startsWith("55"))).toEqual([]);
  });

  test("a GammaTurbo is a stack of two with its compensation", async () => {
    await settle(open(tps546Turbo).prepare());
    expect(part.writes).toEqual(
      expect.arrayContaining(["ec0100", "e4d0", "04ff", "b1051234422104", "4a3200", "463700"]),
    );
    expect(part.writes.filter((write) => write.startsWith("55"))).toEqual([]);
  });

  test.each(boards)("$name: what it would give unasked lies within its limits", ({ board }) => {
    expect(board.voutCommandV).toBeGreaterThanOrEqual(board.voutMinV);
    expect(board.voutCommandV).toBeLessThanOrEqual(board.voutMaxV);
    expect(board.vinOffV).toBeLessThan(board.vinOnV);
    expect(board.ioutOcWarnA).toBeLessThan(board.ioutOcFaultA);
  });

  test.each(boards)("$name: every SLINEAR11 setting is written within 0.1 %", ({ board }) => {
    for (const [{ format }, value] of tps546Settings(board))
      if (format === "slinear11")
        expect(decodeSlinear11(encodeSlinear11(value as number))).toBeCloseTo(value as number, 2);
  });

  test("the part's other id is known too", async () => {
    part.set(0xad, 6, 0x54, 0x49, 0x54, 0x6d, 0x24, 0x62);
    await settle(open().prepare());
  });

  test.each([
    ["another part", [6, 0x54, 0x49, 0x54, 0x6b, 0x24, 0x41]],
    ["another length", [5, 0x54, 0x49, 0x54, 0x6d, 0x24, 0x41]],
    ["an empty bus", []],
  ])("%s gets not one write", async (_, id) => {
    part.set(0xad, ...id);
    await expect(settle(open().prepare())).rejects.toMatchObject({
      device: "TPS546@0x24",
      operation: "prepare",
      code: "wrong-id",
    });
    expect(part.writes).toEqual([]);
  });

  test("voltages in another format are refused, with the output off", async () => {
    part.set(0x20, 0x40);
    await expect(settle(open().prepare())).rejects.toMatchObject({ code: "refused" });
    expect(part.writes).toEqual(["0100"]);
  });

  test("an output that stays on is told", async () => {
    listens = false;
    await expect(settle(open().prepare())).rejects.toMatchObject({ code: "refused" });
  });
});

describe("turning on", () => {
  test("the voltage first, then the output, in one turn", async () => {
    const supply = await prepared();
    await supply.turnOn(1.15);
    expect(part.writes).toEqual(["214d02", "0180"]);
    expect(bus.turns).toEqual(["routine"]);
  });

  test("a Hex gives three core voltages", async () => {
    const supply = await prepared(tps546Hex);
    await supply.turnOn(3.6);
    expect(part.writes).toEqual(["213307", "0180"]);
  });

  test.each(boards)("$name: outside its table nothing is even said", async ({ driver, board }) => {
    const supply = await prepared(driver);
    const { voutMinV, voutMaxV } = board;
    for (const voltageV of [voutMinV - 0.001, voutMaxV + 0.001, 0, -1, Number.NaN, 1_150])
      await expect(supply.turnOn(voltageV)).rejects.toThrow(RangeError);
    expect(bus.turns).toEqual([]);
    await supply.turnOn(voutMinV);
    await supply.turnOn(voutMaxV);
  });

  test("a voltage that does not stick leaves the output off", async () => {
    const supply = await prepared();
    part.readOnly.add(0x21);
    await expect(supply.turnOn(1.15)).rejects.toMatchObject({ code: "refused" });
    expect(part.get(0x01)).toEqual([0x00]);
  });

  test("an output that does not go on is told", async () => {
    const supply = await prepared();
    part.readOnly.add(0x01);
    await expect(supply.turnOn(1.15)).rejects.toMatchObject({
      operation: "turn on",
      code: "refused",
    });
  });

  test("a part that has lost its settings is not switched on", async () => {
    const supply = await prepared();
    part.set(0x24, ...volts(1.5));
    await expect(supply.turnOn(1.15)).rejects.toMatchObject({ code: "refused" });
    expect(part.writes).toEqual([]);
  });

  test("what is set is within a millivolt of what was asked for, at any voltage", async () => {
    const supply = await prepared();
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 1, max: 2, noNaN: true }), async (voltageV) => {
        await supply.turnOn(voltageV);
        const [low = 0, high = 0] = part.get(0x21);
        expect(Math.abs(((high << 8) | low) / 512 - voltageV)).toBeLessThan(0.001);
      }),
    );
  });
});

describe("turning off", () => {
  test("is one write, urgent when told so", async () => {
    const supply = await prepared();
    await supply.turnOn(1.15);
    part.writes.length = 0;
    await supply.turnOff("urgent");
    await supply.turnOff("routine");
    expect(part.writes).toEqual(["0100", "0100"]);
    expect(bus.turns).toEqual(["routine", "urgent", "routine"]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("works on a part that was never prepared", async () => {
    await settle(open().turnOff("urgent"));
    expect(part.get(0x01)).toEqual([0x00]);
  });

  test("an output that takes a moment to fall gets it", async () => {
    const supply = await prepared();
    await supply.turnOn(1.15);
    listens = false;
    clock.after(3, () => {
      listens = true;
    });
    await settle(supply.turnOff("urgent"));
  });

  test.each([
    ["that stays on", () => (listens = false)],
    ["that does not take the command", () => part.readOnly.add(0x01)],
  ])("an output %s is told", async (_, breakIt) => {
    const supply = await prepared();
    await supply.turnOn(1.15);
    breakIt();
    await expect(settle(supply.turnOff("urgent"))).rejects.toMatchObject({
      operation: "turn off",
      code: "refused",
    });
  });
});

describe("on a bus with one owner", () => {
  test("switching off goes before readings that wait, and nothing interleaves", async () => {
    const seen: string[] = [];
    const owned = new OwnedI2cBus(
      {
        path: "/dev/i2c-test",
        transfer: async (_address, write, readLength) => {
          seen.push(toHex(write));
          await clock.sleep(1);
          return part.transfer(write, readLength);
        },
        [Symbol.asyncDispose]: async () => {},
      },
      clock,
    );
    const supply = tps546Single.open(owned, ADDRESS, clock);
    const all = [supply.read(), supply.read(), supply.turnOff("urgent"), supply.read()];
    await settle(Promise.all(all));
    const reading = ["20", "01", "79", "88", "8b", "8c", "8d"];
    expect(seen).toEqual([...reading, "0100", "01", "79", ...reading, ...reading]);
  });
});

describe("readings", () => {
  test("come in one turn, power calculated", async () => {
    const supply = await prepared();
    await supply.turnOn(1.15);
    const { outputV, powerW, ...others } = await supply.read();
    expect(others).toEqual({ inputV: 5, currentA: 12.5, temperatureC: 61, faults: [] });
    expect(outputV).toBeCloseTo(1.15, 2);
    expect(powerW).toBeCloseTo(14.38, 1);
    expect(bus.turns).toEqual(["routine", "routine"]);
  });

  test("an output that is off because it was told so is no fault", async () => {
    const supply = await prepared();
    expect((await supply.read()).faults).toEqual([]);
  });

  test.each([
    [0x0040, ["OFF"]],
    [0x0020, ["VOUT_OV"]],
    [0x0010, ["IOUT_OC"]],
    [0x0008, ["VIN_UV"]],
    [0x0004, ["TEMPERATURE"]],
    [0x0050, ["OFF", "IOUT_OC"]],
    [0xf883, []],
  ])("status %i while on is %j", async (status, faults) => {
    const supply = await prepared();
    await supply.turnOn(1.15);
    part.set(0x79, ...lowFirst(status));
    expect((await supply.read()).faults).toEqual(faults);
  });
});

describe("whatever answers", () => {
  test("readings are finite numbers or a DeviceError, and nothing resolves as off that is not", async () => {
    await fc.assert(
      fc.asyncProperty(babbling, async (babbler) => {
        const supply = tps546Single.open(new ScriptedI2c().with(ADDRESS, babbler), ADDRESS, clock);
        const readings = await outcomeOf(supply.read());
        if (!(readings instanceof DeviceError)) {
          const { inputV, outputV, currentA, powerW, temperatureC } = readings as Awaited<
            ReturnType<typeof supply.read>
          >;
          for (const value of [inputV, outputV, currentA, powerW, temperatureC])
            expect(Number.isFinite(value)).toBe(true);
        }
        const failure = await outcomeOf(settle(supply.turnOn(1.2)));
        expect(failure).toBeInstanceOf(DeviceError);
      }),
    );
  });

  test("nobody there is a nack", async () => {
    bus.parts.clear();
    const supply = open();
    for (const act of [
      supply.prepare(),
      supply.turnOn(1.2),
      supply.turnOff("urgent"),
      supply.read(),
    ])
      await expect(act).rejects.toMatchObject({ device: "TPS546@0x24", code: "nack" });
  });
});

function hexOf(value: number): string {
  return lowFirst(encodeSlinear11(value))
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
