/** Is there enough to search? Headers that a channel offers per second of ntime against what a chain hashes. */

export interface SearchDemand {
  /** Nominal rate of the chain, H/s. */
  readonly nominalHps: number;
  /** Share of the 2^32 nonces that the chain covers per version, 0 to 1. */
  readonly nonceCoverage: number;
  /** Version bits that the chain's chips roll by themselves. */
  readonly chipVersionBits: number;
  /** Version bits that the host can step between jobs. */
  readonly hostVersionBits: number;
  /** Until the chips have searched one job and silently repeat it, ms. */
  readonly epochMs: number;
  /** Channels whose jobs the chain works on in turn. */
  readonly channels: number;
  /** The channel's extranonce can be rolled: as many jobs as can be handed to the chips. */
  readonly rollsExtranonce: boolean;
}

/** Jobs that a chain can be given per second: one per look of the scheduler, every 20 ms. */
const MAX_JOBS_PER_SECOND = 50;

export interface SearchSpace {
  /** Different headers on offer per second of ntime. */
  readonly headersPerSecond: number;
  /** Share of the work that repeats earlier work, 0 to 1. */
  readonly repeatedWork: number;
  /** For the operator; absent when there is enough. */
  readonly reason?: string;
}

/**
 * Pure comparison of supply and demand. Two estimates of how fast a chain runs through a job disagree by a factor of
 * two in the open material (MHz × small cores against the hash counting number): the worse one counts [?].
 */
export function searchSpace(demand: SearchDemand): SearchSpace {
  const jobs = demand.rollsExtranonce
    ? MAX_JOBS_PER_SECOND
    : demand.channels * 2 ** demand.hostVersionBits;
  const headersPerSecond =
    jobs * 2 ** demand.chipVersionBits * 2 ** 32 * Math.min(1, demand.nonceCoverage);
  const byRate = 1 - headersPerSecond / demand.nominalHps;
  const byEpoch = 1 - (jobs * demand.epochMs) / 1_000;
  const repeatedWork = Math.max(0, byRate, byEpoch);
  if (repeatedWork === 0) return { headersPerSecond, repeatedWork };
  const percent = (100 * repeatedWork).toFixed(repeatedWork < 0.1 ? 1 : 0);
  return {
    headersPerSecond,
    repeatedWork,
    reason: `search space exhausted, ${percent} % of work repeats`,
  };
}

/** More channels than this for one chain would be a strange pool's patience to rely on. */
export const MAX_CHANNELS_PER_CHAIN = 4;

export type SpacePlan =
  | {
      readonly usable: true;
      readonly channels: number;
      /** Version bits that the host has to step between jobs; 0 unless channels alone do not suffice. */
      readonly hostVersionBits: number;
      readonly space: SearchSpace;
    }
  | { readonly usable: false; readonly reason: string };

/**
 * What a chain needs of a pool. Remedies against a shortfall, in this order: more channels, then version bits that the
 * host steps (BIP323, where the operator allowed it). Where the extranonce rolls, one channel is all that could help. With a
 * fixed version a standard channel holds 2^32 headers per second, so a faster chain cannot be served at all.
 */
export function planSearchSpace(
  demand: Omit<SearchDemand, "channels">,
  maxChannels = MAX_CHANNELS_PER_CHAIN,
): SpacePlan {
  const fixedVersion = demand.chipVersionBits + demand.hostVersionBits === 0;
  const limitHps = 2 ** 32 * (demand.rollsExtranonce ? MAX_JOBS_PER_SECOND : 1);
  if (fixedVersion && demand.nominalHps > limitHps) {
    const nominal = (demand.nominalHps / 1e9).toFixed(1);
    const limit = (limitHps / 1e9).toFixed(1);
    const by = demand.rollsExtranonce
      ? "to a chain, however the extranonce is rolled"
      : "per standard channel";
    return {
      usable: false,
      reason: `the server demands a fixed version, which leaves ${limit} GH/s ${by}; this chain makes ${nominal} GH/s`,
    };
  }
  if (demand.rollsExtranonce)
    return {
      usable: true,
      channels: 1,
      hostVersionBits: 0,
      space: searchSpace({ ...demand, channels: 1 }),
    };
  const remedies = demand.hostVersionBits === 0 ? [0] : [0, demand.hostVersionBits];
  let best: SpacePlan | undefined;
  for (const hostVersionBits of remedies) {
    for (let channels = 1; channels <= maxChannels; channels++) {
      const space = searchSpace({ ...demand, hostVersionBits, channels });
      if (best === undefined || !best.usable || space.repeatedWork < best.space.repeatedWork) {
        best = { usable: true, channels, hostVersionBits, space };
      }
      if (space.repeatedWork === 0) return best;
    }
  }
  return best ?? { usable: false, reason: "no channel may be opened" };
}
