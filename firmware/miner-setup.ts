/** What a miner process needs to be told. Data only: it crosses from one process into another. */
import type { ChainSpec } from "../boards/chain-spec.ts";
import type { PoolGroupOptions } from "../src/hashing/pool-options.ts";
import type { LogLevel } from "./log.ts";

export interface ChainSetup {
  readonly uart: string;
  readonly spec: ChainSpec;
  readonly acceptFewerChips: boolean;
}

/** Who a process runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface MinerSetup {
  readonly pools: readonly PoolGroupOptions[];
  readonly chains: readonly ChainSetup[];
  /** Where counts and the last known time are kept. */
  readonly stateDir: string;
  readonly simulated: boolean;
  /** 1 on real hardware; a power of two in a simulation. */
  readonly scale: number;
  readonly logLevel: LogLevel;
  /** Chips that the evidence is too thin for run only with this. */
  readonly allowExperimental: boolean;
  /** Whom the guard, when it is root, starts the miner as; absent: as itself. What it keeps is then in a folder of its own. */
  readonly runAs?: Account;
}
