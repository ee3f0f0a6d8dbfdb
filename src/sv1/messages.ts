/** What servers say apart from jobs, read with the tolerance that real servers need. Throws WireError "bad-value" only. */
import { printable } from "../lib/bytes.ts";
import { WireError } from "../lib/errors.ts";
import { hexBytes, hexU32 } from "./hex.ts";

/** The server's part of the extranonce, and how many bytes are left to us. */
export interface Extranonce {
  readonly prefix: Uint8Array;
  readonly ownBytes: number;
}

/** A coinbase script holds 100 bytes (consensus), of which the height takes some. */
const MAX_EXTRANONCE1_BYTES = 96;
const MAX_EXTRANONCE2_BYTES = 32;

/** mining.set_extranonce, and the end of the answer to mining.subscribe. */
export function readExtranonce(method: string, extranonce1: unknown, size: unknown): Extranonce {
  const prefix = typeof extranonce1 === "string" ? hexBytes(extranonce1) : undefined;
  if (prefix === undefined || prefix.length > MAX_EXTRANONCE1_BYTES)
    throw bad(method, `extranonce1; allowed: 0 to ${MAX_EXTRANONCE1_BYTES} bytes in hex`);
  const ownBytes = wholeNumber(size);
  if (ownBytes === undefined || ownBytes < 0 || ownBytes > MAX_EXTRANONCE2_BYTES)
    throw bad(method, `extranonce2_size; allowed: 0 to ${MAX_EXTRANONCE2_BYTES}`);
  return { prefix, ownBytes };
}

export interface Subscription {
  readonly extranonce: Extranonce;
  /** What to give on the next connection, in the hope of the same extranonce1. */
  readonly resumeId: string | undefined;
}

/** The result of mining.subscribe: subscriptions, extranonce1, extranonce2_size. */
export function readSubscription(result: unknown): Subscription {
  if (!Array.isArray(result)) throw bad("mining.subscribe", "result; allowed: a list of three");
  const [subscriptions, extranonce1, size] = result as unknown[];
  const extranonce = readExtranonce("mining.subscribe", extranonce1, size);
  const resumeId = notifyIdIn(subscriptions) ?? shortText(extranonce1);
  return { extranonce, resumeId };
}

export interface Configuration {
  /** Bits that the server lets us change, whatever we asked for; `undefined`: it does not roll versions. */
  readonly versionMask: number | undefined;
  readonly minimumDifficulty: boolean;
  readonly subscribeExtranonce: boolean;
  /** What the server refused, in its words. */
  readonly refused: readonly string[];
}

/** The result of mining.configure (BIP310). A mask left out is taken for the one that was asked for [?]. */
export function readConfiguration(result: unknown, askedMask: number): Configuration {
  const map = (typeof result === "object" && result !== null ? result : {}) as Record<
    string,
    unknown
  >;
  const refused: string[] = [];
  const granted = (code: string) => {
    const verdict = map[code];
    if (typeof verdict === "string") refused.push(`${code}: ${printable(verdict, 80)}`);
    return verdict === true;
  };
  const mask = map["version-rolling.mask"];
  return {
    versionMask: granted("version-rolling")
      ? mask === undefined || mask === null
        ? askedMask
        : readMask("mining.configure", mask)
      : undefined,
    minimumDifficulty: granted("minimum-difficulty"),
    subscribeExtranonce: granted("subscribe-extranonce"),
    refused,
  };
}

/** mining.set_version_mask, or the mask in a configuration: hex as BIP310 says, or a number. */
export function readMask(method: string, value: unknown): number {
  const mask = typeof value === "string" ? hexU32(value.replace(/^0x/i, "")) : wholeNumber(value);
  if (mask === undefined || mask < 0 || mask > 0xffffffff)
    throw bad(method, "version mask; allowed: 8 hex digits");
  return mask;
}

export interface ReconnectRequest {
  /** `undefined`: where we are now. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly waitS: number;
}

/** client.reconnect: all three may be missing, and numbers may come as text. */
export function readReconnect(params: readonly unknown[]): ReconnectRequest {
  const [host, port, wait] = params;
  const isHere = host === undefined || host === null || host === "" || host === false;
  if (!isHere && !isHostName(host)) throw bad("client.reconnect", "host; allowed: a host name");
  const isSamePort = port === undefined || port === null || port === "" || port === 0;
  const portNumber = isSamePort ? undefined : wholeNumber(port);
  if (!isSamePort && !(portNumber !== undefined && portNumber >= 1 && portNumber <= 65_535))
    throw bad("client.reconnect", "port; allowed: 1 to 65535");
  const waitS = typeof wait === "number" || typeof wait === "string" ? Number(wait) : 0;
  return {
    host: isHere ? undefined : host,
    port: portNumber,
    waitS: waitS > 0 ? waitS : 0,
  };
}

/** client.show_message, fit for a log. */
export function readShownMessage(params: readonly unknown[]): string {
  const [message] = params;
  // Anything else is not written out: it may be nested deeper than any stack.
  return typeof message === "string" ? printable(message, 400) : "(not text)";
}

/** The id of the subscription to mining.notify, or of any other; some servers give one pair instead of a list of pairs. */
function notifyIdIn(subscriptions: unknown): string | undefined {
  if (!Array.isArray(subscriptions)) return undefined;
  const pairs = (
    subscriptions.some(Array.isArray) ? subscriptions : [subscriptions]
  ) as readonly unknown[];
  let any: string | undefined;
  for (const pair of pairs) {
    if (!Array.isArray(pair)) continue;
    const [method, id] = pair as unknown[];
    const found = shortText(id);
    if (found !== undefined && method === "mining.notify") return found;
    any ??= found;
  }
  return any;
}

function shortText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= 128 ? value : undefined;
}

function isHostName(value: unknown): value is string {
  return typeof value === "string" && value.length <= 253 && /^[\w.:%-]+$/.test(value);
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) ? number : undefined;
}

function bad(method: string, what: string): WireError {
  return new WireError("bad-value", `${method}: ${what}`);
}
