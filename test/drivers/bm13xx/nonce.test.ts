import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bm1362,
  bm1366,
  bm1368,
  bm1370,
  bm1372,
  bm1397,
  explainedChipsByName,
} from "../../../drivers/bm13xx/chips.ts";
import {
  addressFieldOf,
  chipIndexOf,
  coreOf,
  headerNonceOf,
  jobIdOf,
  midstateIndexOf,
  smallCoreOf,
  versionBitsOf,
} from "../../../drivers/bm13xx/nonce.ts";
import { chipOfNonceOffset, nonceOffsetRegister } from "../../../drivers/bm13xx/nonce-offsets.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };

const number = (hex: string | undefined) => Number.parseInt(hex ?? "", 16);

describe("a nonce answer", () => {
  const nonces = vectors.response_frames.filter(
    (vector) => vector.kind === "nonce" && vector.len === 11,
  );

  test.each(nonces)("of $chip, $frame, says who found it and for what", (vector) => {
    const chip = explainedChipsByName.get(vector.chip);
    if (chip === undefined) throw new Error(`no row for ${vector.chip}`);
    const nonceWire = number(vector.nonce_be);
    const idByte = number(vector.id_byte);
    expect(headerNonceOf(nonceWire)).toBe(number(vector.nonce_le));
    expect(coreOf(nonceWire)).toBe(vector.core);
    expect(jobIdOf(chip, idByte)).toBe(vector.job_id);
    expect(smallCoreOf(chip, idByte, nonceWire)).toBe(vector.subcore);
    expect(versionBitsOf(number(vector.version_field))).toBe(number(vector.version_bits));
    if (vector.chip_addr !== undefined) expect(addressFieldOf(nonceWire)).toBe(vector.chip_addr);
  });

  const short = vectors.response_frames.filter(
    (vector) => vector.kind === "nonce" && vector.chip === "BM1397",
  );

  test.each(short)("of $chip, $frame, says also which midstate it was", (vector) => {
    const nonceWire = number(vector.nonce_be);
    const idByte = number(vector.id_byte);
    expect(headerNonceOf(nonceWire)).toBe(number(vector.nonce_le));
    expect(coreOf(nonceWire, bm1397.nonceCoreShift)).toBe(vector.core);
    expect(addressFieldOf(nonceWire, bm1397.nonceAddressShift)).toBe(vector.chip_addr);
    expect(jobIdOf(bm1397, idByte)).toBe(vector.job_id);
    expect(midstateIndexOf(bm1397, idByte)).toBe(vector.midstate);
    expect(smallCoreOf(bm1397, idByte, nonceWire)).toBe(vector.small_core);
  });

  test("the worked example of a 126-chip board is chip 110, core 54", () => {
    const attribution = { by: "address-field", addressInterval: 2, shift: 17 } as const;
    expect(chipIndexOf(0x6db88ee1, attribution)).toBe(110);
    expect(coreOf(0x6db88ee1)).toBe(54);
  });

  test("the exhaustive list agrees about core and address", () => {
    for (const { nonces: found } of vectors.exhaustive_nonces.versions) {
      for (const vector of found) {
        const nonceWire = number(vector.nonce_wire);
        expect(coreOf(nonceWire)).toBe(vector.bm1370.core);
        expect(addressFieldOf(nonceWire)).toBe(vector.bm1366.chip_addr);
        expect(coreOf(nonceWire, bm1397.nonceCoreShift)).toBe(vector.bm1397.core);
        expect(addressFieldOf(nonceWire, bm1397.nonceAddressShift)).toBe(vector.bm1397.chip_addr);
        expect(smallCoreOf(bm1397, 0, nonceWire)).toBe(vector.bm1397.small_core);
      }
    }
  });

  test.each([bm1362, bm1366, bm1368, bm1370, bm1372])(
    "of $name gives back every job id that is sent",
    (chip) => {
      expect(new Set(chip.jobIdBytes).size).toBe(chip.jobIdBytes.length);
      for (const id of chip.jobIdBytes) {
        for (let small = 0; small < chip.smallCoresPerCore; small++) {
          const idByte = (id << chip.answerJobIdShift) | small;
          expect(idByte).toBeLessThan(256);
          expect(jobIdOf(chip, idByte)).toBe(id);
          expect(smallCoreOf(chip, idByte, 0)).toBe(small);
        }
      }
    },
  );

  test("BM1397 uses its ids in the order 4, 8, ... 124, 0", () => {
    const { jobIdBytes } = bm1397;
    expect(jobIdBytes).toHaveLength(32);
    expect([...jobIdBytes.slice(0, 3), ...jobIdBytes.slice(-2)]).toEqual([4, 8, 12, 124, 0]);
  });

  test("BM1370 uses its ids in the order of the captures", () => {
    expect(bm1370.jobIdBytes.map((id) => id.toString(16).padStart(2, "0")).join(" ")).toBe(
      "00 18 30 48 60 78 10 28 40 58 70 08 20 38 50 68",
    );
  });
});

describe("nonce offsets", () => {
  test("of 65 chips are those of the captured board", () => {
    const { n, values } = vectors.nonce_offsets;
    const registers = values.map((_, i) => nonceOffsetRegister(i, n).toString(16));
    expect(registers).toEqual(values);
  });

  test("a counter belongs to the last chip that starts at or before it", () => {
    const chips = fc.integer({ min: 1, max: 128 });
    const counter = fc.integer({ min: 0, max: 2 ** 25 - 1 });
    fc.assert(
      fc.property(chips, counter, fc.boolean(), (count, any, atBorder) => {
        const starts = Array.from(
          { length: count },
          (_, i) => (nonceOffsetRegister(i, count) & 0xffff) * 512,
        );
        const border = (starts[any % count] as number) - (any % 3);
        const counter25 = atBorder && border >= 0 ? border : any;
        const expected = starts.findLastIndex((start) => start <= counter25);
        expect(chipOfNonceOffset(counter25, count)).toBe(expected);
        const nonceWire = ((any % 128) * 2 ** 25 + counter25) >>> 0;
        expect(chipIndexOf(nonceWire, { by: "offset-range", chips: count })).toBe(expected);
      }),
      { numRuns: 1_000 },
    );
  });
});
