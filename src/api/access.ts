/** Who may do what over HTTP, as one decision: everything that a request shows of itself goes in, yes or a reason comes out. */
import type { Actor, Scope } from "./device.ts";
import { decideHost, sameOrigin } from "./host-check.ts";

/** open: everybody, also without login; public-read: everybody while `api.publicRead`, else from scope read on. */
export type RouteAccess = "open" | "public-read" | Scope;

export type Credentials =
  | { readonly is: "none" }
  /** Over the Unix socket, whose file only root and asicd may open. */
  | { readonly is: "local" }
  | { readonly is: "session" }
  | { readonly is: "token"; readonly name: string; readonly scope: Scope }
  /** Something was shown that opens nothing, with the reason for people. */
  | { readonly is: "bad"; readonly text: string };

export interface AccessQuestion {
  readonly access: RouteAccess;
  /** Changes something. */
  readonly writes: boolean;
  /** The one write that is there before a password is set: setting it. */
  readonly setsPassword: boolean;
  readonly method: string;
  /** Headers as they came. */
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  readonly contentType: string | undefined;
  /** Wants a file instead of JSON. */
  readonly takesFile?: boolean;
  readonly credentials: Credentials;
  readonly address: string;
  /** Names besides addresses and localhost under which this machine is opened. */
  readonly hosts: readonly string[];
  readonly publicRead: boolean;
  readonly passwordSet: boolean;
}

export interface Refusal {
  readonly is: "refused";
  readonly status: 401 | 403 | 415;
  readonly code: string;
  readonly text: string;
}

export type AccessDecision = { readonly is: "allowed"; readonly actor: Actor } | Refusal;

const RANK: Readonly<Record<Scope, number>> = { read: 1, control: 2, admin: 3 };

export function decideAccess(question: AccessQuestion): AccessDecision {
  const { credentials, writes } = question;
  return (
    (credentials.is === "local" ? undefined : foreign(question)) ??
    (writes ? notWritable(question) : undefined) ??
    withFile(question, identify(question))
  );
}

/** No form of another page can send this type either. */
function withFile(
  { takesFile, contentType }: AccessQuestion,
  decision: AccessDecision,
): AccessDecision {
  const isFile = /^application\/octet-stream\s*(;|$)/i.test(contentType ?? "");
  if (takesFile !== true || isFile || decision.is === "refused") return decision;
  return refusal(415, "not-a-file", "Content-Type must be application/octet-stream");
}

/** A page of somebody else, in the browser of somebody who may do more than its author. */
function foreign({ host, origin, fetchSite, hosts }: AccessQuestion): Refusal | undefined {
  const named = decideHost(host, hosts);
  if (named !== undefined) return named;
  if (origin !== undefined && !sameOrigin(origin, host))
    return refusal(403, "origin-not-allowed", "This request comes from another site's page");
  if (fetchSite === "cross-site" || fetchSite === "same-site")
    return refusal(403, "origin-not-allowed", "This request comes from another site's page");
  return undefined;
}

function notWritable(question: AccessQuestion): Refusal | undefined {
  const { passwordSet, setsPassword, method, contentType, takesFile } = question;
  if (!passwordSet && !setsPassword)
    return refusal(
      403,
      "password-not-set",
      "Nothing can be changed before a password is set: on the page, with POST /api/v1/password, or with asicd passwd",
    );
  // What a form of another page can send, and this cannot: it would have to ask first.
  const isJson = /^application\/json\s*(;|$)/i.test(contentType ?? "");
  if (method !== "DELETE" && takesFile !== true && !isJson)
    return refusal(415, "not-json", "Content-Type must be application/json");
  return undefined;
}

function identify(question: AccessQuestion): AccessDecision {
  const { access, credentials, publicRead, address } = question;
  if (credentials.is === "local") return allowed({ name: "cli", scope: "admin" });
  const actor = actorOf(credentials, address);
  if (access === "open") return allowed(actor ?? { name: address, scope: "read" });
  // A token that is no longer good is told so wherever it is shown.
  if (credentials.is === "bad") return refusal(401, "login-needed", credentials.text);
  if (actor === undefined) {
    if (access === "public-read" && publicRead) return allowed({ name: address, scope: "read" });
    return refusal(401, "login-needed", "Log in with POST /api/v1/session, or send a token");
  }
  const needed = access === "public-read" ? "read" : access;
  if (RANK[actor.scope] >= RANK[needed]) return allowed(actor);
  return refusal(
    403,
    "scope-too-small",
    `${actor.name} has scope ${actor.scope}; this takes ${needed}`,
  );
}

function actorOf(credentials: Credentials, address: string): Actor | undefined {
  switch (credentials.is) {
    case "session":
      return { name: `session ${address}`, scope: "admin" };
    case "token":
      return { name: `token ${credentials.name}`, scope: credentials.scope };
    default:
      return undefined;
  }
}

function allowed(actor: Actor): AccessDecision {
  return { is: "allowed", actor };
}

function refusal(status: Refusal["status"], code: string, text: string): Refusal {
  return { is: "refused", status, code, text };
}
