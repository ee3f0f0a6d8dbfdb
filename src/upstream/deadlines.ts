/** How long a pool may take for what. Missing one ends the connection. */

export interface Deadlines {
  /** A name may have several addresses, each of which is given a few seconds; the reference implementations use 5 s for one. */
  readonly dialMs: number;
  /** As the reference implementations have it. */
  readonly handshakeMs: number;
  readonly setupMs: number;
  /** For the answer to a channel request. */
  readonly channelMs: number;
  /** A channel without work for this long is of no use. */
  readonly jobMs: number;
  /** No ping exists in SV2, and a quiet pool is normal between jobs; this long is not. */
  readonly silenceMs: number;
}

export const DEADLINES: Deadlines = {
  dialMs: 10_000,
  handshakeMs: 10_000,
  setupMs: 10_000,
  channelMs: 10_000,
  jobMs: 30_000,
  silenceMs: 300_000,
};
