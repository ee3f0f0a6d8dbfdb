/** The pool's end of a device's connection, with a stopwatch on its socket. */
import { type Listener, listen } from "../../firmware/platform/tcp-listener.ts";
import { sealedFrameBytes } from "../../src/noise/secure-frames.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import {
  NewMiningJob,
  SetNewPrevHash,
  SetTarget,
  SubmitSharesSuccess,
} from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import { AUTHORITY, ServerConnection } from "../support/scripted-server.ts";

const FIRST_CHANNEL_ID = 2;
const GROUP_ID = 1;
/** Payload of SetNewPrevHash: ids, hash, ntime, nbits. */
const PREV_HASH_BYTES = 4 + 4 + 32 + 4 + 4;
const SHARES_PER_ACKNOWLEDGEMENT = 10;

/** One message to each channel, all in one segment; or one to the group that they are in. */
export type Addressing = "per-channel" | "group";

export class PoolEnd {
  readonly authorityKey = AUTHORITY.publicKey;
  /** Time just before the last write to the socket. */
  writtenMs = 0;
  /** Length of that write. */
  writtenBytes = 0;
  shares = 0;
  channels = 0;
  /** Called with the header's nonce of each share and the time at which its bytes were read from the socket. */
  onShare: (nonce: number, arrivedMs: number) => void = () => {};
  #connection: ServerConnection | undefined;
  #readMs = 0;
  #jobId = 0;
  #unacknowledged = 0;

  constructor(stream: ByteStream, unixSeconds: number) {
    const connection = new ServerConnection(this.#stopwatchOn(stream), { unixSeconds });
    this.#connection = connection;
    connection.serve();
    const serveSetUp = connection.onMessage;
    connection.onMessage = (message) => {
      connection.received.length = 0;
      if (message.name === "OpenStandardMiningChannel") this.channels++;
      if (message.name !== "SubmitSharesStandard") return serveSetUp(message, connection);
      this.shares++;
      this.onShare(message.nonce, this.#readMs);
      this.#acknowledge(message.channelId, message.sequenceNumber);
    };
  }

  /** Sends the job that the next `activate` makes the current one. */
  announce(): void {
    const jobId = ++this.#jobId;
    const jobs = this.#channelIds().map((channelId) =>
      encodeMessage(NewMiningJob, {
        channelId,
        jobId,
        minNtime: undefined,
        version: 0x2000_0000,
        merkleRoot: new Uint8Array(32).fill(jobId),
      }),
    );
    this.#connection?.sendTogether(jobs);
  }

  /** New block: the announced job counts, on a previous hash made of `tag`. */
  activate(tag: number, addressing: Addressing): void {
    const prevHash = new Uint8Array(32);
    const view = new DataView(prevHash.buffer);
    for (let at = 0; at < 32; at += 4) view.setUint32(at, tag);
    const fields = { jobId: this.#jobId, prevHash, minNtime: 1_700_000_000, nbits: 0x1d00ffff };
    const ids = addressing === "group" ? [GROUP_ID] : this.#channelIds();
    this.#connection?.sendTogether(
      ids.map((channelId) => encodeMessage(SetNewPrevHash, { ...fields, channelId })),
    );
  }

  /** Length of a new block's segment. */
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

  #stopwatchOn(stream: ByteStream): ByteStream {
    return {
      remote: stream.remote,
      write: (bytes) => {
        this.writtenBytes = bytes.length;
        this.writtenMs = performance.now();
        stream.write(bytes);
      },
      onData: (listener) =>
        stream.onData((chunk) => {
          this.#readMs = performance.now();
          listener(chunk);
        }),
      onEnd: (listener) => stream.onEnd(listener),
      close: () => stream.close(),
      destroy: () => stream.destroy(),
    };
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
