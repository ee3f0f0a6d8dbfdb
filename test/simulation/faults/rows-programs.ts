/** Faults of the programs and of what they live on: the miner, the guard, the disk, the clock, the pool. */
import { ofProcess, type ProcessFaultName, sensorLost } from "../../../simulator/plant/faults.ts";
import type { VirtualPlant } from "../../support/virtual-plant.ts";
import { cells, type Expected, everywhere, type FaultRow, plantFaults } from "./fault-row.ts";

const process = (what: ProcessFaultName, seconds?: number) =>
  plantFaults(() => [ofProcess(what, seconds)]);

const untouched = (limitS: number, note?: string): Expected => ({
  ...{ outcome: "nothing", chains: [], limitS, rules: [] },
  ...(note === undefined ? {} : { note }),
});

/** A pause of 1 to 60 s before the miner is started again, and bring-up. */
const minerGone = (rules: Expected["rules"]): Expected => ({
  ...{ outcome: "power off", chains: "all", limitS: 2, rules },
  ...{ againWithinS: 60, retries: true },
});

const DAY_S = 86_400;

export const rowsPrograms: readonly FaultRow[] = [
  {
    fault: "none",
    inject: () => undefined,
    cells: everywhere({ ...untouched(600), settles: true }),
  },
  {
    fault: "miner blocked",
    inject: process("miner-blocked", 60),
    cells: everywhere(minerGone(["miner-silent"])),
  },
  {
    fault: "miner stopped",
    inject: process("miner-stopped"),
    cells: everywhere(minerGone(["miner-silent"])),
  },
  {
    fault: "miner stopped for a second",
    inject: process("miner-stopped", 1),
    cells: everywhere(untouched(15)),
  },
  {
    fault: "miner killed",
    inject: process("miner-killed"),
    cells: everywhere(minerGone(["miner-ended"])),
  },
  {
    fault: "guard and miner frozen for 4 s",
    inject: freezeBoth(4),
    cells: everywhere(untouched(30)),
  },
  {
    fault: "guard killed",
    inject: process("guard-killed"),
    cells: everywhere({
      ...{ outcome: "power off", chains: "all", limitS: 2, rules: ["guard-died"] },
      ...{ againWithinS: 60, retries: true, note: "started again, its first act" },
    }),
  },
  {
    fault: "guard killed for good",
    guardStaysDead: true,
    inject: process("guard-killed"),
    cells: cells(
      { outcome: "power gone", chains: "all", limitS: 10, rules: [], note: "its PIC's heartbeat" },
      { outcome: "power gone", chains: "all", limitS: 15, rules: [], note: "watchdog" },
      {
        ...{ outcome: "hashing off", chains: "all", limitS: 1, rules: [] },
        note: "by the miner; guard death is blind: its power stays",
      },
    ),
  },
  {
    fault: "guard and miner killed for good",
    guardStaysDead: true,
    inject: (machine) => {
      machine.killMiner();
      machine.killGuard();
      return undefined;
    },
    cells: cells(
      { outcome: "power gone", chains: "all", limitS: 10, rules: [], note: "its PIC's heartbeat" },
      { outcome: "power gone", chains: "all", limitS: 15, rules: [], note: "watchdog" },
      { na: "guard death is blind: nothing switches it off" },
    ),
  },
  {
    fault: "guard and miner killed",
    inject: (machine) => {
      machine.killMiner();
      machine.killGuard();
      return undefined;
    },
    cells: everywhere({
      ...{ outcome: "power off", chains: "all", limitS: 2, rules: ["guard-died"] },
      ...{ againWithinS: 60, retries: true, note: "started again, its first act" },
    }),
  },
  {
    fault: "disk full",
    inject: process("disk-full"),
    cells: everywhere(untouched(15)),
  },
  {
    fault: "disk full, then the miner is killed",
    inject: plantFaults(() => [ofProcess("disk-full"), ofProcess("miner-killed")]),
    cells: everywhere(minerGone(["miner-ended"])),
  },
  {
    fault: "clock a day ahead",
    inject: process("clock-stepped", DAY_S),
    cells: everywhere(untouched(30)),
  },
  {
    fault: "clock a day behind",
    inject: process("clock-stepped", -DAY_S),
    cells: everywhere(untouched(30)),
  },
  {
    fault: "clock a day behind, then a sensor is lost",
    inject: plantFaults((spec) => [
      ofProcess("clock-stepped", -DAY_S),
      ...(spec.chains[0]?.sensors.map(({ name }) => sensorLost(name)) ?? []),
    ]),
    cells: cells(
      { outcome: "power off", chains: [0], limitS: 3.5, rules: ["sensors-lost"] },
      {
        ...{ outcome: "power off", chains: [0], limitS: 1.5, rules: ["sensors-lost"] },
        others: { backWithinS: 30, why: "one switch for all boards" },
      },
      { outcome: "power off", chains: [0], limitS: 1.5, rules: ["sensors-lost"] },
    ),
  },
  {
    fault: "pool gone, 20 s",
    lastsS: 20,
    inject: (machine) => {
      machine.hasPool = false;
      return {
        [Symbol.dispose]() {
          machine.hasPool = true;
        },
      };
    },
    cells: everywhere({
      ...{ outcome: "hashing off", chains: "all", limitS: 2, rules: [] },
      ...{ againWithinS: 60, note: "the chips are told to stop; power stays" },
    }),
  },
];

function freezeBoth(seconds: number): FaultRow["inject"] {
  return ({ guard, miner, clock }: VirtualPlant) => {
    const both = [guard?.process, miner?.process];
    for (const each of both) each?.freeze();
    clock.after(seconds * 1_000, () => {
      for (const each of both) each?.thaw();
    });
    return undefined;
  };
}
