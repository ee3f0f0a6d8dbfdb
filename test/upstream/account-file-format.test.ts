import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openSealedFile, sealFile } from "../../src/upstream/account-file-format.ts";

const content = { text: "bläck", list: [1, null, "2"] };
const sealed = sealFile("asicd-test", 7, content);

describe("a file that says whether it is whole", () => {
  test("is a line and JSON, and is read as it was written", () => {
    expect(new TextDecoder().decode(sealed)).toMatch(
      /^asicd-test 7 \d+ [0-9a-f]{64}\n\{"text":"bläck","list":\[1,null,"2"\]\}\n$/,
    );
    expect(openSealedFile("asicd-test", sealed)).toEqual({ is: "whole", generation: 7, content });
  });

  test("is damaged when cut anywhere", () => {
    for (let length = 0; length < sealed.length; length++)
      expect(openSealedFile("asicd-test", sealed.subarray(0, length)).is).toBe("damaged");
  });

  test("is damaged when any bit of it was changed, or something follows", () => {
    for (let at = 0; at < sealed.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        const bytes = sealed.slice();
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        expect(openSealedFile("asicd-test", bytes).is).toBe("damaged");
      }
    const longer = new Uint8Array(sealed.length + 1);
    longer.set(sealed);
    expect(openSealedFile("asicd-test", longer).is).toBe("damaged");
  });

  test("of another kind is not taken for one of ours", () => {
    expect(openSealedFile("asicd-accounts", sealed)).toEqual({
      is: "damaged",
      problem: 'it is of another kind, "asicd-test"',
    });
  });

  test("any bytes are whole or damaged, and nothing is thrown", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc
            .uint8Array({ maxLength: 300 })
            .map((tail) => new Uint8Array([...sealed.subarray(0, 20), ...tail])),
          fc
            .string()
            .map((text) => new TextEncoder().encode(`asicd-test 1 2 ${"0".repeat(64)}\n${text}`)),
        ),
        (bytes) => {
          expect(openSealedFile("asicd-test", bytes).is).toBe("damaged");
        },
      ),
    );
  });
});
