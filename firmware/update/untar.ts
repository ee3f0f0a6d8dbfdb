/** Reads a tar archive as its bytes come: regular files and folders of POSIX ustar, everything else is refused. */
import { printable } from "../../src/lib/bytes.ts";
import { UpdateError } from "../../src/update/update-error.ts";

const BLOCK = 512;
const MAX_PATH = 200;
const MAX_FILES = 5_000;

export interface TarEntry {
  /** Relative, of plain names only. */
  readonly path: string;
  readonly bytes: number;
  readonly isExecutable: boolean;
}

export interface TarSink {
  /** Begins a file; its bytes follow. */
  begin(entry: TarEntry): void;
  take(bytes: Uint8Array): void;
  end(): void;
}

export class TarReader {
  readonly #sink: TarSink;
  readonly #maxBytes: number;
  readonly #block = new Uint8Array(BLOCK);
  readonly #seen = new Set<string>();
  #filled = 0;
  /** Of the file that is being read. */
  #left = 0;
  #padding = 0;
  #emptyBlocks = 0;
  #bytes = 0;

  /** `maxBytes`: of all files together. */
  constructor(sink: TarSink, maxBytes: number) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
  }

  /** Throws UpdateError for what an update may not hold. */
  take(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left > 0) {
        const part = rest.subarray(0, this.#left);
        this.#sink.take(part);
        this.#left -= part.length;
        rest = rest.subarray(part.length);
        if (this.#left === 0) this.#sink.end();
        continue;
      }
      if (this.#padding > 0) {
        const skipped = Math.min(this.#padding, rest.length);
        this.#padding -= skipped;
        rest = rest.subarray(skipped);
        continue;
      }
      const part = rest.subarray(0, BLOCK - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      rest = rest.subarray(part.length);
      if (this.#filled === BLOCK) {
        this.#filled = 0;
        this.#header(this.#block);
      }
    }
  }

  /** Throws UpdateError for an archive that ends too early. */
  finish(): void {
    if (this.#left > 0 || this.#emptyBlocks < 2) throw bad("the archive", "ends too early");
  }

  #header(block: Uint8Array): void {
    if (block.every((byte) => byte === 0)) {
      this.#emptyBlocks++;
      return;
    }
    if (this.#emptyBlocks > 0) throw bad("the archive", "goes on after its end");
    const magic = text(block, 257, 5);
    if (magic !== "ustar" || octal(block, 148, 8) !== sumOf(block))
      throw bad("the archive", "is damaged");
    const prefix = text(block, 345, 155);
    const name = text(block, 0, 100);
    const path = checkedPath((prefix === "" ? name : `${prefix}/${name}`).replace(/\/$/, ""));
    const type = text(block, 156, 1);
    if (type === "5") return;
    if (path === "." || (type !== "0" && type !== ""))
      throw bad(path, `is of type "${printable(type, 1)}"`, "regular files and folders");
    const bytes = octal(block, 124, 12);
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes)
      throw bad(path, "makes it larger than its manifest says", `${this.#maxBytes} bytes`);
    if (this.#seen.has(path)) throw bad(path, "is there twice");
    this.#seen.add(path);
    if (this.#seen.size > MAX_FILES) throw bad("the archive", "has too many files", `${MAX_FILES}`);
    this.#left = bytes;
    this.#padding = (BLOCK - (bytes % BLOCK)) % BLOCK;
    this.#sink.begin({ path, bytes, isExecutable: (octal(block, 100, 8) & 0o111) !== 0 });
    if (bytes === 0) this.#sink.end();
  }
}

/** Without the "./" that tar puts there. */
function checkedPath(path: string): string {
  const plain = path.replace(/^(\.\/)+/, "");
  if (plain === ".") return plain;
  const names = plain.split("/");
  const isPlain =
    plain.length <= MAX_PATH &&
    names.every((name) => /^[0-9A-Za-z_@+.-]+$/.test(name) && name !== "." && name !== "..");
  if (!isPlain)
    throw bad(
      printable(path, 80),
      "may lead out of the version's folder",
      `relative paths of letters, digits and _@+.- with at most ${MAX_PATH} characters`,
    );
  return plain;
}

function sumOf(block: Uint8Array): number {
  let sum = 0;
  // The checksum counts its own field as blanks.
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : (block[i] ?? 0);
  return sum;
}

function octal(block: Uint8Array, offset: number, length: number): number {
  const digits = text(block, offset, length).trim();
  if (!/^[0-7]{1,11}$/.test(digits)) throw bad("the archive", "is damaged");
  return Number.parseInt(digits, 8);
}

function text(block: Uint8Array, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString("latin1");
}

function bad(path: string, problem: string, allowed?: string): UpdateError {
  return new UpdateError("damaged", {
    path: `update file, payload: ${path}`,
    problem,
    ...(allowed === undefined ? {} : { allowed }),
  });
}
