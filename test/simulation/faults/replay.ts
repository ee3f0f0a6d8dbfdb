/** What the plant's record and its samples say, without a judgement. */
import type { MachineSpec } from "../../../boards/machine-spec.ts";
import type { PlantChainState, PlantState } from "../../../simulator/plant/plant-state.ts";
import type { SensorPlace } from "../../../src/control/limits.ts";
import type { Expected } from "./fault-row.ts";
import type { Watched } from "./run-cell.ts";

/** Conversions of sensors round. */
const ROUNDING_C = 0.1;

/** What is switched, as the record has it, entry by entry. */
export interface Switches {
  hasPower: boolean;
  isHeld: boolean;
  isHashing: boolean;
}

/** Plays the record from the fault on; `look` is called after each moment in which something was switched. */
export function replay(
  { machine, before, faultAtMs }: Watched,
  look: (switches: readonly Switches[], atMs: number) => boolean,
): void {
  const switches = before.chains.map((chain) => ({
    hasPower: chain.hasPower,
    isHeld: chain.isHeldInReset,
    isHashing: chain.activeMHz > 0,
  }));
  const later = machine.plant.record.entries.filter(({ atMs }) => atMs >= faultAtMs);
  if (look(switches, faultAtMs)) return;
  for (const [i, { what, chain, on, atMs }] of later.entries()) {
    const own = chain === null ? undefined : switches[chain];
    if (own !== undefined && what === "power") own.hasPower = on;
    if (own !== undefined && what === "reset") own.isHeld = on;
    if (own !== undefined && what === "hashing") own.isHashing = on;
    if (later[i + 1]?.atMs !== atMs && look(switches, atMs)) return;
  }
}

export function struckChains(spec: MachineSpec, { chains }: Expected): readonly number[] {
  return chains === "all" ? spec.chains.map((_, index) => index) : chains;
}

/** One step of one chip does not count. */
export function isSlower(
  before: PlantState,
  now: PlantState["chains"],
  struck: readonly number[],
): boolean {
  return struck.every(
    (index) => (now[index]?.activeMHz ?? 0) <= 0.99 * (before.chains[index]?.activeMHz ?? 0),
  );
}

/** A true temperature at a place that has limits, on a board that has sensors there. */
export function isAtLimit(
  { limits }: MachineSpec,
  chain: PlantChainState,
  limit: "hotC" | "dangerousC",
): boolean {
  const trueC: Readonly<Record<SensorPlace, number>> = {
    board: chain.boardC,
    chip: chain.dieC,
    regulator: chain.regulatorC,
    air: Number.NEGATIVE_INFINITY,
  };
  return (["board", "chip", "regulator"] as const).some((place) => {
    // The chips of a hashboard whose own sensor is inert have no limit that anybody could keep.
    const own = limits[place];
    return own !== undefined && trueC[place] >= own[limit] + ROUNDING_C;
  });
}
