/** SetupConnection and what its answer means (SV2 §3.6.1–§3.6.3, §5.3.1): decisions only, the connection acts. */
import { printable } from "../lib/bytes.ts";
import type { Frame } from "../sv2/codec.ts";
import { SetupConnection } from "../sv2/common-messages.ts";
import { encodeMessage, type MiningProtocolMessage } from "../sv2/protocols.ts";
import type { DeviceIdentity, PoolEndpoint } from "./endpoint.ts";

/** SV2 §3: the mining protocol, version 2. */
const MINING_PROTOCOL = 0;
const PROTOCOL_VERSION = 2;

/** SetupConnection flags of the mining protocol (SV2 §5.3.1). */
const REQUIRES_STANDARD_JOBS = 1 << 0;
const REQUIRES_VERSION_ROLLING = 1 << 2;
/** SetupConnection.Success flags: other meanings, same bits. */
const REQUIRES_FIXED_VERSION = 1 << 0;
const REQUIRES_EXTENDED_CHANNELS = 1 << 1;

/** Some servers echo our flags in any error, so that the code decides. */
const REFUSES_FLAGS = "unsupported-feature-flags";

export interface SetupRequest {
  readonly endpoint: PoolEndpoint;
  readonly identity: DeviceIdentity;
  /** Whether we will open standard channels only (flag bit 0). */
  readonly standardJobs: boolean;
  /** Whether the chips rely on version rolling (flag bit 2). */
  readonly versionRolling: boolean;
}

export function setupFrame(request: SetupRequest): Frame {
  const { endpoint, identity, standardJobs, versionRolling } = request;
  return encodeMessage(SetupConnection, {
    protocol: MINING_PROTOCOL,
    minVersion: PROTOCOL_VERSION,
    maxVersion: PROTOCOL_VERSION,
    flags:
      (standardJobs ? REQUIRES_STANDARD_JOBS : 0) | (versionRolling ? REQUIRES_VERSION_ROLLING : 0),
    endpointHost: endpoint.host,
    endpointPort: endpoint.port,
    ...identity,
  });
}

export type SetupVerdict =
  | {
      readonly good: true;
      /** The server accepts no version but the job's own. */
      readonly fixedVersion: boolean;
      /** It does so although version rolling was required. */
      readonly contradicts: boolean;
    }
  | {
      readonly good: false;
      readonly reason: string;
      /** The same set-up without standard jobs may be good. */
      readonly wantsExtended: boolean;
    };

/** `undefined`: the message is no answer to the set-up. */
export function judgeSetupAnswer(
  message: MiningProtocolMessage,
  { standardJobs, versionRolling }: SetupRequest,
): SetupVerdict | undefined {
  if (message.name === "SetupConnection.Success") {
    const { usedVersion, flags } = message;
    if (usedVersion !== PROTOCOL_VERSION) {
      const reason = `the server chose protocol version ${usedVersion}, offered was ${PROTOCOL_VERSION}`;
      return { good: false, reason, wantsExtended: false };
    }
    if ((flags & REQUIRES_EXTENDED_CHANNELS) !== 0 && standardJobs) {
      const reason = "the server refuses standard channels (REQUIRES_EXTENDED_CHANNELS)";
      return { good: false, reason, wantsExtended: true };
    }
    const fixedVersion = (flags & REQUIRES_FIXED_VERSION) !== 0;
    return { good: true, fixedVersion, contradicts: fixedVersion && versionRolling };
  }
  if (message.name !== "SetupConnection.Error") return undefined;
  const { errorCode, flags } = message;
  const isOverStandardJobs =
    errorCode === REFUSES_FLAGS && (flags === 0 || (flags & REQUIRES_STANDARD_JOBS) !== 0);
  return {
    good: false,
    reason: `the server refused the set-up: ${printable(errorCode)}`,
    wantsExtended: standardJobs && isOverStandardJobs,
  };
}
