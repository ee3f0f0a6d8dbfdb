/** Faults around the chips: sensors, fans, supplies, buses, air. */
import type { MachineSpec } from "../../../boards/machine-spec.ts";
import {
  ambient,
  boardUnplugged,
  chipHot,
  eepromGarbage,
  fanStalled,
  i2cHung,
  picDeaf,
  psuBrownOut,
  psuOverPower,
  psuSilent,
  psuWrongType,
  sensorAbsurd,
  sensorLost,
  sensorNoisy,
  sensorStuck,
  tachLost,
} from "../../../simulator/plant/faults.ts";
import type { VirtualPlant } from "../../support/virtual-plant.ts";
import {
  cells,
  type Expected,
  everywhere,
  type FaultRow,
  ONE_POLL_S,
  plantFaults,
  SHARED_SUPPLY,
} from "./fault-row.ts";

const first = (spec: MachineSpec) => spec.chains[0]?.sensors[0]?.name ?? "";
const sensorsOfFirst = ({ chains }: MachineSpec) =>
  chains[0]?.sensors.map(({ name }) => name) ?? [];
const firstFan = ({ fans }: MachineSpec) => fans[0]?.name ?? "";

/** The first board loses its power for that reason; the others do not notice, but for a shared supply. */
function boardOff(
  limitS: number | Readonly<Record<keyof typeof ONE_POLL_S, number>>,
  rules: Expected["rules"],
  more: Partial<Expected> = {},
): FaultRow["cells"] {
  const limit = typeof limitS === "number" ? everyBoard(limitS) : limitS;
  const of = (board: keyof typeof ONE_POLL_S, others?: Expected["others"]): Expected => ({
    ...{ outcome: "power off", chains: [0], limitS: limit[board], rules },
    ...(others === undefined ? {} : { others }),
    ...more,
  });
  return cells(of("s19j-pro"), of("s21-pro", SHARED_SUPPLY), of("bitaxe-gamma"));
}

function everyBoard(limitS: number) {
  return { "s19j-pro": limitS, "s21-pro": limitS, "bitaxe-gamma": limitS };
}

const machineOff = (limitS: number, rules: Expected["rules"], more: Partial<Expected> = {}) =>
  ({ outcome: "power off", chains: "all", limitS, rules, ...more }) as const;

const untouched = (limitS: number, note?: string): Expected => ({
  ...{ outcome: "nothing", chains: [], limitS, rules: [] },
  ...(note === undefined ? {} : { note }),
});

/** Stale within 15 s, whatever the poll. */
const STALE_S = 15;
/** Of a second each, after the one in which it begins, and half a second. */
const THREE_POLLS_S = 4.5;
/** From the moment at which it stops, the second over which turns are counted included. */
const FAN_LOST_S = 10;
/** At least 30 s of rest, until it is cool, and bring-up. */
const AFTER_REST_S = 100;

const sensorRows: readonly FaultRow[] = [
  {
    fault: "sensor lost",
    inject: plantFaults((spec) => [sensorLost(first(spec))]),
    cells: {
      ...boardOff(STALE_S, ["sensor-unknown"], { againWithinS: AFTER_REST_S }),
      "bitaxe-gamma": machineOff(ONE_POLL_S["bitaxe-gamma"], ["sensors-lost"], {
        againWithinS: AFTER_REST_S,
        note: "its only sensor",
      }),
    },
  },
  {
    fault: "all sensors of a board lost",
    inject: plantFaults((spec) => sensorsOfFirst(spec).map(sensorLost)),
    cells: boardOff(ONE_POLL_S, ["sensors-lost"], { againWithinS: AFTER_REST_S }),
  },
  {
    fault: "sensor lost for one poll",
    inject: plantFaults((spec) => [sensorLost(first(spec))]),
    lastsS: 0.05,
    cells: everywhere(untouched(20)),
  },
  {
    fault: "sensor stuck",
    inject: plantFaults((spec) => [sensorStuck(first(spec))]),
    cells: everywhere(untouched(30, "a plausible value; what is hot shows in the others")),
  },
  {
    fault: "sensor stuck while it gets dangerous",
    inject: plantFaults((spec) => [sensorStuck(first(spec)), ambient(90)]),
    cells: {
      ...boardOff(ONE_POLL_S, ["dangerous-temperature"]),
      ...cells(
        machineOff(ONE_POLL_S["s19j-pro"], ["dangerous-temperature"], {
          ...{ from: "dangerous", conditionWithinS: 90 },
        }),
        machineOff(ONE_POLL_S["s21-pro"], ["dangerous-temperature"], {
          ...{ from: "dangerous", conditionWithinS: 90 },
        }),
        {
          na: "its only sensor at the chip: one that goes on showing something plausible cannot be told",
        },
      ),
    },
  },
  {
    fault: "sensor noisy, ±2 °C",
    inject: plantFaults((spec) => [sensorNoisy(first(spec), 2)]),
    cells: everywhere(untouched(60)),
  },
  {
    fault: "sensor noisy, ±60 °C",
    inject: plantFaults((spec) => [sensorNoisy(first(spec), 60)]),
    cells: boardOff(STALE_S, ["sensor-unknown", "dangerous-temperature"], {
      retries: true,
      note: "tried again when it makes sense for a while",
    }),
  },
  {
    fault: "sensor absurd, 127 °C",
    inject: plantFaults((spec) => [sensorAbsurd(first(spec), 127)]),
    cells: boardOff(STALE_S, ["sensor-unknown"], { againWithinS: AFTER_REST_S }),
  },
  {
    fault: "sensor says 90 °C",
    inject: plantFaults((spec) => [sensorAbsurd(first(spec), 90)]),
    cells: {
      ...boardOff(STALE_S, ["dangerous-temperature"], {
        note: "believed when a second sample says the same",
      }),
      "s21-pro": machineOff(STALE_S, ["dangerous-temperature", "shared-supply"], {
        againWithinS: AFTER_REST_S,
        note: "one switch for all boards: none has power while one is dangerous",
      }),
    },
  },
];

