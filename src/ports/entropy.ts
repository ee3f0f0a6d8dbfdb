export interface Entropy {
  /** Cryptographically secure random bytes. */
  randomBytes(length: number): Uint8Array;
  /** Uniform in [0, 1): for jitter only. */
  fraction(): number;
}
