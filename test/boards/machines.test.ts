import { describe, expect, test } from "vitest";
import { s21Chain } from "../../boards/chains.ts";
import type { LineRef, MachineSpec, Source } from "../../boards/machine-spec.ts";
import { machineById, machines, refusedMachines } from "../../boards/machines.ts";
import { virtualMachine } from "../../boards/virtual.ts";
import { baudOf, baudOfMiscControl } from "../../drivers/bm13xx/baud.ts";
import { planOf } from "../../drivers/bm13xx/chain-options.ts";
import { apw12 } from "../../drivers/power/apw12.ts";
import type { LineSpec } from "../../src/ports/lines.ts";

const each = test.each(machines.map((spec) => [spec.id, spec] as const));

describe("every declared machine", () => {
  test("has a name of its own, under which it is found", () => {
    const ids = [...machines, ...refusedMachines].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const spec of machines) expect(machineById(spec.id)).toBe(spec);
    expect(machineById("s9")).toBeUndefined();
  });

  each("%s uses no line twice", (_, spec) => {
    const names = linesOf(spec).map(placeOf);
    expect(names).toEqual([...new Set(names)]);
    const labels = linesOf(spec).map(({ label }) => label);
    expect(labels).toEqual([...new Set(labels)]);
  });

  each("%s has uarts of its own and one for each chain", (_, { chains }) => {
    const uarts = chains.map(({ uart }) => uart);
    expect(uarts).toEqual([...new Set(uarts)]);
  });

  each("%s can be brought up as its layout says", (_, { chains }) => {
    for (const { chain } of chains) {
      expect(chain.chipCount * chain.addressInterval).toBeLessThanOrEqual(256);
      expect(planOf(chain).frequencyMHz).toBeCloseTo(chain.frequencyMHz, 0);
      if (chain.chipsPerDomain !== undefined)
        expect(chain.chipCount % chain.chipsPerDomain).toBe(0);
    }
  });

  each("%s has a host rate within 5 %% of the chips'", (_, { chains }) => {
    for (const { chain } of chains) {
      const { register, hostBaud } = planOf(chain).fastBaud;
      const rateOf = chain.chip.baudRegister === 0x18 ? baudOfMiscControl : baudOf;
      expect(Math.abs(hostBaud / rateOf(register) - 1)).toBeLessThanOrEqual(0.05);
    }
  });

  each("%s has limits in order, under the ceilings of their evidence", (_, { limits }) => {
    const ceilingsC = { board: 75, chip: 75, regulator: 105, air: 75 } as const;
    for (const place of ["board", "chip", "regulator", "air"] as const) {
      const limit = limits[place];
      if (limit === undefined) continue;
      const { targetC, hotC, dangerousC, ceilingC } = limit;
      expect([targetC, hotC, dangerousC]).toEqual(
        [...new Set([targetC, hotC, dangerousC])].sort((a, b) => a - b),
      );
      expect(dangerousC).toBeLessThanOrEqual(ceilingC);
      expect(ceilingC).toBeLessThanOrEqual(ceilingsC[place]);
    }
  });

  each("%s has on each board a sensor that can trip", (_, { chains, limits }) => {
    const names = chains.flatMap(({ sensors }) => sensors.map(({ name }) => name));
    expect(names).toEqual([...new Set(names)]);
    for (const { sensors } of chains)
      expect(sensors.some(({ place }) => limits[place] !== undefined)).toBe(true);
  });

  each("%s has parts at 7-bit addresses, none of them among the memories", (_, spec) => {
    const parts = partsOf(spec);
    for (const { address } of parts) {
      expect(address).toBeGreaterThanOrEqual(0x08);
      expect(address).toBeLessThanOrEqual(0x77);
      expect(address >= 0x50 && address <= 0x57).toBe(false);
    }
    for (const { eeprom } of spec.chains)
      if (eeprom !== undefined) {
        expect(eeprom.address).toBeGreaterThanOrEqual(0x50);
        expect(eeprom.address).toBeLessThanOrEqual(0x57);
      }
    const places = parts.map(({ where, address, part }) => `${where} ${address} ${part}`);
    expect(places).toEqual([...new Set(places)]);
  });

  each(
    "%s requires no more fans than it can count, and none only where there are none",
    (_, spec) => {
      const counted = spec.fans.reduce(
        (sum, fan) => sum + (fan.via === "pwm" ? fan.tachometers.length : fan.driver.fans),
        0,
      );
      expect(spec.fansRequired).toBeLessThanOrEqual(counted);
      expect(spec.fansRequired > 0).toBe(spec.fans.length > 0);
    },
  );

  each("%s has a backstop that its parts can keep", (_, { backstop, chains, supply }) => {
    switch (backstop.by) {
      case "supply":
        for (const chain of chains) expect(chain.supply?.driver.beatWithinS).toBe(backstop.withinS);
        return;
      case "watchdog":
        expect(backstop.withinS).toBeLessThanOrEqual(15);
        expect(supply !== undefined || chains.every(({ enable }) => enable !== undefined)).toBe(
          true,
        );
        return;
      case "nothing":
        expect(backstop.why).not.toBe("");
        return;
      default:
        backstop satisfies never;
    }
  });

  each("%s can switch each board off, by a line or through its supply", (_, { chains, supply }) => {
    for (const chain of chains) expect(chain.supply ?? chain.enable ?? supply).toBeDefined();
  });

  each(
    "%s feeds all chains alike, with what supplies of its kind give",
    (_, { chains, supply }) => {
      for (const { voltage } of chains) {
        expect(voltage).toEqual(chains[0]?.voltage);
        const { startV, workingV, offered } = voltage;
        for (const volts of [startV, workingV]) {
          expect(volts).toBeGreaterThanOrEqual(offered?.minV ?? 0);
          expect(volts).toBeLessThanOrEqual(offered?.maxV ?? Number.POSITIVE_INFINITY);
          if (supply?.driver !== apw12) continue;
          // The clamp of most types of the APW12.
          expect(volts).toBeGreaterThanOrEqual(12);
          expect(volts).toBeLessThanOrEqual(15);
        }
      }
    },
  );

  each("%s reads sensors through a supply only where that passes them on", (_, { chains }) => {
    for (const { sensors, supply } of chains)
      if (sensors.some(({ bus }) => bus.via === "supply"))
        expect(supply?.driver.passThrough).toBeDefined();
  });

  each("%s says what each number rests on", (_, spec) => {
    expect(spec.evidence).not.toBe("");
    for (const { source } of sourcesOf(spec)) expect(source).not.toBe("");
    for (const limit of Object.values(spec.limits)) expect(limit.source).not.toBe("");
  });

  each("%s is polled often enough for a stale sensor to show within 15 s", (_, { pollMs }) => {
    expect(3 * pollMs).toBeLessThanOrEqual(15_000);
  });
});