const fanRows: readonly FaultRow[] = [
  {
    fault: "fan stalled",
    inject: plantFaults((spec) => [fanStalled(firstFan(spec), 0)]),
    cells: everywhere(
      machineOff(FAN_LOST_S, ["fan-lost"], {
        ...{ from: "fans", conditionWithinS: 15, againWithinS: AFTER_REST_S },
      }),
    ),
  },
  {
    fault: "all fans stalled",
    inject: plantFaults((spec) => spec.fans.map(({ name }) => fanStalled(name))),
    cells: everywhere(
      machineOff(FAN_LOST_S, ["fan-lost"], {
        ...{ from: "fans", conditionWithinS: 15, againWithinS: 150 },
      }),
    ),
  },
  {
    fault: "tachometer lost",
    inject: plantFaults((spec) => [tachLost(firstFan(spec), 0)]),
    cells: everywhere(machineOff(FAN_LOST_S, ["fan-lost"], { againWithinS: AFTER_REST_S })),
  },
];

const supplyRows: readonly FaultRow[] = [
  {
    fault: "supply silent",
    inject: plantFaults(() => [psuSilent]),
    cells: cells(
      machineOff(10, ["machine-supply-fault"], { againWithinS: AFTER_REST_S }),
      machineOff(10, ["machine-supply-fault"], { againWithinS: AFTER_REST_S }),
      {
        ...{ outcome: "hashing off", chains: "all", limitS: 5, rules: ["supply-fault"] },
        ...{ againWithinS: AFTER_REST_S, note: "no word reaches its regulator: held in reset" },
      },
    ),
  },
  {
    fault: "supply of the wrong type",
    isThereFromTheStart: true,
    inject: plantFaults(() => [psuWrongType()]),
    cells: everywhere({ outcome: "no power", chains: "all", limitS: 30, rules: ["supply-fault"] }),
  },
  {
    fault: "supply browns out, 3 s",
    inject: plantFaults(() => [psuBrownOut(0.5)]),
    lastsS: 3,
    cells: cells(
      {
        ...{ outcome: "restart", chains: "all", limitS: 30, rules: ["silent-chain"] },
        ...{ againWithinS: 60 },
      },
      {
        ...{ outcome: "restart", chains: "all", limitS: 30, rules: ["silent-chain"] },
        ...{ againWithinS: 60 },
      },
      {
        ...{
          outcome: "restart",
          chains: "all",
          limitS: 30,
          rules: ["supply-fault", "silent-chain"],
        },
        ...{ againWithinS: AFTER_REST_S },
      },
    ),
  },
  {
    fault: "supply gives less than is asked of it",
    inject: plantFaults((spec) => [psuOverPower(spec.chains.length > 1 ? 1_000 : 5)]),
    cells: everywhere({
      ...{ outcome: "hashing off", chains: "all", limitS: 1, toldWithinS: 30, retries: true },
      rules: ["silent-chain", "supply-fault", "machine-supply-fault"],
      note: "it switches itself off; attempts get rarer",
    }),
  },
  {
    fault: "PIC deaf",
    inject: plantFaults((spec) =>
      spec.chains[0]?.supply?.driver.part.startsWith("dsPIC") ? [picDeaf(0)] : [],
    ),
    cells: cells(
      {
        // Held in reset at once; the converter goes when three words to the PIC have had no answer.
        ...{ outcome: "power off", chains: [0], limitS: ONE_POLL_S["s19j-pro"] + 1.5 },
        rules: ["sensors-lost", "supply-fault"],
        others: { backWithinS: 40, why: "the machine's supply is the only switch that is left" },
      },
      { na: "its boards have no microcontroller" },
      { na: "its board has no microcontroller" },
    ),
  },
  {
    fault: "I²C bus of the sensors hangs",
    inject: plantFaults((spec) => {
      const bus = spec.chains[0]?.sensors[0]?.bus;
      const own = bus?.via === "supply" ? spec.chains[0]?.supply?.bus : bus;
      return [i2cHung(own?.via === "i2c" ? own.path : "usb")];
    }),
    cells: cells(
      machineOff(ONE_POLL_S["s19j-pro"], ["sensors-lost", "supply-fault", "machine-supply-fault"], {
        againWithinS: AFTER_REST_S,
      }),
      machineOff(ONE_POLL_S["s21-pro"], ["sensors-lost", "machine-supply-fault"], {
        againWithinS: AFTER_REST_S,
      }),
      {
        ...{ outcome: "hashing off", chains: "all", limitS: ONE_POLL_S["bitaxe-gamma"] },
        ...{ rules: ["sensors-lost"], againWithinS: AFTER_REST_S },
        note: "reset and regulator are behind the same port: only the miner reaches the chip",
      },
    ),
  },
  {
    fault: "I²C bus of the supply hangs",
    inject: plantFaults(({ supply }) => [
      i2cHung(supply?.bus.via === "i2c" ? supply.bus.path : "usb"),
    ]),
    cells: cells(
      machineOff(15, ["machine-supply-fault"], { againWithinS: AFTER_REST_S }),
      { na: "the same bus as its sensors'" },
      { na: "the same bus as its sensor's" },
    ),
  },
  {
    fault: "EEPROM garbage",
    inject: plantFaults((spec) => (spec.chains[0]?.eeprom ? [eepromGarbage(0)] : [])),
    cells: cells(untouched(20), untouched(20), { na: "its board has no memory" }),
  },
  {
    fault: "board unplugged",
    inject: plantFaults(() => [boardUnplugged(0)]),
    cells: cells(
      {
        ...{ outcome: "power off", chains: [0], limitS: ONE_POLL_S["s19j-pro"] },
        rules: ["board-absent", "sensors-lost"],
        others: { backWithinS: 40, why: "a PIC that cannot be told takes the machine's supply" },
      },
      {
        ...{ outcome: "power off", chains: [0], limitS: ONE_POLL_S["s21-pro"] },
        ...{ rules: ["board-absent", "sensors-lost"], others: SHARED_SUPPLY },
      },
      { na: "the board is the machine: its control port goes with it" },
    ),
  },
];

