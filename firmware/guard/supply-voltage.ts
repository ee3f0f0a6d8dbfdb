/**
 * What the machine's supply is set to: the voltage for enumeration while any powered board is still on its way up, the
 * working voltage once all of them hash at their clock. Up at once, down only then.
 */
import type { ChainReport } from "../../src/control/guard-link.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { BoardHardware } from "./board-hardware.ts";
import type { MachineSupply } from "./machine-supply.ts";

export interface SupplyVoltages {
  readonly startV: number;
  readonly workingV: number;
}

export function wantedSupplyV(
  boards: readonly Pick<BoardHardware, "index" | "state">[],
  reports: readonly ChainReport[],
  { startV, workingV }: SupplyVoltages,
): number {
  const isOnItsWay = boards.some(
    ({ index, state }) =>
      state === "turning-on" || (state === "on" && reports[index]?.phase !== "hashing"),
  );
  return isOnItsWay ? startV : workingV;
}

/** Sets it when it has changed; what fails is tried again with the next call. */
export function followVoltage(
  supply: MachineSupply,
  wantedV: number,
  log: Logger,
): Promise<void> | undefined {
  if (!supply.isReady || supply.targetV === wantedV) return undefined;
  return supply.setVoltage(wantedV).then(
    () => log.info({ supplyV: wantedV }, "supply voltage set"),
    (error: unknown) => log.warn({ supplyV: wantedV, err: error }, "supply voltage not set"),
  );
}
