/** How much slower than the real machine a simulated one hashes, so that this host can do every hash of it. */

/**
 * The smallest power of two by which the nominal rate must be divided to need no more than half of what the host can
 * hash. Both in hashes per second, of all chains and of all workers together. Throws RangeError for a host without speed.
 */
export function chooseScale(nominalHps: number, hostHps: number): number {
  if (!(hostHps > 0)) throw new RangeError(`host: ${hostHps} H/s; allowed: more than zero`);
  let scale = 1;
  while (nominalHps / scale > hostHps / 2) scale *= 2;
  return scale;
}

/** Leading zero bits that keep the reports per second of a real chip at this scale; 0 beyond a scale of 2^32. */
export function requiredZeroBitsAt(scale: number): number {
  return Math.max(0, 32 - Math.log2(scale));
}
