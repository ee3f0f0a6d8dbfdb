/** A snapshot of the plant as it truly is, which no sensor has to agree with. */
import type { MachineModels } from "./build-machine.ts";

export interface PlantChainState {
  readonly hasPower: boolean;
  readonly voltageV: number;
  readonly isHeldInReset: boolean;
  readonly activeMHz: number;
  readonly powerW: number;
  readonly boardC: number;
  /** Of the hottest chip. */
  readonly dieC: number;
  readonly regulatorC: number;
}

export interface PlantFanState {
  readonly name: string;
  readonly dutyPercent: number;
  readonly rpm: readonly number[];
}

export interface PlantState {
  /** Since the plant was made. */
  readonly atMs: number;
  readonly ambientC: number;
  readonly outletC: number;
  readonly isSupplyOn: boolean;
  readonly isSupplyTripped: boolean;
  readonly isWatchdogRunning: boolean;
  readonly wallW: number;
  readonly chains: readonly PlantChainState[];
  readonly fans: readonly PlantFanState[];
}

export function plantState(models: MachineModels, ambientC: number, atMs: number): PlantState {
  const { boards, fans, supply, watchdog, assumptions } = models;
  const chains = boards.map((board) => ({
    hasPower: board.hasPower,
    voltageV: board.voltageV,
    isHeldInReset: board.isHeldInReset,
    activeMHz: board.chain.activeMHz,
    powerW: board.powerW,
    boardC: board.heat.boardC,
    dieC: board.hottestC,
    regulatorC: board.heat.regulatorC,
  }));
  const chainsW = chains.reduce((total, { powerW }) => total + powerW, 0);
  const fansW = fans
    .flatMap((group) => group.fans)
    .reduce((total, { powerW }) => total + powerW, 0);
  return {
    atMs,
    ambientC,
    outletC: Math.max(ambientC, ...boards.map(({ heat }) => heat.outletC)),
    isSupplyOn: supply.isOn,
    isSupplyTripped: supply.isTripped,
    isWatchdogRunning: watchdog?.isRunning ?? false,
    wallW: supply.wallW(chainsW + fansW + assumptions.controlBoardW),
    chains,
    fans: fans.map(({ name, dutyPercent, fans: each }) => ({
      name,
      dutyPercent,
      rpm: each.map(({ rpm }) => Math.round(rpm)),
    })),
  };
}
