/** BM1370 chains divide the low 25 bits of the nonce among their chips by an offset per chip [C, S21 Pro]. */

/** Bits of the nonce below the core number. */
export const NONCE_BITS_PER_CORE = 25;
/** The register counts in steps of 2^9 nonces. */
const OFFSET_SHIFT = 9;
const OFFSET_VALID = 0x80000000;

/** CHIP_NONCE_OFFSET of chip `index` among `chips`. */
export function nonceOffsetRegister(index: number, chips: number): number {
  return (OFFSET_VALID | offsetOf(index, chips)) >>> 0;
}

/** The chip in whose range a nonce's low 25 bits lie. */
export function chipOfNonceOffset(counter25: number, chips: number): number {
  const guess = Math.floor((counter25 * chips) / 2 ** NONCE_BITS_PER_CORE);
  // Offsets are rounded up, so a counter just below one still belongs to the chip before.
  return offsetOf(guess, chips) << OFFSET_SHIFT > counter25 ? guess - 1 : guess;
}

function offsetOf(index: number, chips: number): number {
  return index === 0 ? 0 : Math.floor((65_536 * index) / chips) + 1;
}
