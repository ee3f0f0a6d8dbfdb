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
  | {
      readonly by: "address-field";
      readonly addressInterval: number;
      /** Where the address begins in the nonce. */
      readonly shift: Bm13xxChip["nonceAddressShift"];
    }
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

/** Core that found it [C for full-header chips]. */
export function coreOf(
  nonceWire: number,
  shift: Bm13xxChip["nonceCoreShift"] = NONCE_BITS_PER_CORE,
): number {
  return nonceWire >>> shift;
}

/** Address of the chip that found it, for chips that search by address [C for full-header chips]. */
export function addressFieldOf(
  nonceWire: number,
  shift: Bm13xxChip["nonceAddressShift"] = 17,
): number {
  return (nonceWire >>> shift) & 0xff;
}

/** Place in the chain, nearest first. A corrupted nonce may point behind the last chip. */
export function chipIndexOf(nonceWire: number, attribution: ChipAttribution): number {
  return attribution.by === "address-field"
    ? Math.floor(addressFieldOf(nonceWire, attribution.shift) / attribution.addressInterval)
    : chipOfNonceOffset(nonceWire & (2 ** NONCE_BITS_PER_CORE - 1), attribution.chips);
}

/** Job id byte as it was sent with the job [C]. */
export function jobIdOf(chip: Bm13xxChip, idByte: number): number {
  return (idByte & chip.answerJobIdMask) >> chip.answerJobIdShift;
}

/** For chips with midstates a part of the nonce says it, for the others their id byte. */
export function smallCoreOf(chip: Bm13xxChip, idByte: number, nonceWire: number): number {
  return chip.answerSmallCoreMask === 0
    ? (nonceWire >>> (chip.nonceCoreShift - 2)) & 0x3
    : idByte & chip.answerSmallCoreMask;
}

/** The midstate of the job that the nonce was found with. */
export function midstateIndexOf(chip: Bm13xxChip, idByte: number): number {
  return idByte & chip.answerMidstateMask;
}

/** Rolled bits in place: OR them into the base version [C]. */
export function versionBitsOf(versionField: number): number {
  return versionField << VERSION_SHIFT;
}
