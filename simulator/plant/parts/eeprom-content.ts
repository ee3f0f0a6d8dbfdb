/** What a hashboard's memory holds: made so that the machine of the declaration is recognised by it. */
import type { MachineChainSpec, MachineMatch } from "../../../boards/machine-spec.ts";
import { fromHex } from "../../../src/lib/bytes.ts";
import { xxteaEncrypt } from "./xxtea.ts";

const SIZE_BYTES = 256;
const ERASED = 0xff;
/** The last byte [C]. */
const END_MARK = 0x5a;
/** Where names lie in memories of formats that nobody has described is anybody's guess [?]. */
const NAME_AT = 2;

const ENCRYPTED_HEADER = 0x11;
const BLOCK_BYTES = 72;
/** ASCII "uileynimggnagnau" as little-endian words [C]. */
const KEY = [0x656c6975, 0x6d696e79, 0x616e6767, 0x75616e67];

export interface EncryptedFields {
  readonly serial: string;
  readonly die: string;
  readonly marking: string;
  readonly bin: string;
  readonly ft: string;
  readonly pcb: number;
  readonly bom: number;
  readonly voltageV: number;
  readonly frequencyMHz: number;
  readonly nonceRate: number;
}

export function eepromContent(
  match: MachineMatch,
  { chain, voltage }: MachineChainSpec,
  chainIndex: number,
): Uint8Array {
  const content = new Uint8Array(SIZE_BYTES).fill(ERASED);
  content[SIZE_BYTES - 1] = END_MARK;
  if (match.eepromHeader !== undefined || match.eepromBoard !== undefined) {
    content.fill(0, 0, 0x40);
    content.set(fromHex(match.eepromHeader ?? "0000"));
    const name = new TextEncoder().encode(match.eepromBoard?.[0] ?? "");
    content.set(name, NAME_AT);
    return content;
  }
  const block = encryptedBlock({
    serial: `SIMULATED${String(chainIndex).padStart(8, "0")}`,
    die: "SM",
    marking: chain.chip.name,
    bin: "1",
    ft: "SIM",
    pcb: 0x0100,
    bom: 0x0100,
    voltageV: voltage.workingV,
    frequencyMHz: chain.frequencyMHz,
    nonceRate: 1,
  });
  content.set([ENCRYPTED_HEADER, 2 + BLOCK_BYTES], 0);
  content.set(block, 2);
  return content;
}

/** Format 3 of the S19 Pro, without its checksum, whose place nobody knows [C on three boards]. */
export function plainBlock(fields: EncryptedFields): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  const view = new DataView(block.buffer);
  const put = (at: number, text: string, length: number) =>
    block.set(new TextEncoder().encode(text).subarray(0, length), at);
  block[0] = 3;
  put(1, fields.serial, 17);
  put(18, fields.die, 2);
  put(20, fields.marking, 10);
  put(34, fields.ft, 9);
  view.setUint16(50, fields.pcb);
  view.setUint16(52, fields.bom);
  view.setUint16(56, Math.round(fields.voltageV * 100));
  view.setUint16(58, fields.frequencyMHz);
  view.setUint16(60, Math.round(fields.nonceRate * 10_000));
  return block;
}

export function encryptedBlock(fields: EncryptedFields): Uint8Array {
  return encrypt(plainBlock(fields));
}

export function encrypt(plain: Uint8Array): Uint8Array {
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  const words = Uint32Array.from({ length: plain.length / 4 }, (_, i) =>
    view.getUint32(4 * i, true),
  );
  xxteaEncrypt(words, KEY);
  const cipher = new Uint8Array(plain.length);
  const out = new DataView(cipher.buffer);
  words.forEach((word, i) => void out.setUint32(4 * i, word, true));
  return cipher;
}
