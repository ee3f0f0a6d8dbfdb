/** A pool's end of a device's connection, with a stopwatch on its socket; this one speaks SV2. */
import { type Listener, listen } from "../../firmware/platform/tcp-listener.ts";
import { sealedFrameBytes } from "../../src/noise/secure-frames.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import {
  NewExtendedMiningJob,
  NewMiningJob,
  SetNewPrevHash,
  SetTarget,
  SubmitSharesSuccess,
} from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import { ServerConnection } from "../support/scripted-server.ts";
import {
  BLOCK_NBITS,
  BLOCK_NTIME,
  BLOCK_VERSION,
  coinbasePrefix,
  coinbaseSuffix,
  merklePath,
  OWN_EXTRANONCE_BYTES,
  prevHashOf,
} from "./bench-block.ts";
import { Stopwatch } from "./stopwatch.ts";

const FIRST_CHANNEL_ID = 2;
const GROUP_ID = 1;
/** Payload of SetNewPrevHash: ids, hash, ntime, nbits. */
const PREV_HASH_BYTES = 4 + 4 + 32 + 4 + 4;
const SHARES_PER_ACKNOWLEDGEMENT = 10;

/** One message to each channel, all in one segment; or one to the group that they are in. */
export type Addressing = "per-channel" | "group";

/** What benches need of a pool, whatever it speaks. */
export interface BlockSource {
  readonly stream: ByteStream;
  /** Time just before the last write to the socket. */
  readonly writtenMs: number;
  /** Length of that write. */
  readonly writtenBytes: number;
  readonly shares: number;
  /** Called with the header's nonce of each share and the time at which its bytes were read from the socket. */
  onShare: (nonce: number, arrivedMs: number) => void;
  /** Whether that many chains could be given work now. */
  isReadyFor(chains: number): boolean;
  /** Sends the job that the next `activate` makes the current one, where the protocol sends it apart. */
  announce(): void;
  /** New block: the announced job counts, on a previous hash made of `tag`. */
  activate(tag: number, addressing: Addressing): void;
  /** Length of a new block's segment. */
  blockBytes(addressing: Addressing): number;
}

export class PoolEnd implements BlockSource {
  readonly stream: ByteStream;
  shares = 0;
  channels = 0;
  onShare: (nonce: number, arrivedMs: number) => void = () => {};
  readonly #stopwatch: Stopwatch;
  #isExtended = false;
  #connection: ServerConnection | undefined;
  #jobId = 0;
  #unacknowledged = 0;

  constructor(stream: ByteStream, unixSeconds: number) {
    this.stream = stream;
    this.#stopwatch = new Stopwatch(stream);
    const connection = new ServerConnection(this.#stopwatch, { unixSeconds });
    this.#connection = connection;
    connection.serve({ extranonceSize: OWN_EXTRANONCE_BYTES });
    const serveSetUp = connection.onMessage;
    connection.onMessage = (message) => {
      connection.received.length = 0;
      connection.frames.length = 0;
      if (message.name === "OpenStandardMiningChannel") this.channels++;
      if (message.name === "OpenExtendedMiningChannel") {
        this.channels++;
        this.#isExtended = true;
      }
      if (message.name !== "SubmitSharesStandard" && message.name !== "SubmitSharesExtended")
        return serveSetUp(message, connection);
      this.shares++;
      this.onShare(message.nonce, this.#stopwatch.readMs);
      this.#acknowledge(message.channelId, message.sequenceNumber);
    };
  }

  get writtenMs(): number {
    return this.#stopwatch.writtenMs;
  }

  get writtenBytes(): number {
    return this.#stopwatch.writtenBytes;
  }

  /** An extended channel serves them all. */
  isReadyFor(chains: number): boolean {
    return this.channels === (this.#isExtended ? 1 : chains);
  }

  announce(): void {
    const jobId = ++this.#jobId;
    const jobs = this.#channelIds().map((channelId) =>
      this.#isExtended
        ? encodeMessage(NewExtendedMiningJob, {
            channelId,
            jobId,
            minNtime: undefined,
            version: BLOCK_VERSION,
            versionRollingAllowed: true,
            merklePath: merklePath(jobId),
            coinbaseTxPrefix: coinbasePrefix,
            coinbaseTxSuffix: coinbaseSuffix,
          })
        : encodeMessage(NewMiningJob, {
            channelId,
            jobId,
            minNtime: undefined,
            version: BLOCK_VERSION,
            merkleRoot: new Uint8Array(32).fill(jobId),
          }),
    );
    this.#connection?.sendTogether(jobs);
  }

  activate(tag: number, addressing: Addressing): void {
    const fields = {
      jobId: this.#jobId,
      prevHash: prevHashOf(tag),
      minNtime: BLOCK_NTIME,
      nbits: BLOCK_NBITS,
    };
    const ids = addressing === "group" ? [GROUP_ID] : this.#channelIds();
    this.#connection?.sendTogether(
      ids.map((channelId) => encodeMessage(SetNewPrevHash, { ...fields, channelId })),
    );
  }

  blockBytes(addressing: Addressing): number {
    return sealedFrameBytes(PREV_HASH_BYTES) * (addressing === "group" ? 1 : this.channels);
  }

  /** For jobs that become active from now on. */
  setTarget(maximumTarget: Uint8Array): void {
    this.#connection?.send(encodeMessage(SetTarget, { channelId: GROUP_ID, maximumTarget }));
  }

  #channelIds(): readonly number[] {
    return Array.from({ length: this.channels }, (_, i) => FIRST_CHANNEL_ID + i);
  }

  #acknowledge(channelId: number, lastSequenceNumber: number): void {
    if (++this.#unacknowledged < SHARES_PER_ACKNOWLEDGEMENT) return;
    this.#connection?.send(
      encodeMessage(SubmitSharesSuccess, {
        channelId,
        lastSequenceNumber,
        newSubmitsAcceptedCount: this.#unacknowledged,
        newSharesSum: 0n,
      }),
    );
    this.#unacknowledged = 0;
  }
}

/** Waits for one connection on a free port. */
export async function listenOnce(): Promise<{ listener: Listener; accepted: Promise<ByteStream> }> {
  let accept: (stream: ByteStream) => void = () => {};
  const accepted = new Promise<ByteStream>((resolve) => {
    accept = resolve;
  });
  const listener = await listen("127.0.0.1", 0, (stream) => accept(stream));
  return { listener, accepted };
}
