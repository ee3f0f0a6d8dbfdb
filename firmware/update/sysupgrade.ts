/**
 * Images of the whole system belong to OpenWrt's own `sysupgrade`. They are known by what its fwtool appends (a trailer of
 * 16 bytes that begins with "FWx0", fwtool.c: struct fwimage_trailer), or by being a tar archive of a folder `sysupgrade-…`.
 */
import { closeSync, existsSync, fstatSync } from "node:fs";
import { UpdateError } from "../../src/update/update-error.ts";
import { openPlainFile, readAt } from "./update-source.ts";

const TRAILER_BYTES = 16;
const TRAILER_MAGIC = "FWx0";
/** POSIX ustar: the name begins the block, the magic stands at 257. */
const TAR_NAME = "sysupgrade-";
const TAR_MAGIC_AT = 257;

export function isSystemImage(file: string): boolean {
  const handle = openPlainFile(file);
  try {
    const { size } = fstatSync(handle);
    const ascii = (position: number, length: number) => {
      const bytes = new Uint8Array(length);
      return Buffer.from(bytes.subarray(0, readAt(handle, bytes, position))).toString("latin1");
    };
    const hasTrailer =
      size >= TRAILER_BYTES && ascii(size - TRAILER_BYTES, TRAILER_MAGIC.length) === TRAILER_MAGIC;
    return (
      hasTrailer || (ascii(0, TAR_NAME.length) === TAR_NAME && ascii(TAR_MAGIC_AT, 5) === "ustar")
    );
  } finally {
    closeSync(handle);
  }
}

/** Throws UpdateError where there is nobody who could install it. */
export function requireSysupgrade(program: string): void {
  if (!existsSync(program))
    throw new UpdateError("system-image", {
      path: "update file",
      problem: `is an image of a whole OpenWrt, and this system has no ${program}`,
      allowed: "asicd-<version>-linux-<target>.update",
    });
}
