/** What earlier connections taught about one server: the id that it knows us by, and the words that it cannot bear. */
import type { Logger } from "../lib/log.ts";
import type { LinkEnd } from "../upstream/pool-link.ts";
import type { SetUp } from "./set-up.ts";

/** After so many connections in a row that ended at an optional method, one goes without it. */
const TRIES = 2;
/** Who hangs up on a method that is sent together with the next may have answered that one by then. */
const HANGS_UP_WITHIN_MS = 1_000;

export class ServerMemory {
  readonly #log: Logger;
  #endedAtConfigure = 0;
  #endedAtExtranonce = 0;
  /** Of the last subscription. */
  resumeId: string | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Whether to send mining.configure on the next connection. */
  get bearsConfigure(): boolean {
    return this.#endedAtConfigure < TRIES;
  }

  /** Whether to ask for changes of the extranonce on the next connection. */
  get bearsExtranonce(): boolean {
    return this.#endedAtExtranonce < TRIES;
  }

  /** A connection ended; `setUp`: how far it had come, `undefined` when there was none. */
  ended({ kind }: LinkEnd, setUp: SetUp | undefined, nowMs: number): void {
    this.#noteConfigure(setUp?.step === "configuring" && kind === "network");
    if (setUp === undefined || !(kind === "network" || kind === "protocol")) return;
    // Some end the connection on an id that they no longer know: the next one is a newcomer's.
    if (setUp.step === "subscribing") this.resumeId = undefined;
    else if (setUp.step !== "configuring") this.#noteExtranonce(setUp, nowMs);
  }

  /** Old servers close the connection on a method that they do not know (BIP310, "Motivation"). */
  #noteConfigure(isSuspect: boolean): void {
    this.#endedAtConfigure = isSuspect ? this.#endedAtConfigure + 1 : 0;
    if (this.#endedAtConfigure === TRIES)
      this.#log.warn({}, "the pool ends the connection on mining.configure: trying without it");
  }

  /** The same for mining.extranonce.subscribe; but what goes well without it stays without it. */
  #noteExtranonce({ step, extranonceAskedMs }: SetUp, nowMs: number): void {
    const isAuthorizing = step === "authorizing";
    if (extranonceAskedMs === undefined) {
      // It ends there also without: something else is the matter.
      if (isAuthorizing) this.#endedAtExtranonce = 0;
      return;
    }
    const isSuspect = isAuthorizing || nowMs - extranonceAskedMs <= HANGS_UP_WITHIN_MS;
    this.#endedAtExtranonce = isSuspect ? this.#endedAtExtranonce + 1 : 0;
    if (this.#endedAtExtranonce === TRIES)
      this.#log.warn({}, "the pool ends the connection on mining.extranonce.subscribe: without it");
  }
}
