/**
 * Every number of the plant that nobody has measured for us, in one place. They are chosen so that a machine draws and
 * warms about what its data sheet promises, and so that a controller that is too slow is seen to be; no policy of the
 * firmware may rest on them.
 */
import type { MachineChainSpec } from "../../boards/machine-spec.ts";

/** How a kind of board gets warm; relative to the power that it draws at its declared frequency and voltage. */
export interface HeatTraits {
  /** Board above ambient, settled, with all fans at full speed. */
  readonly boardRiseAtFullFansC: number;
  /** Die above board, settled. */
  readonly dieAheadC: number;
  readonly dieTimeConstantS: number;
  /** Of the board when nothing takes its heat away. */
  readonly riseWithoutCoolingCPerS: number;
  /** Outgoing air above ambient at full fans. */
  readonly outletRiseC: number;
  /** The board's own regulator above the board. */
  readonly regulatorAheadC: number;
  readonly regulatorTimeConstantS: number;
}

/** A board full of chips under heat sinks: some 2.5 kg of aluminium and copper. */
const hashboard: HeatTraits = {
  boardRiseAtFullFansC: 21,
  dieAheadC: 12,
  dieTimeConstantS: 5,
  riseWithoutCoolingCPerS: 0.45,
  outletRiseC: 18,
  regulatorAheadC: 15,
  regulatorTimeConstantS: 10,
};

/** One chip or a few under a heat sink of 50 g. */
const smallBoard: HeatTraits = {
  boardRiseAtFullFansC: 12,
  dieAheadC: 12,
  dieTimeConstantS: 3,
  riseWithoutCoolingCPerS: 0.5,
  outletRiseC: 8,
  regulatorAheadC: 18,
  regulatorTimeConstantS: 5,
};

const SMALL_BOARD_MAX_CHIPS = 8;

export function heatTraitsOf({ chain }: MachineChainSpec): HeatTraits {
  return chain.chipCount <= SMALL_BOARD_MAX_CHIPS ? smallBoard : hashboard;
}

/** At the declared frequency and voltage, without the losses of supplies; from data sheets of machines, rounded. */
const J_PER_TH: Readonly<Record<string, number>> = {
  BM1387: 90,
  BM1397: 40,
  BM1398: 29,
  BM1362: 28,
  BM1366: 20,
  BM1368: 16,
  BM1370: 14,
  BM1372: 12,
  BM1373: 12,
};
const J_PER_TH_OF_OTHERS = 20;

/** What the chips of a board draw for hashing at the declared frequency and voltage, W. */
export function nominalHashingW({ chain }: MachineChainSpec): number {
  const { chip, chipCount, frequencyMHz } = chain;
  const terahashes = (chipCount * chip.smallCores * frequencyMHz) / 1e6;
  return terahashes * (J_PER_TH[chip.name] ?? J_PER_TH_OF_OTHERS);
}

export interface Assumptions {
  readonly ambientC: number;
  /** What chips draw that are powered and do nothing, as a part of `nominalHashingW`. */
  readonly idlePowerShare: number;
  /** Cooling that is left with all fans standing still, as a part of that at full fans. */
  readonly naturalCoolingShare: number;
  /** Cooling goes with this power of the air flow. */
  readonly coolingExponent: number;
  /** Below this part of the least declared voltage chips forget everything. */
  readonly brownOutShare: number;
  /** Two sensors of a board differ by at most this from the board's temperature. */
  readonly sensorSpreadC: number;
  readonly supplyEfficiency: number;
  /** A supply without a declared limit gives this times what the machine needs. */
  readonly supplyReserve: number;
  readonly controlBoardW: number;
  readonly fanMaxRpm: number;
  readonly smallFanMaxRpm: number;
  readonly fanSpinUpS: number;
  /** Below it a fan does not turn. */
  readonly fanStartDutyPercent: number;
  /** Of one fan at full speed. */
  readonly fanMaxW: number;
  readonly smallFanMaxW: number;
  /** Before the reply of a supply can be read; some units need 400 ms [D]. */
  readonly supplyReplyMs: number;
  readonly i2cHz: number;
  /** From a request over USB until the part of it that needs no bus is done. */
  readonly usbLatencyMs: number;
  /** 5 V input of a USB board. */
  readonly usbInputV: number;
  readonly physicsStepMs: number;
}

export const defaultAssumptions: Assumptions = {
  ambientC: 25,
  idlePowerShare: 0.03,
  naturalCoolingShare: 0.06,
  coolingExponent: 0.8,
  brownOutShare: 0.7,
  sensorSpreadC: 1,
  supplyEfficiency: 0.95,
  supplyReserve: 1.35,
  controlBoardW: 10,
  fanMaxRpm: 6_000,
  smallFanMaxRpm: 7_000,
  fanSpinUpS: 1.5,
  fanStartDutyPercent: 5,
  fanMaxW: 25,
  smallFanMaxW: 1.5,
  supplyReplyMs: 350,
  i2cHz: 100_000,
  usbLatencyMs: 1,
  usbInputV: 5.1,
  physicsStepMs: 100,
};
