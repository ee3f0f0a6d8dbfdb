/**
 * TICKET_MASK: zero bits that a hash must have beyond the 32 that every chip demands. A mask of N ones, the bits of each
 * byte in reverse order [C]. It tests bits, not numbers, so it speaks of powers of two only.
 */

/** Number of extra zero bits for a difficulty, rounded down to a power of two. Throws RangeError outside 1 to 2^32. */
export function ticketBitsOf(difficulty: number): number {
  if (!(difficulty >= 1 && difficulty <= 2 ** 32))
    throw new RangeError(`ticket difficulty: ${difficulty}; allowed: 1 to 2^32`);
  return Math.floor(Math.log2(difficulty));
}

/** Register value for a difficulty, rounded down to a power of two. */
export function ticketMaskRegister(difficulty: number): number {
  return bitsReversedInBytes(2 ** ticketBitsOf(difficulty) - 1);
}

/** The difficulty that a register value asks for; `undefined` when its ones are not a mask of the lowest bits. */
export function difficultyOfTicketMask(register: number): number | undefined {
  const mask = bitsReversedInBytes(register);
  const difficulty = mask + 1;
  return Number.isInteger(Math.log2(difficulty)) ? difficulty : undefined;
}

function bitsReversedInBytes(word: number): number {
  let reversed = word >>> 0;
  reversed = ((reversed >>> 1) & 0x55555555) | ((reversed & 0x55555555) << 1);
  reversed = ((reversed >>> 2) & 0x33333333) | ((reversed & 0x33333333) << 2);
  reversed = ((reversed >>> 4) & 0x0f0f0f0f) | ((reversed & 0x0f0f0f0f) << 4);
  return reversed >>> 0;
}
