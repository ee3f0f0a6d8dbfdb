/** Shares of one pool: sent, remembered until their answer comes, and counted for the lane that found them. */
import { toHex } from "../lib/bytes.ts";
import type { Logger } from "../lib/log.ts";
import type { LaneShares } from "../upstream/lanes.ts";
import type { LinkCounts, LinkHandlers } from "../upstream/pool-link.ts";
import { hashesPerShare, ShareAnswers } from "../upstream/share-answers.ts";
import type { Work } from "../work/work.ts";
import type { V1Connection } from "./connection.ts";
import type { RpcError } from "./json-rpc.ts";
import type { JobName } from "./notify-job.ts";
import { submit, submitPrefix } from "./requests.ts";
import { rejectionOf, SharesInFlight } from "./shares.ts";

/** A share as the chips found it, and when. */
export interface FoundShare {
  readonly work: Work;
  readonly chainIndex: number;
  readonly nonce: number;
  readonly ntime: number;
  readonly version: number;
  readonly sentMs: number;
}

export class ShareDesk {
  readonly #submitPrefix: string;
  readonly #answers: ShareAnswers;
  readonly #inFlight = new SharesInFlight();

  constructor(user: string, handlers: LinkHandlers, log: Logger) {
    this.#submitPrefix = submitPrefix(user);
    this.#answers = new ShareAnswers(handlers, log);
  }

  get counts(): Omit<LinkCounts, "connects" | "blocksSeen"> {
    return this.#answers.counts;
  }

  /** Sends it before it returns. `serverMask`: bits that the server takes from us; `undefined`: version rolling is off. */
  send(
    connection: V1Connection,
    { work, chainIndex, nonce, ntime, version, sentMs }: FoundShare,
    job: JobName,
    serverMask: number | undefined,
    counts: LaneShares,
  ): void {
    const extranonce2 = work.extranonce === undefined ? "" : toHex(work.extranonce);
    // The server replaces the bits of its mask in the job's version by these, ours or not (BIP310).
    const versionBits = serverMask === undefined ? undefined : (version & serverMask) >>> 0;
    const fields = { job, extranonce2, ntime, nonce, versionBits };
    const id = connection.takeId();
    const share = { chainIndex, hashes: hashesPerShare(work.target), sentMs };
    const forgotten = this.#inFlight.add(id, { share, counts, channelId: work.channelId });
    connection.write(submit(id, this.#submitPrefix, fields));
    this.#answers.lost(forgotten);
  }

  /** A share of a job that the server would take for another one, or that came after the end. */
  notSent(): void {
    this.#answers.lost(1);
  }

  /** An answer; false: to no share that waits for one. */
  answered(id: number, result: unknown, error: RpcError | undefined): boolean {
    const found = this.#inFlight.take(id);
    if (found === undefined) return false;
    const { share, counts, channelId } = found;
    const rejection = rejectionOf(result, error);
    if (rejection === undefined) {
      counts.accepted++;
      this.#answers.accepted(share);
    } else {
      counts.rejected++;
      this.#answers.rejected(share, rejection, channelId);
    }
    return true;
  }

  /** The connection is gone: what was not answered never will be. */
  lost(): void {
    this.#answers.lost(this.#inFlight.clear());
  }
}
