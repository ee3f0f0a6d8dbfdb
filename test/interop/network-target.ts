/** Network targets that a simulated device can meet now and then. */
import { compactFromTarget, targetFromBigInt } from "../../src/bitcoin/target.ts";

/** In compact form, such that one of `hashes` hashes is a block on average. */
export function nbitsForOneIn(hashes: number): number {
  return compactFromTarget(targetFromBigInt(2n ** 256n / BigInt(Math.ceil(hashes))));
}
