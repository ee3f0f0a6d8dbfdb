/** The memory of the search module, shared by its generator and by the code that calls it. */

/** Where things lie in the module's memory. A quad is one lane's worth of preparation, four times. */
export const layout = {
  pages: 2,
  /** Constants, four bytes each, from the data segment. */
  constants: 0,
  /** Four first nonces. */
  nonces: 1024,
  /** One word per group of four that has a hit: group << 4 | lanes. */
  hits: 2048,
  quads: 8192,
  quadBytes: 512,
  /** Offsets inside a quad, all four lanes of a word together. */
  stateAfter3: 0,
  midstate: 128,
  schedule16: 256,
} as const;

export const quadCapacity = Math.floor((layout.pages * 65536 - layout.quads) / layout.quadBytes);
