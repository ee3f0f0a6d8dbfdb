/** What the pool checks before it talks business: the set-up of a connection, and the claims a channel is opened with. */

import type { SetupConnection } from "../../src/sv2/common-messages.ts";
import type { Decoded } from "../../src/sv2/message.ts";
import type { PoolOptions } from "./options.ts";
import type { Quirks } from "./quirks.ts";

const MINING_PROTOCOL = 0;
const PROTOCOL_VERSION = 2;
/** Request flags (SV2 §5.3.1). Work selection is not supported, nor is what nobody has defined yet. */
const SUPPORTED_FLAGS = 0b101;
/** Success flags have other meanings. */
const REQUIRES_FIXED_VERSION = 0b01;
const REQUIRES_EXTENDED_CHANNELS = 0b10;

export interface SetupRefusal {
  /** The unsupported ones among the request's flags; 0 when something else is wrong. */
  readonly flags: number;
  readonly errorCode: string;
}

/** `undefined` when the device may go on. */
export function checkSetup(
  message: Decoded<typeof SetupConnection>,
  { leniencies }: Pick<PoolOptions, "leniencies">,
): SetupRefusal | undefined {
  if (message.protocol !== MINING_PROTOCOL) return { flags: 0, errorCode: "unsupported-protocol" };
  if (message.minVersion > PROTOCOL_VERSION || message.maxVersion < PROTOCOL_VERSION)
    return { flags: 0, errorCode: "protocol-version-mismatch" };
  const unsupported = (message.flags & ~SUPPORTED_FLAGS) >>> 0;
  if (unsupported !== 0) return { flags: unsupported, errorCode: "unsupported-feature-flags" };
  // The vendor is never empty (SV2 §3.6.1); no code for it was ever listed.
  if (message.vendor === "" && !leniencies.has("empty-vendor"))
    return { flags: 0, errorCode: "empty-vendor" };
  return undefined;
}

export function successFlags(requestFlags: number, quirks: Quirks): number {
  return (
    (quirks.has("fixed-version") ? REQUIRES_FIXED_VERSION : 0) |
    (quirks.has("require-extended") ? REQUIRES_EXTENDED_CHANNELS : 0) |
    (quirks.has("echo-flags") ? requestFlags : 0)
  );
}

/** The error code for a channel's claims, or `undefined` when they make sense. */
export function checkClaim(nominalHps: number, maxTarget: Uint8Array): string | undefined {
  if (!Number.isFinite(nominalHps) || nominalHps < 0 || Object.is(nominalHps, -0))
    return "invalid-nominal-hashrate";
  if (maxTarget.every((byte) => byte === 0)) return "max-target-out-of-range";
  return undefined;
}
