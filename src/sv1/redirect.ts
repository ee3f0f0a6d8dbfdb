/** Whether client.reconnect is followed: hash power and a password would go along, and nobody signs the message. */
import { judgeRedirect } from "../upstream/redirect.ts";
import type { ReconnectRequest } from "./messages.ts";

/** Followed in a row; after that the present connection is kept. */
const MAX_REDIRECTS = 5;
const MAX_WAIT_MS = 60_000;

export interface RedirectRules {
  /** The host that the operator wrote. */
  readonly configuredHost: string;
  readonly current: { readonly host: string; readonly port: number };
  /** Hosts that the operator allows besides. */
  readonly allowed: readonly string[];
  /** Redirects followed since the pool last proved well. */
  readonly followed: number;
}

export type RedirectDecision =
  | {
      readonly follow: true;
      readonly host: string;
      readonly port: number;
      readonly waitMs: number;
    }
  | { readonly follow: false; readonly reason: string };

/** Pure; the caller keeps the connection as it is when the answer is no. */
export function decideRedirect(request: ReconnectRequest, rules: RedirectRules): RedirectDecision {
  if (rules.followed >= MAX_REDIRECTS)
    return { follow: false, reason: `redirected more than ${MAX_REDIRECTS} times in a row` };
  // Plaintext is what most of Stratum V1 is: the rule that SV2 has for it would forbid nearly every redirect. TLS, where
  // the operator asked for it, stays whatever the decision.
  const configured = { host: rules.configuredHost, port: 0, authorityKey: undefined, secure: true };
  const asked = { newHost: request.host ?? "", newPort: request.port ?? 0 };
  const verdict = judgeRedirect(configured, rules.current, asked, rules);
  if (!verdict.follow) return verdict;
  return { ...verdict, waitMs: Math.min(MAX_WAIT_MS, request.waitS * 1_000) };
}
