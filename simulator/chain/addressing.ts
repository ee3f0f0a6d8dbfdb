/** Which chips a command is meant for. */
import type { ChipModel } from "./chip-model.ts";

/** Before addressing all chips have address 0, so that a command to it reaches them all [C]. */
export function addressedBy(
  command: { readonly all: boolean; readonly address: number },
  hearing: readonly ChipModel[],
): readonly ChipModel[] {
  return command.all ? hearing : hearing.filter((chip) => chip.isCalled(command.address));
}

/** Again and again does no harm: BM1397 drivers send it three times [D]. */
export function beginAddressing(hearing: readonly ChipModel[]): void {
  for (const chip of hearing) {
    chip.isAddressing = true;
    chip.isAddressed = false;
  }
}

/**
 * The nearest chip without an address takes it; while it waits, none beyond it hears the command [C]. Without
 * chain-inactive before, only the first chip takes one. The surplus is ignored.
 */
export function giveAddress(hearing: readonly ChipModel[], address: number): void {
  const chip = hearing.find(({ isAddressed }) => !isAddressed);
  if (chip === undefined || !(chip.isAddressing || chip === hearing[0])) return;
  chip.takeAddress(address);
}
