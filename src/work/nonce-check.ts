/** From what a chip reported to what it is worth: every nonce is hashed again before anything else believes it. */
import { hashHeader } from "../bitcoin/header.ts";
import { leadingZeroBits, meetsTarget } from "../bitcoin/target.ts";
import { type HeaderSpace, type JobRegistry, nonceKey } from "./job-registry.ts";

export type NonceOutcome =
  | "submit"
  | "below-share-target"
  | "duplicate"
  | "stale"
  | "hardware-error"
  | "unknown-job";

/** Checks nonces of one chain. `space` and `hash` of the last nonce stay readable until the next call. */
export class NonceCheck<Space extends HeaderSpace = HeaderSpace> {
  readonly #registry: JobRegistry<Space>;
  readonly #ticketZeroBits: number;
  readonly #header = new Uint8Array(80);
  readonly #view = new DataView(this.#header.buffer);
  /** The headers that the nonce belongs to, when it was found in any. */
  space: Space | undefined;
  hash: Uint8Array = new Uint8Array(32);
  version = 0;

  constructor(registry: JobRegistry<Space>, ticketZeroBits: number) {
    this.#registry = registry;
    this.#ticketZeroBits = ticketZeroBits;
  }

  check(chipJobId: number, nonce: number, versionBits: number): NonceOutcome {
    this.space = this.#registry.current(chipJobId);
    if (this.space === undefined) return "unknown-job";
    if (!this.#meetsTicket(this.space, nonce, versionBits)) {
      // The id may have been given to a newer job while the answer was on its way.
      const before = this.#registry.before(chipJobId);
      if (before === undefined || !this.#meetsTicket(before, nonce, versionBits)) {
        return "hardware-error";
      }
      this.space = before;
    }
    const space = this.space;
    const key = nonceKey(nonce, versionBits);
    if (space.seen.has(key)) return "duplicate";
    space.seen.add(key);
    if (!space.work.tip.live) return "stale";
    if (!meetsTarget(this.hash, space.work.target)) return "below-share-target";
    const share = shareKey(nonce, space.ntime, this.version);
    if (space.work.submitted.has(share)) return "duplicate";
    space.work.submitted.add(share);
    return "submit";
  }

  #meetsTicket(space: HeaderSpace, nonce: number, versionBits: number): boolean {
    // A chip that rolls bits it was not given is broken, however good the hash: the pool would reject the share.
    if ((versionBits & ~space.chipMask) !== 0) return false;
    const view = this.#view;
    this.version = (space.baseVersion | versionBits) >>> 0;
    view.setUint32(0, this.version, true);
    this.#header.set(space.work.tip.prevHash, 4);
    this.#header.set(space.work.merkleRoot, 36);
    view.setUint32(68, space.ntime, true);
    view.setUint32(72, space.work.tip.nbits, true);
    view.setUint32(76, nonce, true);
    this.hash = hashHeader(this.#header);
    return leadingZeroBits(this.hash) >= this.#ticketZeroBits;
  }
}

/** Six characters of 16 bits: 52 bytes in a set, where decimal digits stay in the pieces that they were put together from (211). */
function shareKey(nonce: number, ntime: number, version: number): string {
  return String.fromCharCode(
    nonce >>> 16,
    nonce & 0xffff,
    ntime >>> 16,
    ntime & 0xffff,
    version >>> 16,
    version & 0xffff,
  );
}