test("through its dsPICs an S19j Pro is read and kept alive with a quarter of the bus to spare", () => {
  const { chains, pollMs } = machineById("s19j-pro") as MachineSpec;
  const sensors = chains.reduce((sum, chain) => sum + chain.sensors.length, 0);
  // Reference 4.2: 46 ms for what is passed on, 300 ms for a command; some 24 and 15 bytes of about 0.3 ms.
  const readMs = sensors * (2 * 46 + 24 * 0.3);
  const beatMs = chains.length * (300 + 15 * 0.3);
  expect(readMs + beatMs).toBeLessThan(0.75 * pollMs);
});

test("only Bitaxe boards with a regulator that is known have a voltage that is", () => {
  const known = machines.filter(({ chains }) =>
    chains.every(({ voltage }) => voltage.evidence === "driver" || voltage.evidence === "captured"),
  );
  expect(known.map(({ id }) => id)).toEqual(["bitaxe-ultra", "bitaxe-supra", "bitaxe-gamma"]);
});

test("an AM335x and a Raspberry Pi run their chains at 3.0 Mbaud", () => {
  for (const id of ["s19j-pro-bb", "pi-uart"])
    expect(machineById(id)?.chains[0]?.chain.fastBaud?.hostBaud).toBe(3_000_000);
});

describe("a virtual machine", () => {
  test("has as many chains as told, each with its own line and sensor", () => {
    const spec = virtualMachine(s21Chain, 16);
    expect(spec.id).toBe("virtual-bm1368");
    expect(spec.chains.map(({ chain }) => chain)).toEqual(Array(16).fill(s21Chain));
    const lines = linesOf(spec).map(placeOf);
    expect(lines).toEqual([...new Set(lines)]);
    const sensors = partsOf(spec).map(({ where, address }) => `${where} ${address}`);
    expect(sensors).toEqual([...new Set(sensors)]);
  });

  test.each([0, 17, Number.NaN])("of %d chains does not exist", (chains) => {
    expect(() => virtualMachine(s21Chain, chains)).toThrow(RangeError);
  });
});

type AnyLine = LineRef | (LineSpec & { readonly via?: undefined });

function linesOf(spec: MachineSpec): readonly AnyLine[] {
  const { controlBoard, chains, fans, supply } = spec;
  return [
    ...controlBoard.leds,
    ...controlBoard.buttons,
    ...(supply === undefined ? [] : [supply.enable]),
    ...chains.flatMap(({ reset, enable, plugDetect }) =>
      [reset, enable, plugDetect].filter((line) => line !== undefined),
    ),
    ...fans.flatMap((fan) => (fan.via === "pwm" ? fan.tachometers : [])),
  ];
}

function placeOf(line: AnyLine): string {
  if (line.via === "usb") return `usb ${line.pin}`;
  return line.chip === undefined ? `sysfs ${line.sysfs}` : `${line.chip} ${line.offset}`;
}

interface Part {
  readonly where: string;
  readonly address: number;
  readonly part: string;
}

function partsOf({ chains, fans, supply }: MachineSpec): readonly Part[] {
  const parts: Part[] = [];
  const add = (bus: { via: string; path?: string }, address: number, part: string, chain = "") =>
    parts.push({ where: `${bus.path ?? bus.via}${chain}`, address, part });
  if (supply !== undefined) add(supply.bus, supply.address, "supply");
  for (const fan of fans) if (fan.via === "controller") add(fan.bus, fan.address, "fan");
  for (const [index, chain] of chains.entries()) {
    if (chain.supply !== undefined) add(chain.supply.bus, chain.supply.address, "supply");
    for (const { bus, address, driver } of chain.sensors)
      add(bus, address, driver.part, bus.via === "supply" ? ` ${index}` : "");
  }
  return parts;
}

function sourcesOf({ controlBoard, chains, fans, supply }: MachineSpec): readonly Source[] {
  return [
    controlBoard,
    ...fans,
    ...(supply === undefined ? [] : [supply]),
    ...chains.flatMap((chain) => [
      chain.voltage,
      ...chain.sensors,
      ...(chain.supply === undefined ? [] : [chain.supply]),
    ]),
  ];
}
