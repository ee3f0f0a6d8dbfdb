/** Shares that were sent and not answered yet, and what an answer says of one. */
import { printable } from "../lib/bytes.ts";
import type { LaneShares } from "../upstream/lanes.ts";
import type { SentShare } from "../upstream/pool-link.ts";
import type { RpcError } from "./json-rpc.ts";

/** Servers that never answer exist; the oldest share is given up beyond this many. */
const MAX_IN_FLIGHT = 4_096;
const MAX_CODE_CHARACTERS = 64;

/** The codes that the inventors of Stratum proposed (its documentation, "Exception Handling"). */
const MEANING_OF_CODE: Readonly<Record<number, string>> = {
  20: "Other/Unknown",
  21: "Job not found",
  22: "Duplicate share",
  23: "Low difficulty share",
  24: "Unauthorized worker",
  25: "Not subscribed",
};

export interface InFlight {
  readonly share: SentShare;
  /** Counts of the channel that found it. */
  readonly counts: LaneShares;
  readonly channelId: number;
}

export class SharesInFlight {
  /** Request id → share, in order of sending. */
  readonly #byId = new Map<number, InFlight>();

  get size(): number {
    return this.#byId.size;
  }

  /** Returns how many were given up to make room: 0 or 1. */
  add(id: number, inFlight: InFlight): number {
    this.#byId.set(id, inFlight);
    inFlight.counts.unacknowledged++;
    if (this.#byId.size <= MAX_IN_FLIGHT) return 0;
    const oldest = this.#byId.keys().next().value;
    if (oldest !== undefined) this.take(oldest);
    return 1;
  }

  /** Removes and returns the share that this is the answer to; `undefined` when there is none, or was answered before. */
  take(id: number): InFlight | undefined {
    const found = this.#byId.get(id);
    if (found === undefined) return undefined;
    this.#byId.delete(id);
    found.counts.unacknowledged--;
    return found;
  }

  /** The connection is gone: returns how many will never be answered. */
  clear(): number {
    const lost = this.#byId.size;
    for (const { counts } of this.#byId.values()) counts.unacknowledged--;
    this.#byId.clear();
    return lost;
  }
}

/**
 * Why the pool refused a share, `undefined` when it accepted it. Codes come with the server's words ("21 Job not
 * found"), or with those of the documentation where it has none; a bare false or null gives no reason.
 */
export function rejectionOf(result: unknown, error: RpcError | undefined): string | undefined {
  if (error !== undefined) return describeRpcError(error);
  const accepted = result !== false && result !== null && result !== undefined;
  return accepted ? undefined : "rejected without a reason";
}

/** An error as one printable line, e.g. "21 Job not found". */
export function describeRpcError({ code, message }: RpcError): string {
  const words = message === "" && code !== undefined ? MEANING_OF_CODE[code] : message;
  const shown = printable(words ?? "", MAX_CODE_CHARACTERS).trim();
  const line = code === undefined ? shown : `${code} ${shown}`.trim();
  return line === "" ? "error without a reason" : line;
}
