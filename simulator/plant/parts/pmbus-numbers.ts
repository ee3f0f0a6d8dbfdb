/** Numbers as PMBus parts hold them; words go low byte first. */

/** A signed exponent of 5 bits above a signed mantissa of 11, as fine as it fits. */
export function slinear11(value: number): number {
  for (let exponent = -16; exponent < 16; exponent++) {
    const mantissa = Math.round(value / 2 ** exponent);
    if (mantissa >= -1024 && mantissa <= 1023)
      return ((exponent & 0x1f) << 11) | (mantissa & 0x7ff);
  }
  return value < 0 ? 0x7c00 : 0x7bff;
}

export function fromSlinear11(word: number): number {
  return ((word << 21) >> 21) * 2 ** ((word << 16) >> 27);
}

/** Unsigned, with the exponent that VOUT_MODE has in its low 5 bits. */
export function ulinear16(value: number, mode: number): number {
  return Math.min(0xffff, Math.max(0, Math.round(value / 2 ** exponentOf(mode))));
}

export function fromUlinear16(word: number, mode: number): number {
  return word * 2 ** exponentOf(mode);
}

function exponentOf(mode: number): number {
  return (mode << 27) >> 27;
}
