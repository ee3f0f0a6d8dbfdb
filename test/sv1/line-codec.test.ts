import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WireError } from "../../src/lib/errors.ts";
import {
  encodeLine,
  GarbageBudget,
  LineAssembler,
  MAX_LINE_BYTES,
} from "../../src/sv1/line-codec.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

function heard(chunks: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  const assembler = new LineAssembler();
  for (const chunk of chunks) {
    const lent = chunk.slice();
    assembler.receive(lent, (line) => lines.push(line));
    lent.fill(0xee);
  }
  return lines;
}

describe("lines", () => {
  const text = '{"a":"grün"}\r\n\n{"b":2}\n{"c":3}\n';
  const lines = ['{"a":"grün"}', '{"b":2}', '{"c":3}'];

  test("\\n and \\r\\n end a line, empty lines are none, an unfinished one waits", () => {
    expect(heard([bytesOf(`${text}{"d":`)])).toEqual(lines);
  });

  test("split anywhere in two they are the same", () => {
    const bytes = bytesOf(text);
    for (let at = 0; at <= bytes.length; at++)
      expect(heard([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(lines);
  });

  test("cut in any way they are the same", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc
            .string({ maxLength: 40 })
            .map((line) => line.replace(/[\r\n\ufeff\ud800-\udfff]/g, "_")),
        ),
        fc.array(fc.integer({ min: 1, max: 30 })),
        (lines, sizes) => {
          const bytes = bytesOf(lines.map((line) => `${line}\n`).join(""));
          const chunks: Uint8Array[] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = sizes[i % (sizes.length || 1)] ?? bytes.length;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          expect(heard(chunks)).toEqual(lines.filter((line) => line !== ""));
        },
      ),
    );
  });

  test("bytes that are no UTF-8 become replacement characters", () => {
    expect(heard([Uint8Array.of(0x61, 0xff, 0xfe, 0x62, 0x0a)])).toEqual(["a\ufffd\ufffdb"]);
  });

  test("64 KiB are a line, one byte more is refused, whether its end has come or not", () => {
    const longest = new Uint8Array(MAX_LINE_BYTES + 1).fill(0x61);
    longest[MAX_LINE_BYTES] = 0x0a;
    expect(heard([longest])[0]).toHaveLength(MAX_LINE_BYTES);
    const tooLong = new Uint8Array(MAX_LINE_BYTES + 1).fill(0x61);
    expect(() => heard([tooLong])).toThrow(WireError);
    expect(() =>
      heard([tooLong.subarray(0, 40_000), tooLong.subarray(40_000), bytesOf("\n")]),
    ).toThrow("a line of more than 64 KiB");
  });

  test("what we send ends with one newline", () => {
    expect(encodeLine('{"ü":1}')).toEqual(bytesOf('{"ü":1}\n'));
  });
});

describe("garbage", () => {
  test("16 KiB at once and per second are put up with, more is not", () => {
    const budget = new GarbageBudget();
    budget.spend(16_384, 0);
    budget.spend(8_192, 500);
    expect(() => budget.spend(1_000, 501)).toThrow("16 KiB per second");
    const patient = new GarbageBudget();
    for (let s = 0; s < 100; s++) patient.spend(16_000, s * 1_000);
  });
});
