/** A guarded machine as whatever runs a miner sees it: starts, stops, and tells how it goes. */

import { emptyMinerSnapshot } from "../src/telemetry/empty-snapshot.ts";
import type { MachineSnapshot } from "../src/telemetry/machine-snapshot.ts";
import type { MinerSnapshot } from "../src/telemetry/snapshot.ts";
import type { GuardSetup } from "./guard/guard-setup.ts";
import type { Supervisor } from "./supervisor.ts";

export class SupervisedMiner {
  readonly #supervisor: Supervisor;
  readonly #setup: GuardSetup;
  /** With the reason when the guard will not drive the machine at all. */
  readonly hopeless: Promise<string>;

  /** `staysUp`: a page tells the reason, until an operator has mended it. */
  constructor(supervisor: Supervisor, setup: GuardSetup, staysUp: boolean) {
    this.#supervisor = supervisor;
    this.#setup = setup;
    this.hopeless = supervisor.refused.then(({ reason, isTaken }) =>
      staysUp && !isTaken ? new Promise<never>(() => {}) : reason,
    );
  }

  /** Resolves when every chain hashes, or is given up for good. */
  async start(): Promise<void> {
    this.#supervisor.start();
    await new Promise<void>((resolve) => {
      const watching = this.#supervisor.changed.on((machine) => {
        if (!hasSettled(machine)) return;
        watching[Symbol.dispose]();
        resolve();
      });
    });
  }

  stop(): Promise<void> {
    return this.#supervisor.stop();
  }

  snapshot(): MinerSnapshot {
    return this.#supervisor.machine?.miner ?? emptyMinerSnapshot(this.#setup.miner);
  }

  machine(): MachineSnapshot | undefined {
    return this.#supervisor.machine;
  }
}

function hasSettled({ miner, boards, paused }: MachineSnapshot): boolean {
  // Nothing is going to hash before somebody wants it to.
  if (miner !== null && (paused || miner.pools.length === 0)) return true;
  return (
    miner?.chains.every(
      ({ phase, index }) =>
        ["hashing", "idle", "faulted"].includes(phase) ||
        boards[index]?.state === "latched" ||
        boards[index]?.present === false,
    ) === true
  );
}
