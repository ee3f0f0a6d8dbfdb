/**
 * The update file: three lines, then the payload.
 *
 *     asicd-update 1
 *     {"name":"asicd","version":"0.2.0","target":"armv7",…}     the manifest
 *     base64 of the ed25519 signature of line 2, without its line end
 *     payload: the version's tree as .tar.gz
 *
 * The manifest holds size and hash of the payload, so that the signature vouches for all of it and is checked before
 * anything large is read.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { base64 } from "@scure/base";
import Type, { type Static } from "typebox";
import { Check, Errors } from "typebox/value";
import { concatBytes, equalBytes, printable, toHex } from "../lib/bytes.ts";
import { UpdateError } from "./update-error.ts";
import { isVersion } from "./version.ts";

export const UPDATE_MAGIC = "asicd-update 1";

/** All three lines with their ends. */
export const MAX_HEADER_BYTES = 16_384;
/** Trees are some 10 MB packed; flash is small and so is the memory that counts them. */
export const MAX_PAYLOAD_BYTES = 128 * 1_048_576;
export const MAX_UNPACKED_BYTES = 256 * 1_048_576;

export const TARGETS = ["x64", "arm64", "armv7"] as const;
export type Target = (typeof TARGETS)[number];

/** What is signed. Unknown fields are allowed: a newer writer may say more. */
const manifestSchema = Type.Object({
  name: Type.Literal("asicd"),
  version: Type.String({ maxLength: 64 }),
  target: Type.Enum(TARGETS),
  /** Of the payload. */
  bytes: Type.Integer({ minimum: 1, maximum: MAX_PAYLOAD_BYTES }),
  sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
  /** Sum of all files of the tree. */
  unpackedBytes: Type.Integer({ minimum: 1, maximum: MAX_UNPACKED_BYTES }),
  /** Version of the settings that this release writes. */
  configVersion: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  /** Oldest version of the settings that it takes over. */
  minimumConfigVersion: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  /** Oldest Node that runs it, e.g. "20.11.0". */
  minimumNode: Type.String({ maxLength: 64 }),
  /** A few sentences for the operator. */
  notes: Type.Optional(Type.String({ maxLength: 4_000 })),
});

export type UpdateManifest = Readonly<Static<typeof manifestSchema>>;

export interface UpdateHeader {
  readonly manifest: UpdateManifest;
  /** Line 2 as it lies in the file. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** The payload begins here. */
  readonly headerBytes: number;
}

/** `start` is the file from its first byte. `undefined`: more bytes are needed. Throws UpdateError. */
export function readUpdateHeader(start: Uint8Array): UpdateHeader | undefined {
  const magic = lineAt(start, 0);
  if (magic === undefined) {
    // Said at once, not after 16 KB of something else.
    const wanted = ascii(`${UPDATE_MAGIC}\n`);
    const seen = start.subarray(0, wanted.length);
    if (!equalBytes(seen, wanted.subarray(0, seen.length))) throw noUpdate();
    return undefined;
  }
  if (text(magic.line) !== UPDATE_MAGIC) throw noUpdate();
  const signed = lineAt(start, magic.next);
  const signature = signed && lineAt(start, signed.next);
  if (signed === undefined || signature === undefined) {
    if (start.length >= MAX_HEADER_BYTES)
      throw new UpdateError("too-large", {
        path: "update file",
        problem: "its header does not end",
        allowed: `three lines of at most ${MAX_HEADER_BYTES} bytes together`,
      });
    return undefined;
  }
  return {
    manifest: parseManifest(signed.line),
    signed: signed.line.slice(),
    signature: parseSignature(signature.line),
    headerBytes: signature.next,
  };
}

/** The first of `keys` that signed the header. Throws UpdateError when none did. */
export function checkSignature(
  { signed, signature }: UpdateHeader,
  keys: readonly Uint8Array[],
): Uint8Array {
  if (keys.length === 0)
    throw new UpdateError("no-keys", {
      path: "update keys",
      problem: "this machine trusts no key, so it takes no update",
      allowed: "release.pub of the installed version, or a key in /etc/asicd/update-keys",
    });
  const signer = keys.find((key) => verifies(signature, signed, key));
  if (signer === undefined)
    throw new UpdateError("bad-signature", {
      path: "update file, line 3",
      problem: "no key that this machine trusts has signed this update",
      allowed:
        "an update signed for the installed version, or its maker's key in /etc/asicd/update-keys",
    });
  return signer;
}

