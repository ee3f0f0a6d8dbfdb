/** Generators of field values, hung off the data type's name: a new message needs no new generator. */
import fc from "fast-check";
import type { Fields, MessageSpec } from "../../src/sv2/message.ts";
import { decodeText } from "../../src/sv2/text.ts";

/** Values of all fields of a message. */
export function valuesOfMessage(spec: MessageSpec): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(
    Object.fromEntries(
      Object.entries(spec.fields satisfies Fields).map(([key, field]) => [
        key,
        valueOfType(field.dataType),
      ]),
    ),
  );
}

export function valueOfType(dataType: string): fc.Arbitrary<unknown> {
  const [, outer, inner] = /^(\w+)\[(.+)\]$/.exec(dataType) ?? [];
  if (outer !== undefined && inner !== undefined) {
    const element = valueOfType(inner);
    if (outer === "OPTION") return fc.option(element, { nil: undefined });
    if (outer === "SEQ0_255" || outer === "SEQ0_64K") return fc.array(element, { maxLength: 5 });
  }
  switch (dataType) {
    case "BOOL":
      return fc.boolean();
    case "U8":
      return unsigned(0xff);
    case "U16":
      return unsigned(0xffff);
    case "U24":
      return unsigned(0xffffff);
    case "U32":
      return unsigned(0xffffffff);
    case "U64":
      return fc.oneof(
        fc.constantFrom(0n, 1n, 2n ** 53n + 1n, 2n ** 64n - 1n),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      );
    case "U256":
      return fc.uint8Array({ minLength: 32, maxLength: 32 });
    case "F32":
      return fc
        .float({ min: 0, noNaN: true, noDefaultInfinity: true })
        .filter((value) => !Object.is(value, -0));
    case "STR0_255":
      return fc.oneof(
        fc.string({ maxLength: 60 }),
        fc.constantFrom("", "a".repeat(255), "é€😀", "\ufeffbom", "\ufffd"),
        fc.uint8Array({ maxLength: 255 }).map(decodeText),
      );
    case "B0_32":
      return byteString(32);
    case "B0_255":
      return byteString(255);
    case "B0_64K":
    case "B0_16M":
      return byteString(300);
    default:
      throw new Error(`no generator for ${dataType}`);
  }
}

function unsigned(max: number): fc.Arbitrary<number> {
  return fc.oneof(fc.constantFrom(0, 1, max - 1, max), fc.integer({ min: 0, max }));
}

function byteString(maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc.oneof(fc.constant(new Uint8Array(maxLength)), fc.uint8Array({ maxLength }));
}
