/**
 * What was sent for each previous hash, merkle root and version: a job announced again, under whatever id, is the same
 * headers, and so is one on a tip that comes back.
 */

/** Jobs whose shares are remembered: at one every few seconds, an hour. */
const MAX_REMEMBERED_JOBS = 1_024;
/** Of all jobs together, some 50 bytes each: at a share a second, most of a day. */
const MAX_REMEMBERED_SHARES = 65_536;

export class SubmittedShares {
  readonly #ofJob = new Map<string, JobShares>();
  #count = 0;

  /** The shares sent for these headers, to be added to; it becomes the last to be forgotten. */
  of(prevHash: Uint8Array, merkleRoot: Uint8Array, version: number): Set<string> {
    const key = keyOf(prevHash, merkleRoot, version);
    const submitted = this.#ofJob.get(key) ?? new JobShares(this.#added);
    this.#ofJob.delete(key);
    this.#ofJob.set(key, submitted);
    if (this.#ofJob.size > MAX_REMEMBERED_JOBS) this.#forgetOldestJob();
    return submitted;
  }

  #forgetOldestJob(): void {
    for (const [key, submitted] of this.#ofJob) {
      this.#ofJob.delete(key);
      this.#count -= submitted.size;
      submitted.onAdded = undefined;
      return;
    }
  }

  readonly #added = (): void => {
    if (++this.#count <= MAX_REMEMBERED_SHARES) return;
    for (const submitted of this.#ofJob.values()) {
      if (submitted.size === 0) continue;
      this.#count -= submitted.size;
      submitted.clear();
      return;
    }
  };
}

/** A character per byte: 0.4 kB for each job with its set, where hexadecimal digits stay in 140 pieces (1.9 kB). */
function keyOf(prevHash: Uint8Array, merkleRoot: Uint8Array, version: number): string {
  const { buffer } = Uint32Array.of(version);
  return String.fromCharCode(...prevHash, ...merkleRoot, ...new Uint8Array(buffer));
}

/** Filled by whoever checks nonces; says so, because all jobs share one bound. */
class JobShares extends Set<string> {
  onAdded: (() => void) | undefined;

  constructor(onAdded: () => void) {
    super();
    this.onAdded = onAdded;
  }

  override add(share: string): this {
    const before = this.size;
    super.add(share);
    if (this.size > before) this.onAdded?.();
    return this;
  }
}
