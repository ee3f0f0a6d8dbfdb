/** Why a channel is not opened: the error codes of SV2 §5.3.6, which the specification no longer lists. */
import { meetsTarget } from "../../src/bitcoin/target.ts";
import type { MiningProtocolMessage } from "../../src/sv2/protocols.ts";
import type { PoolHost } from "./host.ts";
import { checkClaim, servesStandard } from "./set-up.ts";
import { targetForRate } from "./vardiff.ts";

/** Even of a proxy; the memory of one connection is bounded by it. */
const MAX_CHANNELS = 1_000;

export type OpenRequest = Extract<
  MiningProtocolMessage,
  { name: "OpenStandardMiningChannel" | "OpenExtendedMiningChannel" }
>;

export interface ConnectionState {
  readonly openChannels: number;
  readonly requiresStandardJobs: boolean;
}

/** `undefined`: it may be opened. */
export function channelRefusal(
  request: OpenRequest,
  host: PoolHost,
  { openChannels, requiresStandardJobs }: ConnectionState,
): string | undefined {
  const { options } = host;
  const { nominalHashRate, maxTarget } = request;
  if (request.name === "OpenExtendedMiningChannel") {
    if (requiresStandardJobs) return "extended-channels-not-supported-for-standard-jobs";
    if (options.channels === "standard") return "extended-channels-not-supported";
    if (request.minExtranonceSize > options.extranonceSize) return "min-extranonce-size-too-large";
  } else if (!servesStandard(options)) {
    return "standard-channels-not-supported";
  }
  if (openChannels >= Math.min(options.quirks.get("max-channels") ?? MAX_CHANNELS, MAX_CHANNELS))
    return "channel-capacity-exhausted";
  if (!host.mayMine(request.userIdentity)) return "unknown-user";
  const problem = checkClaim(nominalHashRate, maxTarget);
  if (problem !== undefined) return problem;
  const wanted = targetForRate(nominalHashRate, options.sharesPerMinute);
  if (host.has("max-target-error") && !meetsTarget(wanted, maxTarget))
    return "max-target-out-of-range";
  return undefined;
}
