/** Pool addresses as operators write them: "stratum2+tcp://host:port/authority-key" (SV2 §4.7). */
import { ConfigError, type ConfigProblem } from "../lib/errors.ts";
import { formatAuthorityKey, parseAuthorityKey } from "../noise/authority-key.ts";
import type { PoolEndpoint } from "./endpoint.ts";

const SECURE = "stratum2+tcp";
/** Ours: the specification defines no URL for plaintext. Its name says what one asks for. */
const PLAINTEXT = "stratum2+tcp+insecure";

const FORM = `${SECURE}://host:port/authority-key`;
const PLAINTEXT_FORM = `${PLAINTEXT}://host:port`;

export interface PoolUrlOptions {
  /** Where the text came from, for error messages. */
  readonly path?: string;
  /** The operator accepts an encrypted pool without knowing who it is: the key may be missing. */
  readonly allowUnauthenticated?: boolean;
}

/** Throws ConfigError with everything that is wrong. A key in the text is never repeated in a message. */
export function parsePoolUrl(text: string, options: PoolUrlOptions = {}): PoolEndpoint {
  const path = options.path ?? "pool URL";
  const problems: ConfigProblem[] = [];
  const refuse = (problem: string, allowed = FORM) =>
    void problems.push({ path, problem, allowed });

  const [scheme, rest] = cutAt(text.trim(), "://");
  const secure = isSecure(scheme, rest, path);
  const { host, port, rest: key } = readHostAndPort(rest ?? "", refuse);

  let authorityKey: Uint8Array | undefined;
  if (!secure) {
    if (key !== "")
      refuse(
        `a key makes no sense with ${PLAINTEXT}: nobody proves who he is there`,
        PLAINTEXT_FORM,
      );
  } else if (key !== "") {
    try {
      authorityKey = parseAuthorityKey(key, path);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  } else if (options.allowUnauthenticated !== true) {
    refuse("the pool's authority key is missing, without which anybody could pose as the pool");
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { host, port, authorityKey, secure };
}

/** Host, port and what follows the first slash, of a URL with any scheme. Throws ConfigError with everything that is wrong. */
export function splitPoolUrl(
  text: string,
  path: string,
  allowed: string,
): { host: string; port: number; rest: string } {
  const problems: ConfigProblem[] = [];
  const [, rest = ""] = cutAt(text.trim(), "://");
  const split = readHostAndPort(rest, (problem) => void problems.push({ path, problem, allowed }));
  if (problems.length > 0) throw new ConfigError(problems);
  return split;
}

function readHostAndPort(
  text: string,
  refuse: (problem: string) => void,
): { host: string; port: number; rest: string } {
  const [authority, rest = ""] = cutAt(text, "/");
  const [address, port] = splitAuthority(authority);
  return { host: readHost(address, refuse), port: readPort(port, refuse), rest };
}

/** The inverse of `parsePoolUrl`. */
export function formatPoolUrl({ host, port, authorityKey, secure }: PoolEndpoint): string {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (!secure) return `${PLAINTEXT}://${authority}`;
  const key = authorityKey === undefined ? "" : `/${formatAuthorityKey(authorityKey)}`;
  return `${SECURE}://${authority}${key}`;
}

function isSecure(scheme: string, rest: string | undefined, path: string): boolean {
  const name = scheme.toLowerCase();
  if (rest !== undefined && name === SECURE) return true;
  if (rest !== undefined && name === PLAINTEXT) return false;
  const allowed = `${FORM}, or ${PLAINTEXT_FORM} for a plaintext connection on a trusted network; Stratum V1: stratum+ssl://host:port or stratum+tcp://host:port`;
  // Anything else may be a password before an "@".
  const shown = /^[a-z][a-z0-9+.-]{0,39}$/i.test(scheme) ? `"${scheme}"` : "what comes first";
  let problem = `scheme ${shown} is unknown`;
  if (rest === undefined) problem = "no scheme";
  else if (name.startsWith("stratum+")) problem = `${shown} is Stratum V1, which has no place here`;
  throw new ConfigError([{ path, problem, allowed }]);
}

/** An IPv6 literal stands in brackets; otherwise the port follows the last colon. */
function splitAuthority(authority: string): [address: string, port: string | undefined] {
  const end = authority.startsWith("[") ? authority.indexOf("]") + 1 : 0;
  const colon = authority.indexOf(":", end);
  return colon < 0
    ? [authority, undefined]
    : [authority.slice(0, colon), authority.slice(colon + 1)];
}

function readHost(address: string, refuse: (problem: string) => void): string {
  if (address.startsWith("[")) {
    const literal = address.slice(1, -1);
    if (
      !address.endsWith("]") ||
      !/^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*(%[\w.-]+)?$/i.test(literal)
    )
      refuse("what stands in brackets is not an IPv6 address");
    return literal;
  }
  if (address === "") refuse("the host is missing");
  else if (address.includes("@"))
    refuse("a user name does not belong in the URL; the user identity is an option of its own");
  else if (address.length > 253)
    refuse(`a host of ${address.length} characters; at most 253 exist`);
  else if (!/^[\w.-]+$/.test(address))
    refuse("the host has characters other than letters, digits, dot, hyphen and underscore");
  return address;
}

function readPort(port: string | undefined, refuse: (problem: string) => void): number {
  const value = Number(port);
  if (port === undefined || port === "") refuse("the port is missing; there is no default");
  else if (port.includes(":")) refuse("more than one colon; an IPv6 address stands in brackets");
  else if (!/^\d+$/.test(port) || value < 1 || value > 65_535)
    refuse("the port is not a number from 1 to 65535");
  return value;
}

function cutAt(text: string, mark: string): [before: string, after: string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)];
}
