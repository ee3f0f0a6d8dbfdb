/** Both checksums of the chips' UART protocol. CRC5 guards commands and answers, CRC16 (CCITT-FALSE) guards jobs [C]. */

const CRC5_TABLE = Uint8Array.from({ length: 256 }, (_, byte) => {
  let register = byte;
  for (let bit = 0; bit < 8; bit++)
    register = register & 0x80 ? (register << 1) ^ (0x05 << 3) : register << 1;
  return register & 0xff;
});

const CRC16_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let register = byte << 8;
  for (let bit = 0; bit < 8; bit++)
    register = register & 0x8000 ? (register << 1) ^ 0x1021 : register << 1;
  return register & 0xffff;
});

/** CRC5 of `bytes[from]` up to, not including, `bytes[to]`: polynomial 0x05, initial value 0x1f, most significant bit first. */
export function crc5(bytes: Uint8Array, from = 0, to = bytes.length): number {
  // The five bits are kept at the top of a byte, so that whole bytes can be looked up.
  let register = 0x1f << 3;
  for (let i = from; i < to; i++) register = CRC5_TABLE[register ^ (bytes[i] as number)] as number;
  return register >> 3;
}

/**
 * CRC5 that belongs into the last byte of an answer. The three type bits at the top of that byte are part of the
 * checksummed data, so that a whole answer after its preamble has CRC5 zero.
 */
export function crc5OfAnswer(
  bytes: Uint8Array,
  from: number,
  lastByteAt: number,
  type: number,
): number {
  let register = crc5(bytes, from, lastByteAt);
  for (let bit = 2; bit >= 0; bit--) {
    const carry = (register >> 4) ^ ((type >> bit) & 1);
    register = ((register << 1) & 0x1f) ^ (carry === 0 ? 0 : 0x05);
  }
  return register;
}

/** CRC16 of `bytes[from]` up to, not including, `bytes[to]`: polynomial 0x1021, initial value 0xffff. */
export function crc16(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let register = 0xffff;
  for (let i = from; i < to; i++) {
    register =
      ((register << 8) & 0xffff) ^ (CRC16_TABLE[(register >> 8) ^ (bytes[i] as number)] as number);
  }
  return register;
}
