/** What the 256 bytes of a hashboard's memory say. One format is known; the others are reported, not guessed. */
import { printable, toHex, viewOf } from "../../src/lib/bytes.ts";
import type { BoardIdentity } from "../../src/ports/peripherals.ts";
import { type XxteaKey, xxteaDecrypt } from "./xxtea.ts";

/** AT24C02: 2 kbit (vendor's list of parts [D]). */
export const EEPROM_LENGTH = 256;

/** Any bytes give an identity: what cannot be read says so in `format`. */
export function boardIdentityOf(memory: Uint8Array): BoardIdentity {
  if (memory.length !== EEPROM_LENGTH) return unreadable(`${memory.length} bytes`);
  if (memory.every((byte) => byte === ERASED)) return unreadable("erased");
  if (memory[EEPROM_LENGTH - 1] !== TRAILER) return unreadable("no trailer");
  return memory[0] === ENCRYPTED ? decrypted(memory) : unknown(memory);
}

const ERASED = 0xff;
/** The last byte of every dump [C]. */
const TRAILER = 0x5a;

/** First byte of memories encrypted with key 1 [C]; the second is the length, these two bytes included. */
const ENCRYPTED = 0x11;
/** "uileynimggnagnau", verified on three boards [C]. */
const KEY_1: XxteaKey = [0x656c6975, 0x6d696e79, 0x616e6767, 0x75616e67];
const HEADER_LENGTH = 2;
/** 18 words [C]. */
const BLOCK_LENGTH = 72;

/** Places in the plain text of format 3, big-endian [C]; bytes 64 to 71 are not understood, no checksum was found. */
const format3 = {
  version: 3,
  serialFrom: 0x01,
  serialTo: 0x12,
  voltageAt: 56,
  frequencyAt: 58,
  stepsPerV: 100,
} as const;

function decrypted(memory: Uint8Array): BoardIdentity {
  if (memory[1] !== HEADER_LENGTH + BLOCK_LENGTH) return unknown(memory);
  const block = memory.subarray(HEADER_LENGTH, HEADER_LENGTH + BLOCK_LENGTH);
  const plain = xxteaDecrypt(block, KEY_1);
  if (plain[0] !== format3.version) return unreadable(`format ${plain[0]} after decryption`);
  const serial = plain.subarray(format3.serialFrom, format3.serialTo);
  // There is no checksum that we know: a serial number that is text is all that tells a good block.
  if (!serial.every(isVisible)) return unreadable("decrypts to nonsense");
  const view = viewOf(plain);
  const steps = setOrNull(view.getUint16(format3.voltageAt));
  return {
    boardName: null,
    format: "11, version 3",
    serial: printable(serial),
    voltageV: steps === null ? null : steps / format3.stepsPerV,
    frequencyMHz: setOrNull(view.getUint16(format3.frequencyAt)),
  };
}

/** 04 11 is on BHB42xxx boards, 05 11 on BHB56xxx and BHB68xxx, 01 41 has plain names [?]; their bodies are not documented. */
function unknown(memory: Uint8Array): BoardIdentity {
  const header = toHex(memory.subarray(0, HEADER_LENGTH));
  const name = BOARD_NAME.exec(Array.from(memory, asCharacter).join(""))?.[0];
  return {
    boardName: name ?? header,
    format: `unknown, header ${header}`,
    serial: null,
    voltageV: null,
    frequencyMHz: null,
  };
}

/** As in the vendor's lists of boards: BHB42601, A3HB70601, H6HB70701, NBP1901 [D]. */
const BOARD_NAME = /[A-Z]\d?HB\d{5}|NBP\d{4}/;

function unreadable(why: string): BoardIdentity {
  return {
    boardName: null,
    format: `unreadable: ${why}`,
    serial: null,
    voltageV: null,
    frequencyMHz: null,
  };
}

function isVisible(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}

function asCharacter(byte: number): string {
  return isVisible(byte) ? String.fromCharCode(byte) : "\n";
}

function setOrNull(value: number): number | null {
  return value === 0 || value === 0xffff ? null : value;
}
