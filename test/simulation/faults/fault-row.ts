/** What a row of the fault matrix is: a fault, how it is done to a machine, and what must come of it on each board. */
import type { MachineSpec } from "../../../boards/machine-spec.ts";
import type { PlantFault } from "../../../simulator/plant/faults.ts";
import type { TripRuleName } from "../../../src/control/trip-rules.ts";
import type { VirtualPlant } from "../../support/virtual-plant.ts";

export const boards = ["s19j-pro", "s21-pro", "bitaxe-gamma"] as const;
export type Board = (typeof boards)[number];

/** What is safe: of each chain that is struck. */
export type Outcome =
  /** All goes on; a chain that is struck goes on with what is left of it. */
  | "nothing"
  /** No power, and held in reset. */
  | "power off"
  /** No power; nobody is left to hold anything in reset. */
  | "power gone"
  /** No chip hashes. */
  | "hashing off"
  /** Lower frequency, no power lost. */
  | "slower"
  /** Held in reset, and brought up anew. */
  | "restart"
  /** It never got any power. */
  | "no power"
  /** It hashes with the chips that are left. */
  | "fewer chips";

/** Rules that a recorded event may name. */
export type Rule =
  | TripRuleName
  | "hot"
  | "silent-chain"
  | "chain-gone"
  | "chips-missing"
  | "hardware-errors"
  | "bring-up-failed"
  | "miner-ended"
  | "guard-died"
  | "shared-supply";

export interface Expected {
  readonly outcome: Outcome;
  /** Struck chains; the others are healthy. */
  readonly chains: "all" | readonly number[];
  /** From when the deadline counts: the fault, a true temperature at its limit, too few fans that truly turn. */
  readonly from?: "fault" | "hot" | "dangerous" | "fans";
  /** The condition comes so soon after the fault at the latest; 0 when absent. */
  readonly conditionWithinS?: number;
  /** Until it is safe; of "nothing": how long it is watched. */
  readonly limitS: number;
  /** One of these is in an event about each struck chain; none: nobody is left to tell, or nothing is to be told. */
  readonly rules: readonly Rule[];
  /** When that is told at the latest, where what is safe comes before anybody knows of it; else `limitS`. */
  readonly toldWithinS?: number;
  /** Where healthy chains cannot be left alone: when they hash again, and why. Absent: they are untouched. */
  readonly others?: { readonly backWithinS: number; readonly why: string };
  /** All chains hash again so soon after the fault has gone. Absent: that is not waited for. */
  readonly againWithinS?: number;
  /** Attempts follow while the fault is there, or there is nothing of it left that could be there. */
  readonly retries?: true;
  /** Of those attempts so many at most get power, in that time; after them an operator has to clear it. */
  readonly latchesAfter?: { readonly powerOns: number; readonly withinS: number };
  /** Fans and temperature come to rest, at the target. */
  readonly settles?: true;
  readonly note?: string;
}

export type Cell = Expected | { readonly na: string };

export interface FaultRow {
  readonly fault: string;
  /** Does it to a running machine, or to one that is not started yet; disposing ends it. */
  readonly inject: (machine: VirtualPlant) => Disposable | undefined;
  readonly isThereFromTheStart?: true;
  /** Nobody starts a dead guard again. */
  readonly guardStaysDead?: true;
  /** It ends by itself, or stays while it is watched. */
  readonly lastsS?: number;
  /** Of the chips; lower where wrong nonces must be told from good ones. */
  readonly scale?: number;
  /** What the fault looks like to the miner of the first chain: any of it must show, or nothing was tested. */
  readonly shows?: readonly Shown[];
  readonly cells: Readonly<Record<Board, Cell>>;
}

/** Counters of a chain's snapshot. */
export type Shown = "duplicate" | "hardwareErrors" | "crcErrors" | "bytesDropped";

/** Faults of the plant, all at once. */
export function plantFaults(of: (spec: MachineSpec) => readonly PlantFault[]): FaultRow["inject"] {
  return ({ plant, spec }) => {
    const faults = of(spec);
    for (const fault of faults) plant.addFault(fault);
    return {
      [Symbol.dispose]() {
        for (const fault of faults) plant.removeFault(fault);
      },
    };
  };
}

export function everywhere(expected: Cell): Readonly<Record<Board, Cell>> {
  return { "s19j-pro": expected, "s21-pro": expected, "bitaxe-gamma": expected };
}

/** Cells of Antminers, and of the Bitaxe. */
export function cells(s19jPro: Cell, s21Pro: Cell, bitaxeGamma: Cell): FaultRow["cells"] {
  return { "s19j-pro": s19jPro, "s21-pro": s21Pro, "bitaxe-gamma": bitaxeGamma };
}

/** The S21 Pro has one switch for all boards: whoever is switched off takes the others along for a while. */
export const SHARED_SUPPLY = {
  backWithinS: 30,
  why: "one switch for all boards: the others start anew",
} as const;

/** One poll and half a second. */
export const ONE_POLL_S: Readonly<Record<Board, number>> = {
  "s19j-pro": 3.5,
  "s21-pro": 1.5,
  "bitaxe-gamma": 1.5,
};
