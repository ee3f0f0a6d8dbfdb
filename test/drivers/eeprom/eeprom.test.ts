import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boardIdentityOf, EEPROM_LENGTH } from "../../../drivers/eeprom/board-identity.ts";
import { readBoardIdentity } from "../../../drivers/eeprom/read-board-identity.ts";
import { xxteaDecrypt } from "../../../drivers/eeprom/xxtea.ts";
import { OwnedI2cBus } from "../../../drivers/i2c/owned-bus.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { PartsOnWire, settle, type WirePart } from "../scripted-bus-h3.ts";
import { xxteaEncrypt } from "./xxtea-encrypt.ts";

const { key_le_words, synthetic } = vectors.eeprom;
const key = key_le_words.map((word) => Number.parseInt(word, 16)) as [
  number,
  number,
  number,
  number,
];

/** 256 bytes that begin so, erased after it, with the trailer. */
function memory(beginning: Uint8Array | string, trailer = 0x5a): Uint8Array {
  const bytes = new Uint8Array(EEPROM_LENGTH).fill(0xff);
  bytes.set(typeof beginning === "string" ? fromHex(beginning) : beginning);
  bytes[EEPROM_LENGTH - 1] = trailer;
  return bytes;
}

const encrypted = (plain: Uint8Array) =>
  memory(Uint8Array.of(0x11, 0x4a, ...xxteaEncrypt(plain, key)));

const text = (hex: string, words: string) =>
  hex + [...words].map((c) => c.charCodeAt(0).toString(16)).join("");

/** Parts of memories; writes of more than a pointer would corrupt one. */
class MemoryPart implements WirePart {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length !== 1) throw new Error(`${bytes.length} bytes written to a memory`);
    this.#at = bytes[0] as number;
  }

  read(length: number): Uint8Array {
    const from = this.#at;
    this.#at += length;
    return this.#bytes.slice(from, from + length);
  }
}

describe("XXTEA", () => {
  test("decrypts the vector", () => {
    expect(toHex(xxteaDecrypt(fromHex(synthetic.cipher), key))).toBe(synthetic.plain);
  });

  test("brings back whatever was encrypted, and leaves its argument alone", () => {
    const word = fc.oneof(fc.constantFrom(0, 0xffffffff, 0x80000000), fc.nat(0xffffffff));
    const block = fc
      .array(word, { minLength: 2, maxLength: 20 })
      .map((words) => new Uint8Array(Uint32Array.from(words).buffer));
    fc.assert(
      fc.property(block, fc.tuple(word, word, word, word), (plain, anyKey) => {
        const cipher = xxteaEncrypt(plain, anyKey);
        const before = toHex(cipher);
        expect(toHex(xxteaDecrypt(cipher, anyKey))).toBe(toHex(plain));
        expect(toHex(cipher)).toBe(before);
      }),
    );
  });

  test.each([0, 4, 7, 9])("of %i bytes is refused", (length) => {
    expect(() => xxteaDecrypt(new Uint8Array(length), key)).toThrow(RangeError);
  });
});

describe("a hashboard's memory", () => {
  test("of format 3 gives serial number, voltage and frequency", () => {
    expect(boardIdentityOf(memory(synthetic.first_74_bytes))).toEqual({
      boardName: null,
      format: "11, version 3",
      serial: synthetic.fields.serial,
      voltageV: synthetic.fields.voltage_10mV / 100,
      frequencyMHz: synthetic.fields.freq_mhz,
    });
  });

  test("of format 3 without settings gives none", () => {
    const plain = fromHex(synthetic.plain);
    plain.fill(0xff, 56, 58);
    plain.fill(0, 58, 60);
    expect(boardIdentityOf(encrypted(plain))).toMatchObject({ voltageV: null, frequencyMHz: null });
  });

  test.each([
    ["0411", "unknown, header 0411", "0411"],
    ["0511", "unknown, header 0511", "0511"],
    ["1152", "unknown, header 1152", "1152"],
    [text("014100", "A3HB70601"), "unknown, header 0141", "A3HB70601"],
    [text("0141ff", "SNBHB42601x"), "unknown, header 0141", "BHB42601"],
    [text("014100", "A3HB7060"), "unknown, header 0141", "0141"],
  ])("that begins %s is reported, not guessed", (beginning, format, boardName) => {
    const nothing = { serial: null, voltageV: null, frequencyMHz: null };
    expect(boardIdentityOf(memory(beginning))).toEqual({ boardName, format, ...nothing });
  });

  test.each([
    ["is erased", new Uint8Array(EEPROM_LENGTH).fill(0xff), "unreadable: erased"],
    ["has no trailer", memory(synthetic.first_74_bytes, 0xff), "unreadable: no trailer"],
    ["is all zero", new Uint8Array(EEPROM_LENGTH), "unreadable: no trailer"],
    ["came short", new Uint8Array(74), "unreadable: 74 bytes"],
  ])("that %s is unreadable", (_, bytes, format) => {
    expect(boardIdentityOf(bytes)).toMatchObject({ boardName: null, format, serial: null });
  });

  test("with any one bit of the block flipped is unreadable: it decrypts to nonsense", () => {
    for (let at = 0; at < 72 * 8; at++) {
      const bytes = memory(synthetic.first_74_bytes);
      bytes[2 + (at >> 3)] = (bytes[2 + (at >> 3)] as number) ^ (1 << (at & 7));
      expect(boardIdentityOf(bytes).format).toMatch(/^unreadable/);
    }
  });

  test("of another format in the same encryption is unreadable", () => {
    const plain = fromHex(synthetic.plain);
    plain[0] = 4;
    expect(boardIdentityOf(encrypted(plain)).format).toBe("unreadable: format 4 after decryption");
  });

  test("of format 3 whose serial is no text is unreadable", () => {
    const plain = fromHex(synthetic.plain);
    plain[9] = 0x1b;
    expect(boardIdentityOf(encrypted(plain)).format).toBe("unreadable: decrypts to nonsense");
  });

  test("of any bytes gives an identity without control characters", () => {
    const header = fc.constantFrom("114a", "0411", "0511", "0141", "ffff", "");
    const bytes = fc.uint8Array({ minLength: 0, maxLength: EEPROM_LENGTH - 2 });
    fc.assert(
      fc.property(header, bytes, fc.constantFrom(0x5a, 0xff), (start, rest, trailer) => {
        const identity = boardIdentityOf(
          memory(Uint8Array.of(...fromHex(start), ...rest).subarray(0, 255), trailer),
        );
        expect(JSON.stringify(identity)).toMatch(/^[ -~]+$/);
      }),
    );
  });
});

describe("reading it", () => {
  test("takes one conversation, and writes pointers only", async () => {
    const clock = new VirtualClock();
    const part = new MemoryPart(memory(synthetic.first_74_bytes));
    const wire = new PartsOnWire(clock, new Map([[0x51, part]]));
    const bus = new OwnedI2cBus(wire, clock);
    const identity = await settle(clock, readBoardIdentity(bus, 0x51));
    expect(identity.serial).toBe(synthetic.fields.serial);
    expect(wire.log.filter((entry) => entry.includes("<")).length).toBe(8);
    expect(wire.log.every((entry) => /^51(<[0-9a-f]{2}|>32)$/.test(entry))).toBe(true);
  });

  test("a memory that is not there is a nack", async () => {
    const clock = new VirtualClock();
    const bus = new OwnedI2cBus(new PartsOnWire(clock, new Map()), clock);
    const read = settle(clock, readBoardIdentity(bus, 0x50));
    await expect(read).rejects.toMatchObject({ code: "nack" });
  });
});
