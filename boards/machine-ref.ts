/** A machine by name, or a virtual one by its numbers: what one process tells another. */
import { chipsByName } from "../drivers/bm13xx/chips.ts";
import { chainOf } from "./known-boards.ts";
import type { MachineSpec } from "./machine-spec.ts";
import { machineById } from "./machines.ts";
import { virtualMachine } from "./virtual.ts";

export type MachineRef =
  | { readonly board: string }
  | {
      readonly virtual: { readonly chip: string; readonly chips: number; readonly chains: number };
    };

/** `undefined` when there is none of that name. */
export function machineOf(ref: MachineRef): MachineSpec | undefined {
  if ("board" in ref) return machineById(ref.board);
  const chip = chipsByName.get(ref.virtual.chip);
  return chip && virtualMachine(chainOf(chip, ref.virtual.chips), ref.virtual.chains);
}
