/**
 * What a nonce answer says beyond the nonce: which core and chip found it, for which job, with which version bits.
 * Functions of plain numbers, because this is the hot path. `nonceWire` is the nonce as received, read big-endian.
 */
import type { Bm13xxChip } from "./chips.ts";
import { chipOfNonceOffset, NONCE_BITS_PER_CORE } from "./nonce-offsets.ts";

/** The lowest version bit that a chip rolls. */
export const VERSION_SHIFT = 13;

/** How a chain's nonces tell its chips apart. */
export type ChipAttribution =
  | { readonly by: "address-field"; readonly addressInterval: number }
  | { readonly by: "offset-range"; readonly chips: number };

/** The header's nonce: its bytes go into header bytes 76 to 79 as received [C]. */
export function headerNonceOf(nonceWire: number): number {
  return (
    ((nonceWire >>> 24) |
      ((nonceWire >>> 8) & 0xff00) |
      ((nonceWire << 8) & 0xff0000) |
      (nonceWire << 24)) >>>
    0
  );
}

/** Core that found it, 0 to 127 [C]. */
export function coreOf(nonceWire: number): number {
  return nonceWire >>> NONCE_BITS_PER_CORE;
}

/** Address of the chip that found it, for chips that search by address [C]. */
export function addressFieldOf(nonceWire: number): number {
  return (nonceWire >>> 17) & 0xff;
}

/** Place in the chain, nearest first. A corrupted nonce may point behind the last chip. */
export function chipIndexOf(nonceWire: number, attribution: ChipAttribution): number {
  return attribution.by === "address-field"
    ? Math.floor(addressFieldOf(nonceWire) / attribution.addressInterval)
    : chipOfNonceOffset(nonceWire & (2 ** NONCE_BITS_PER_CORE - 1), attribution.chips);
}

/** Job id byte as it was sent with the job [C]. */
export function jobIdOf(chip: Bm13xxChip, idByte: number): number {
  return (idByte & chip.answerJobIdMask) >> chip.answerJobIdShift;
}

export function smallCoreOf(chip: Bm13xxChip, idByte: number): number {
  return idByte & chip.answerSmallCoreMask;
}

/** Rolled bits in place: OR them into the base version [C]. */
export function versionBitsOf(versionField: number): number {
  return versionField << VERSION_SHIFT;
}
