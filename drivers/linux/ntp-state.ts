/**
 * Whether somebody keeps this machine's clock right. The kernel knows (adjtimex(2), through `koffi`): every NTP client
 * that disciplines the clock clears STA_UNSYNC, setting it by hand sets that bit again, and so does the kernel when it
 * has not heard of a client for some nine hours. Without koffi the file that systemd-timesyncd leaves is asked.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ClockSync } from "../../src/lib/trusted-time.ts";

export interface NtpState {
  /** Takes microseconds and never throws. */
  read(): ClockSync;
  /** Who is asked: "adjtimex", or a path. */
  readonly source: string;
}

/** adjtimex(2): fills a struct timex and returns the clock's state, below zero for an error. */
export type Adjtimex = (timex: Uint8Array) => number;

export interface NtpStateOptions {
  /** In front of /run. */
  readonly root?: string;
  /** koffi's, unless told; `undefined`: there is none. */
  readonly adjtimex?: Adjtimex | undefined;
  readonly wordBytes?: 4 | 8;
}

/** Never rejects: where nothing can be asked, the state is "unknown". */
export async function openNtpState(options: NtpStateOptions = {}): Promise<NtpState> {
  const { root = "/", wordBytes = wordBytesOf(process.arch) } = options;
  const adjtimex = "adjtimex" in options ? options.adjtimex : await loadAdjtimex();
  if (adjtimex !== undefined && stateOfKernel(adjtimex, wordBytes) !== "unknown")
    return { source: "adjtimex", read: () => stateOfKernel(adjtimex, wordBytes) };
  const folder = join(root, TIMESYNC);
  return { source: folder, read: () => stateOfTimesyncd(folder) };
}

/** `undefined` where koffi is not installed, has no binary for this platform, or libc has no adjtimex. */
export async function loadAdjtimex(): Promise<Adjtimex | undefined> {
  try {
    const { default: koffi } = await import("koffi");
    const adjtimex = koffi.load(null).func("int adjtimex(void *timex)");
    return (timex) => adjtimex(timex);
  } catch {
    return undefined;
  }
}

/** Of a struct timex with `modes` 0, which asks and changes nothing. `wordBytes`: of a C long. */
export function syncOfTimex(result: number, timex: Uint8Array, wordBytes: 4 | 8): ClockSync {
  if (result < 0) return "unknown"; // no such call, or a container forbids it
  const view = new DataView(timex.buffer, timex.byteOffset, timex.byteLength);
  const status = view.getInt32(STATUS_OFFSET[wordBytes], LITTLE);
  return result === TIME_ERROR || (status & STA_UNSYNC) !== 0 ? "unsynchronised" : "synchronised";
}

function stateOfKernel(adjtimex: Adjtimex, wordBytes: 4 | 8): ClockSync {
  const timex = new Uint8Array(TIMEX_LENGTH);
  return syncOfTimex(adjtimex(timex), timex, wordBytes);
}

/** The file appears with the first synchronisation since the start of the machine; the folder, with the service. */
function stateOfTimesyncd(folder: string): ClockSync {
  if (existsSync(join(folder, "synchronized"))) return "synchronised";
  return existsSync(folder) ? "unsynchronised" : "unknown";
}

function wordBytesOf(arch: string): 4 | 8 {
  return ["arm", "ia32", "mips", "mipsel", "ppc"].includes(arch) ? 4 : 8;
}

const TIMESYNC = "run/systemd/timesync";
const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
/** More than any struct timex: 208 bytes with 64-bit words, 128 with 32-bit words. */
const TIMEX_LENGTH = 512;
/**
 * <sys/timex.h>: unsigned modes; long offset, freq, maxerror, esterror; int status. With words of 64 bits there are four
 * bytes of padding after `modes`. Time of 64 bits on a machine of 32 changes only what comes later.
 */
const STATUS_OFFSET = { 4: 20, 8: 40 } as const;
/** Bit of `status`. */
const STA_UNSYNC = 0x0040;
/** Result: the clock is not synchronised, or the call's source of time failed. */
const TIME_ERROR = 5;
