/** The recorded machine in states that the recording did not see. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BoardSnapshot, MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import type { ChainSnapshot, MinerSnapshot } from "../../src/telemetry/snapshot.ts";

const NO_RATES = { s5: 0, m1: 0, m5: 0, m15: 0, h24: 0 };

/** From the repository's root: this program is a bundle, which lies elsewhere than its sources. */
export function recordedMachine(): MachineSnapshot {
  const file = join(process.cwd(), "test/vectors/machine-snapshot.json");
  return JSON.parse(readFileSync(file, "utf8")) as MachineSnapshot;
}

/** With a chip sensor on each board, and temperatures that a whole degree tells within a percent. */
export function warmMachine(machine: MachineSnapshot): MachineSnapshot {
  return {
    ...machine,
    boards: machine.boards.map((board, i) => ({
      ...board,
      sensors: [
        ...board.sensors.map((sensor) => ({ ...sensor, temperatureC: 55.2 + i })),
        {
          name: `chip ${i}`,
          place: "chip",
          temperatureC: 71.3 + i,
          reason: null,
          targetC: 80,
          hotC: 90,
          dangerousC: 95,
        },
      ],
    })),
  };
}

/** Boards are off in order, and nothing hashes. */
export function pausedMachine(machine: MachineSnapshot): MachineSnapshot {
  const { miner } = machine;
  return {
    ...machine,
    boards: machine.boards.map((board) => ({ ...board, power: "off", state: "off" })),
    miner:
      miner === null
        ? null
        : {
            ...miner,
            chains: miner.chains.map((chain) => deadChain(chain)),
            total: { ...miner.total, chipsFound: 0, nominalHps: 0, hashrateWindowsHps: NO_RATES },
          },
  };
}

/** Board 1, or the only one, gave up; the last fan stands still; the first pool is gone and the second one has the work. */
export function brokenMachine(machine: MachineSnapshot): MachineSnapshot {
  const dead = Math.min(1, machine.boards.length - 1);
  const { miner, fans } = machine;
  return {
    ...machine,
    fans: {
      ...fans,
      turning: fans.turning - 1,
      groups: fans.groups.map((group, i) =>
        i === fans.groups.length - 1 ? { ...group, rpm: group.rpm.map(() => 0) } : group,
      ),
    },
    boards: machine.boards.map((board) => (board.index === dead ? deadBoard(board) : board)),
    miner: miner === null ? null : brokenMiner(miner, dead),
  };
}

function deadBoard(board: BoardSnapshot): BoardSnapshot {
  return {
    ...board,
    power: "off",
    state: "latched",
    reason: "its sensor does not answer",
    sensors: board.sensors.map((sensor) => ({
      ...sensor,
      temperatureC: null,
      reason: "no answer",
    })),
  };
}

function brokenMiner(miner: MinerSnapshot, dead: number): MinerSnapshot {
  const { chains, total } = miner;
  const lost = chains[dead];
  const [first, second, ...others] = miner.pools;
  if (first === undefined || second === undefined) return miner;
  return {
    ...miner,
    pools: [
      { ...first, state: "down", phase: "connecting", reason: "connection refused", channels: [] },
      { ...second, state: "active", accepted: 5 },
      ...others,
    ],
    chains: chains.map((chain, i) => (i === dead ? deadChain(chain) : chain)),
    total: {
      ...total,
      nominalHps: total.nominalHps - (lost?.nominalHps ?? 0),
      hashrateWindowsHps: {
        ...total.hashrateWindowsHps,
        s5: total.hashrateWindowsHps.s5 - (lost?.hashrateWindowsHps.s5 ?? 0),
      },
    },
  };
}

function deadChain(chain: ChainSnapshot): ChainSnapshot {
  return {
    ...chain,
    phase: "powering",
    chipsFound: 0,
    nominalHps: 0,
    hashrateHps: 0,
    hashrateWindowsHps: NO_RATES,
  };
}

/** One board with one chip, as a Bitaxe has it. */
export function machineOfOneChip(machine: MachineSnapshot): MachineSnapshot {
  const { miner } = machine;
  const [board] = machine.boards;
  const [chain] = miner?.chains ?? [];
  if (miner === null || board === undefined || chain === undefined) return machine;
  const rates = Object.fromEntries(
    Object.entries(chain.hashrateWindowsHps).map(([window, hps]) => [window, hps / 126]),
  ) as unknown as ChainSnapshot["hashrateWindowsHps"];
  const one = {
    ...chain,
    chip: "BM1370",
    chipsExpected: 1,
    chipsFound: 1,
    nominalHps: chain.nominalHps / 126,
    hashrateWindowsHps: rates,
  };
  return {
    ...machine,
    fans: { ...machine.fans, required: 1, turning: 1, groups: machine.fans.groups.slice(0, 1) },
    boards: [board],
    miner: {
      ...miner,
      chains: [one],
      total: {
        ...miner.total,
        chipsFound: 1,
        nominalHps: one.nominalHps,
        hashrateWindowsHps: rates,
      },
    },
  };
}
