/** The update file: what is signed is what is read, and nothing else is taken. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatKey, parseKey, publicKeyOf } from "../../src/update/release-key.ts";
import { UpdateError } from "../../src/update/update-error.ts";
import {
  checkSignature,
  MAX_HEADER_BYTES,
  PayloadCheck,
  readUpdateHeader,
  type UpdateManifest,
  writeUpdateHeader,
} from "../../src/update/update-file.ts";
import { compareVersions, isVersion } from "../../src/update/version.ts";
import { OTHER_KEY, SECRET_KEY, sha256 } from "./scratch-machine.ts";

const payload = new TextEncoder().encode("a tree");
const manifest: UpdateManifest = {
  name: "asicd",
  version: "0.2.0",
  target: "armv7",
  bytes: payload.length,
  sha256: sha256(payload),
  unpackedBytes: 1_000,
  configVersion: 1,
  minimumConfigVersion: 1,
  minimumNode: "20.11.0",
  notes: "Ä",
};
const header = writeUpdateHeader(manifest, SECRET_KEY);
const keys = [publicKeyOf(OTHER_KEY), publicKeyOf(SECRET_KEY)];

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error;
    return error.code;
  }
}

test("a header is read as soon as its last byte is there, and not before", () => {
  const file = Buffer.concat([header, payload]);
  for (let length = 0; length < header.length; length++)
    expect(readUpdateHeader(file.subarray(0, length))).toBeUndefined();
  const read = readUpdateHeader(file);
  expect(read?.manifest).toEqual(manifest);
  expect(read?.headerBytes).toBe(header.length);
});

test("a header is good when one of the trusted keys has signed it", () => {
  const read = readUpdateHeader(header);
  if (read === undefined) throw new Error("no header");
  expect(checkSignature(read, keys)).toEqual(publicKeyOf(SECRET_KEY));
  expect(codeOf(() => checkSignature(read, [publicKeyOf(OTHER_KEY)]))).toBe("bad-signature");
  expect(codeOf(() => checkSignature(read, []))).toBe("no-keys");
  expect(codeOf(() => checkSignature(read, [new Uint8Array(32).fill(255)]))).toBe("bad-signature");
});

test("no header with a changed bit is taken", () => {
  // One bit of each byte, another one each time.
  for (let bit = 0; bit < 8 * header.length; bit += bit % 8 === 7 ? 1 : 9) {
    const changed = header.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const outcome = codeOf(() => {
      const read = readUpdateHeader(changed);
      if (read === undefined) return;
      // Four unused bits of the last base64 digit may not be set either.
      checkSignature(read, [publicKeyOf(SECRET_KEY)]);
      throw new Error(`bit ${bit} was taken`);
    });
    // Without one of its line ends it waits for more.
    expect(["not-an-update", "bad-signature", undefined]).toContain(outcome);
  }
});

test("any bytes are a header, or too few, or an error that names what is wrong", () => {
  const start = new TextEncoder().encode("asicd-update 1\n");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, withStart) => {
      const file = withStart ? Buffer.concat([start, bytes]) : bytes;
      const code = codeOf(() => readUpdateHeader(file));
      expect([undefined, "not-an-update"]).toContain(code);
    }),
  );
});

test("another file is told apart by its first bytes, and a header that does not end by its length", () => {
  expect(codeOf(() => readUpdateHeader(new TextEncoder().encode("PK")))).toBe("not-an-update");
  const endless = new Uint8Array(MAX_HEADER_BYTES).fill(0x20);
  endless.set(new TextEncoder().encode("asicd-update 1\n"));
  expect(codeOf(() => readUpdateHeader(endless))).toBe("too-large");
});

test.for([
  ["a version that is none", { version: "1.2" }],
  ["another program", { name: "bcmd" }],
  ["a target that nobody has", { target: "mips" }],
  ["a payload beyond all flash", { bytes: 1e12 }],
  ["a hash that is none", { sha256: "00" }],
] as const)("%s is not written", ([, wrong]) => {
  const bad = { ...manifest, ...wrong } as UpdateManifest;
  expect(codeOf(() => writeUpdateHeader(bad, SECRET_KEY))).toBe("not-an-update");
});

describe("the payload", () => {
  test("is good when it is all of what was signed, in whatever pieces", () => {
    const check = new PayloadCheck(manifest);
    for (const byte of payload) check.take(Uint8Array.of(byte));
    check.finish();
    expect(check.bytes).toBe(payload.length);
  });

  test.for([
    ["too short", payload.subarray(1)],
    ["too long", Buffer.concat([payload, payload])],
    ["changed", payload.slice().fill(1)],
  ] as const)("is damaged when it is %s", ([, bytes]) => {
    const check = new PayloadCheck(manifest);
    expect(
      codeOf(() => {
        check.take(bytes);
        check.finish();
      }),
    ).toBe("damaged");
  });
});

test("a key goes through its file", () => {
  const text = formatKey(publicKeyOf(SECRET_KEY), "release 2026\nof nobody");
  expect(text.split("\n")).toHaveLength(3);
  expect(parseKey(text, "release.pub")).toEqual(publicKeyOf(SECRET_KEY));
  for (const bad of ["", "# only", "AAAA", `${text}${text}`, "no base64!"])
    expect(codeOf(() => parseKey(bad, "x.pub"))).toBe("no-keys");
});

test("versions are ordered as semantic versioning 2.0.0 §11 has it", () => {
  const ordered = [
    "0.9.9",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.10",
    "1.2.0",
  ];
  for (const [i, a] of ordered.entries())
    for (const [j, b] of ordered.entries())
      expect(Math.sign(compareVersions(a, b))).toBe(Math.sign(i - j));
  for (const bad of ["1", "1.2", "01.2.3", "1.2.3-", "1.2.3+build", "v1.2.3", "1.2.3/x"])
    expect(isVersion(bad)).toBe(false);
});
