/** What the pool checks before it talks business: the set-up of a connection, and the claims a channel is opened with. */
import type { SetupConnection } from "../../src/sv2/common-messages.ts";
import type { Decoded } from "../../src/sv2/message.ts";
import type { PoolOptions } from "./options.ts";

const MINING_PROTOCOL = 0;
export const PROTOCOL_VERSION = 2;

/** Request flags (SV2 §5.3.1). */
export const REQUIRES_STANDARD_JOBS = 0b001;
const REQUIRES_VERSION_ROLLING = 0b100;
/** Work selection is not supported, nor is what nobody has defined yet. */
const SUPPORTED_FLAGS = REQUIRES_STANDARD_JOBS | REQUIRES_VERSION_ROLLING;
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
  { leniencies, quirks }: Pick<PoolOptions, "leniencies" | "quirks">,
): SetupRefusal | undefined {
  if (quirks.has("accept-any-setup")) return undefined;
  const refuse = (errorCode: string, flags = 0) => ({
    flags: quirks.has("echo-flags-in-error") ? message.flags : flags,
    errorCode,
  });
  if (message.protocol !== MINING_PROTOCOL) return refuse("unsupported-protocol");
  if (message.minVersion > PROTOCOL_VERSION || message.maxVersion < PROTOCOL_VERSION)
    return refuse("protocol-version-mismatch");
  const unsupported = (message.flags & ~SUPPORTED_FLAGS) >>> 0;
  if (unsupported !== 0) return refuse("unsupported-feature-flags", unsupported);
  // The vendor is never empty (SV2 §3.6.1); no code for it was ever listed.
  if (message.vendor === "" && !leniencies.has("empty-vendor")) return refuse("empty-vendor");
  return undefined;
}

export function successFlags(requestFlags: number, options: PoolOptions): number {
  const { quirks } = options;
  return (
    ((quirks.has("fixed-version") ? REQUIRES_FIXED_VERSION : 0) |
      (servesStandard(options) ? 0 : REQUIRES_EXTENDED_CHANNELS) |
      (quirks.has("echo-flags") ? requestFlags : 0)) >>>
    0
  );
}

export function servesStandard({ channels, quirks }: PoolOptions): boolean {
  return channels !== "extended" && !quirks.has("require-extended");
}

/** The error code for a channel's claims, or `undefined` when they make sense. */
export function checkClaim(nominalHps: number, maxTarget: Uint8Array): string | undefined {
  if (!Number.isFinite(nominalHps) || nominalHps < 0 || Object.is(nominalHps, -0))
    return "invalid-nominal-hashrate";
  if (maxTarget.every((byte) => byte === 0)) return "max-target-out-of-range";
  return undefined;
}
