/** A tar archive of a few small files (POSIX ustar). */

const BLOCK = 512;

export interface TarFile {
  /** ASCII, at most 99 characters. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export function tarOf(files: readonly TarFile[], unixSeconds: number): Uint8Array {
  const parts = files.flatMap(({ name, bytes }) => [
    header(name, bytes.length, unixSeconds),
    bytes,
    new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK),
  ]);
  // Two empty blocks are the end.
  return new Uint8Array(Buffer.concat([...parts, new Uint8Array(2 * BLOCK)]));
}

/** [field, offset, length, text]; numbers in octal. */
function header(name: string, size: number, unixSeconds: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) =>
    Math.floor(value).toString(8).padStart(digits, "0");
  const fields: readonly (readonly [number, string])[] = [
    [0, name.slice(0, 99)],
    [100, "0000600"],
    [108, "0000000"],
    [116, "0000000"],
    [124, octal(size, 11)],
    [136, octal(Math.max(0, unixSeconds), 11)],
    // The checksum counts its own field as blanks.
    [148, " ".repeat(8)],
    [156, "0"],
    [257, "ustar"],
    [263, "00"],
    [265, "asicd"],
  ];
  for (const [offset, text] of fields) block.write(text, offset, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, "latin1");
  return block;
}
