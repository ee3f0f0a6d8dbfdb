/** The chips of a board as the API shows them. */
import type { ChainSnapshot, HashrateSnapshot } from "../telemetry/snapshot.ts";
import type { ChipStatus } from "./status.ts";

const NO_RATES: HashrateSnapshot = { s5: 0, m1: 0, m5: 0, m15: 0, h24: 0 };
/** So many nonces of one chip in 15 minutes leave an error of a tenth. */
const MIN_EXPECTED_NONCES = 100;

/** `undefined` where there is no such board. */
export function chipsOf(chain: ChainSnapshot | undefined): readonly ChipStatus[] | undefined {
  if (chain === undefined) return undefined;
  const expectedHps = chain.chipsFound === 0 ? 0 : chain.nominalHps / chain.chipsFound;
  const nonces =
    chain.submitted +
    chain.belowShareTarget +
    chain.duplicate +
    chain.stale +
    chain.hardwareErrors +
    chain.unknownJob;
  const says = nonces / Math.max(1, chain.chipsFound) >= MIN_EXPECTED_NONCES;
  return Array.from({ length: chain.chipsExpected }, (_, index) => {
    const hashrateHps = chain.chipHashrateWindowsHps[index] ?? NO_RATES;
    return {
      index,
      address: null,
      hashrateHps,
      expectedHps,
      health: says && expectedHps > 0 ? hashrateHps.m15 / expectedHps : null,
    };
  });
}
