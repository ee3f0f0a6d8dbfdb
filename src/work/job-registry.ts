/** Which header stands behind a chip's job id, now and just before. */
import type { Work } from "./work.ts";

/** All headers that differ only in nonce and chip-rolled version bits. */
export interface HeaderSpace {
  readonly work: Work;
  readonly ntime: number;
  /** Version with every bit that the chips roll set to zero. */
  readonly baseVersion: number;
  /** Version bits that the chips were told to roll. */
  readonly chipMask: number;
  /** Keys of the nonces already seen, so that none is submitted twice. */
  readonly seen: Set<number>;
}

export function sameHeaders<Space extends HeaderSpace>(
  space: Space | undefined,
  work: Work,
  ntime: number,
  baseVersion: number,
  chipMask: number,
): space is Space {
  return (
    space !== undefined &&
    space.work === work &&
    space.ntime === ntime &&
    space.baseVersion === baseVersion &&
    space.chipMask === chipMask
  );
}

/** One key per header of a space: 32 bits of nonce, 16 of version (bits 13 to 28). Exact below 2^53. */
export function nonceKey(nonce: number, versionBits: number): number {
  return nonce * 65_536 + ((versionBits >>> 13) & 0xffff);
}

export class JobRegistry<Space extends HeaderSpace = HeaderSpace> {
  readonly #ids: readonly number[];
  readonly #current: (Space | undefined)[] = new Array(256);
  readonly #previous: (Space | undefined)[] = new Array(256);
  #next = 0;

  constructor(chipJobIds: readonly number[]) {
    this.#ids = chipJobIds;
  }

  /**
   * Gives the space the id that was given out longest ago. An answer to that id's earlier job may still be on its way
   * when jobs come in a burst, so the earlier job stays known as `before`.
   */
  assign(space: Space): number {
    const id = this.#ids[this.#next] ?? 0;
    this.#next = (this.#next + 1) % this.#ids.length;
    this.#previous[id] = this.#current[id];
    this.#current[id] = space;
    return id;
  }

  current(chipJobId: number): Space | undefined {
    return this.#current[chipJobId];
  }

  before(chipJobId: number): Space | undefined {
    return this.#previous[chipJobId];
  }
}