/** Counts and hashes the payload while it comes. */
export class PayloadCheck {
  readonly #manifest: Pick<UpdateManifest, "bytes" | "sha256">;
  readonly #hash = sha256.create();
  #bytes = 0;

  constructor(manifest: Pick<UpdateManifest, "bytes" | "sha256">) {
    this.#manifest = manifest;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Throws UpdateError as soon as there is more than the manifest says. */
  take(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#manifest.bytes)
      throw new UpdateError("damaged", {
        path: "update file, payload",
        problem: "is longer than its manifest says",
        allowed: `${this.#manifest.bytes} bytes`,
      });
    this.#hash.update(chunk);
  }

  /** Throws UpdateError for a payload that is not what was signed. */
  finish(): void {
    if (this.#bytes < this.#manifest.bytes)
      throw new UpdateError("damaged", {
        path: "update file, payload",
        problem: `ends after ${this.#bytes} bytes`,
        allowed: `${this.#manifest.bytes} bytes`,
      });
    const found = toHex(this.#hash.digest());
    if (found !== this.#manifest.sha256)
      throw new UpdateError("damaged", {
        path: "update file, payload",
        problem: `has the SHA-256 ${found}`,
        allowed: this.#manifest.sha256,
      });
  }
}

/** The bytes that stand before the payload. Throws UpdateError for a manifest that no reader would take. */
export function writeUpdateHeader(manifest: UpdateManifest, secretKey: Uint8Array): Uint8Array {
  const line = new TextEncoder().encode(JSON.stringify(manifest));
  parseManifest(line);
  const signature = ed25519.sign(line, secretKey);
  return concatBytes(ascii(`${UPDATE_MAGIC}\n`), line, ascii(`\n${base64.encode(signature)}\n`));
}

function verifies(signature: Uint8Array, signed: Uint8Array, key: Uint8Array): boolean {
  try {
    // RFC 8032 to the letter: one signature has one form.
    return ed25519.verify(signature, signed, key, { zip215: false });
  } catch {
    return false;
  }
}

function parseManifest(line: Uint8Array): UpdateManifest {
  const where = "update file, line 2";
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch {
    throw new UpdateError("not-an-update", {
      path: where,
      problem: "is no JSON",
      allowed: "the manifest in one line",
    });
  }
  if (!Check(manifestSchema, value)) {
    const [first] = Errors(manifestSchema, value);
    throw new UpdateError("not-an-update", {
      path: `${where}${printable(first?.instancePath ?? "", 60)}`,
      problem: first?.message ?? "is no manifest",
      allowed: "a manifest as written by the packaging of asicd",
    });
  }
  for (const field of ["version", "minimumNode"] as const)
    if (!isVersion(value[field]))
      throw new UpdateError("not-an-update", {
        path: `${where}/${field}`,
        problem: `"${printable(value[field], 64)}" is no version`,
        allowed: "e.g. 1.2.3 or 1.2.3-rc.1",
      });
  return value;
}

function parseSignature(line: Uint8Array): Uint8Array {
  try {
    const signature = base64.decode(text(line));
    if (signature.length === 64) return signature;
  } catch {
    // Said below.
  }
  throw new UpdateError("not-an-update", {
    path: "update file, line 3",
    problem: "is no signature",
    allowed: "64 bytes in base64",
  });
}

function noUpdate(): UpdateError {
  return new UpdateError("not-an-update", {
    path: "update file",
    problem: "is no update of asicd",
    allowed: `asicd-<version>-linux-<target>.update, which begins with "${UPDATE_MAGIC}"`,
  });
}

const LINE_END = 0x0a;

function lineAt(
  bytes: Uint8Array,
  from: number,
): { readonly line: Uint8Array; readonly next: number } | undefined {
  const end = bytes.subarray(0, MAX_HEADER_BYTES).indexOf(LINE_END, from);
  return end < 0 ? undefined : { line: bytes.subarray(from, end), next: end + 1 };
}

function text(line: Uint8Array): string {
  return new TextDecoder().decode(line);
}

function ascii(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
