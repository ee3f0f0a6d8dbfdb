/**
 * Under which name a browser thinks that it speaks with this machine. A stranger's name that was made to point here (DNS
 * rebinding) would let the stranger's page read and write as if it were ours.
 */
import type { Refusal } from "./access.ts";

/** Besides addresses and localhost: the host name, NAME.local for both names, and what the operator lists. */
export function knownHosts(
  hostname: string,
  name: string,
  listed: readonly string[],
): readonly string[] {
  const own = [hostname, `${hostname}.local`, `${name.replaceAll(/[ _]/g, "-")}.local`];
  return [...own, ...listed].map((host) => host.toLowerCase().replace(/\.$/, ""));
}

/** `undefined`: allowed. Programs that send no Host at all are no browsers. */
export function decideHost(
  host: string | undefined,
  hosts: readonly string[],
): Refusal | undefined {
  if (host === undefined) return undefined;
  const split = splitHost(host);
  const isKnown =
    split !== undefined &&
    (isAddress(split.host) || split.host === "localhost" || hosts.includes(split.host));
  if (isKnown) return undefined;
  return {
    is: "refused",
    status: 403,
    code: "host-not-allowed",
    text: "Under this name the machine is not known: open it by its address, or add the name to api.hosts",
  };
}

/** An Origin header against the Host header; "null" and what is no origin is nobody's own. */
export function sameOrigin(origin: string, host: string | undefined): boolean {
  const match = /^(https?):\/\/([^/?#@]+)$/i.exec(origin);
  const from = match?.[2] === undefined ? undefined : splitHost(match[2]);
  const to = host === undefined ? undefined : splitHost(host);
  if (match === null || from === undefined || to === undefined) return false;
  const usual = match[1]?.toLowerCase() === "https" ? 443 : 80;
  return from.host === to.host && (from.port ?? usual) === (to.port ?? usual);
}

function splitHost(
  text: string,
): { readonly host: string; readonly port: number | undefined } | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^\s:[\]]{1,253})(?::(\d{1,5}))?$/i.exec(text);
  if (match?.[1] === undefined) return undefined;
  const host = match[1].toLowerCase().replace(/\.$/, "");
  return { host, port: match[2] === undefined ? undefined : Number(match[2]) };
}

/** Four whole numbers: "1.2.3.4.evil.example" is a name. */
function isAddress(host: string): boolean {
  if (host.startsWith("[")) return true;
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  return octets?.slice(1).every((octet) => Number(octet) <= 255) === true;
}
