/** What the operator decides about one Stratum V1 pool. */
import type { V1Endpoint } from "../upstream/pool-address.ts";
import type { SuggestedDifficulty } from "./suggestion.ts";

export interface V1Options {
  readonly endpoint: V1Endpoint;
  readonly user: string;
  readonly password: string;
  /** Name and version, "asicd/1.2.3". */
  readonly userAgent: string;
  /** Bits that the chips or we can change; what the server allows may be less. */
  readonly versionMask: number;
  /** Asked for with mining.configure (BIP310). */
  readonly minDifficulty?: number;
  /** "auto": as fits the hash rate. */
  readonly suggestDifficulty?: SuggestedDifficulty;
  /** Whether the server may change the extranonce under way; some close the connection when they are asked. */
  readonly subscribeExtranonce: boolean;
  readonly silenceMs?: number;
  /** Hosts that client.reconnect may name besides those of the configured one's domain. */
  readonly redirects: { readonly allowed: readonly string[] };
}
