/** Version bits as search space: who may change which. */

export function bitCount(mask: number): number {
  let bits = 0;
  for (let rest = mask >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) bits++;
  return bits;
}

export interface VersionShare {
  /** Mask bits that the chips roll by themselves. */
  readonly chipMask: number;
  /** Mask bits that the chips cannot reach and the host may step, job by job. */
  readonly hostMask: number;
  /** Mask bits fixed for this chain so that its space and the other chains' do not meet. */
  readonly fixedBits: number;
}

/**
 * The part of a version mask that chain `index` of `parts` may search: the topmost chip bits number the chains.
 * Throws RangeError when the mask has fewer values than there are chains.
 */
export function shareOfVersionSpace(
  versionMask: number,
  rollableMask: number,
  parts: number,
  index: number,
): VersionShare {
  let chipMask = (versionMask & rollableMask) >>> 0;
  const hostMask = (versionMask & ~rollableMask) >>> 0;
  const bitsNeeded = Math.ceil(Math.log2(parts));
  if (bitsNeeded > bitCount(chipMask)) {
    throw new RangeError(
      `version mask 0x${versionMask.toString(16)} cannot be split ${parts} ways`,
    );
  }
  let fixedBits = 0;
  for (let taken = 0, rest = index; taken < bitsNeeded; taken++, rest >>>= 1) {
    const top = (1 << (31 - Math.clz32(chipMask))) >>> 0;
    chipMask = (chipMask & ~top) >>> 0;
    if (rest & 1) fixedBits = (fixedBits | top) >>> 0;
  }
  return { chipMask, hostMask, fixedBits };
}

/** The `counter`-th value of the mask's bits, lowest bit first; wraps. */
export function spreadOverMask(mask: number, counter: number): number {
  let value = 0;
  let rest = counter;
  for (let left = mask >>> 0; left !== 0 && rest !== 0; rest = Math.floor(rest / 2)) {
    const low = (left & -left) >>> 0;
    if (rest % 2 === 1) value = (value | low) >>> 0;
    left = (left & ~low) >>> 0;
  }
  return value;
}