const heatRows: readonly FaultRow[] = [
  {
    fault: "ambient too hot",
    inject: plantFaults(({ chains }) => [ambient(chains.length > 1 ? 46 : 49)]),
    cells: everywhere({
      ...{ outcome: "slower", chains: "all", limitS: 25, rules: ["hot"] },
      ...{ from: "hot", conditionWithinS: 240 },
    }),
  },
  {
    fault: "ambient dangerous",
    inject: plantFaults(() => [ambient(90)]),
    cells: {
      "s19j-pro": dangerous(ONE_POLL_S["s19j-pro"]),
      "s21-pro": dangerous(ONE_POLL_S["s21-pro"]),
      "bitaxe-gamma": dangerous(ONE_POLL_S["bitaxe-gamma"]),
    },
  },
  {
    fault: "chip running hot",
    inject: (machine) => growingHot(machine, HOT_STEP_C),
    cells: cells(
      { na: "no sensor sees a single die: the BM1362 has none that is known" },
      { na: "no sensor sees a single die: the BM1370's own is inert" },
      {
        ...dangerous(ONE_POLL_S["bitaxe-gamma"]),
        ...{ conditionWithinS: 30, retries: true, latchesAfter: { powerOns: 1, withinS: 150 } },
        note: "the second time within 300 s latches",
      },
    ),
  },
  {
    fault: "heat sink comes off",
    inject: (machine) => growingHot(machine, STEEP_STEP_C),
    cells: cells(
      { na: "no sensor sees a single die: the BM1362 has none that is known" },
      { na: "no sensor sees a single die: the BM1370's own is inert" },
      {
        // Nobody believes that it is so hot yet, and three polls without a believed sample are enough.
        ...machineOff(THREE_POLLS_S, ["sensor-unknown", "dangerous-temperature"]),
        retries: true,
      },
    ),
  },
];

/** Dies follow their power in seconds, not at once: a jump would be taken for a broken sensor first. */
const HOT_STEP_C = 3;
/** In a second: more than a sensor's sample is believed to move by. */
const STEEP_STEP_C = 8;
const HOTTEST_C = 45;

function growingHot({ plant, clock }: VirtualPlant, stepC: number): Disposable {
  let fault = chipHot(0, 0, stepC);
  plant.addFault(fault);
  const timer = clock.every(1_000, () => {
    const offsetC = "offsetC" in fault ? fault.offsetC + stepC : 0;
    if (offsetC > HOTTEST_C) return;
    plant.removeFault(fault);
    fault = chipHot(0, 0, offsetC);
    plant.addFault(fault);
  });
  return {
    [Symbol.dispose]() {
      timer[Symbol.dispose]();
      plant.removeFault(fault);
    },
  };
}

function dangerous(limitS: number): Expected {
  return machineOff(limitS, ["dangerous-temperature"], {
    ...{ from: "dangerous", conditionWithinS: 120 },
  });
}

export const rowsAround: readonly FaultRow[] = [
  ...sensorRows,
  ...fanRows,
  ...supplyRows,
  ...heatRows,
];
