/** What kept a machine from hashing. */
import type { Report } from "../../../firmware/cli/report.ts";

/** In words; from the guard's events. */
export function interruptionsOf({ machine }: Report): readonly string[] {
  return (machine?.events ?? [])
    .filter(({ what }) => what === "trip" || what === "chain-restart" || what === "miner-restart")
    .map(({ where, reason }) => `${where}: ${reason}`);
}
