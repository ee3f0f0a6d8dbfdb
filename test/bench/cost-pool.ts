/** The far end of a link on a stream in memory: makes what a pool sends before it is needed, and counts bytes. */
import { concatBytes } from "../../src/lib/bytes.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import {
  NewExtendedMiningJob,
  NewMiningJob,
  SetNewPrevHash,
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
import { acceptedLine, answerTo, difficultyLine, notifyLine } from "./v1-lines.ts";

export type CostProtocol = "V2 standard" | "V2 extended" | "V1";

/** Shares that one acknowledgement of V2 covers, as pools do it; V1 answers each. */
const SHARES_PER_ACKNOWLEDGEMENT = 10;

export class CostPool {
  readonly protocol: CostProtocol;
  readonly deviceEnd: ByteStream;
  readonly #server: ServerConnection | undefined;
  readonly #channelIds: number[] = [];
  #toDevice: (chunk: Uint8Array) => void = () => {};
  #held: Uint8Array[] | undefined;
  #jobId = 0;
  #tag = 0;
  /** Since the last acknowledgement. */
  #unacknowledged = 0;
  #shares = 0;
  #lastShare: Uint8Array = new Uint8Array();
  /** Until the set-up is over; from then on what the device writes is only counted: reading it is no work of the device. */
  #isServing = true;
  #sentBytes = { block: 0, job: 0, acknowledgement: 0, share: 0 };

  constructor(protocol: CostProtocol) {
    this.protocol = protocol;
    let fromDevice: (chunk: Uint8Array) => void = () => {};
    const nothing = { [Symbol.dispose]() {} };
    const ownEnd: ByteStream = {
      remote: "device",
      write: (bytes) => {
        // Nothing arrives while something is being written, as on a socket.
        if (this.#held === undefined) queueMicrotask(() => this.#toDevice(bytes));
        else this.#held.push(bytes);
      },
      onData(listener) {
        fromDevice = listener;
        return nothing;
      },
      onEnd: () => nothing,
      close() {},
      destroy() {},
    };
    this.deviceEnd = {
      remote: "pool",
      write: (bytes) => {
        if (this.#isServing) {
          fromDevice(bytes);
          return;
        }
        this.#sentBytes.share = bytes.length;
        this.#lastShare = bytes;
        this.#shares++;
        this.#unacknowledged++;
      },
      onData: (listener) => {
        this.#toDevice = listener;
        return nothing;
      },
      onEnd: () => nothing,
      close() {},
      destroy() {},
    };
    if (protocol === "V1") this.#serveV1(ownEnd);
    else this.#server = this.#serveV2(ownEnd);
  }

  /** The first block; the device has all it asked for. */
  begin(): void {
    this.#isServing = false;
    this.prepareBlock()();
  }

  /** A new block with its job for every chain, as one chunk; the returned function delivers it. */
  prepareBlock(): () => void {
    return this.#prepare("block", () => {
      const jobId = ++this.#jobId;
      const prevHash = prevHashOf(++this.#tag);
      if (this.#server === undefined) return notifyLine(jobId, prevHash, true);
      return this.#channelIds.flatMap((channelId) => [
        this.#jobFrame(channelId, jobId, undefined),
        encodeMessage(SetNewPrevHash, {
          channelId,
          jobId,
          prevHash,
          minNtime: BLOCK_NTIME,
          nbits: BLOCK_NBITS,
        }),
      ]);
    });
  }

  /** Other transactions on the same block. */
  prepareJob(): () => void {
    return this.#prepare("job", () => {
      const jobId = ++this.#jobId;
      if (this.#server === undefined) return notifyLine(jobId, prevHashOf(this.#tag), false);
      return this.#channelIds.map((channelId) => this.#jobFrame(channelId, jobId, BLOCK_NTIME));
    });
  }

  /** Delivers answers to all shares that wait for one: they must not pile up. */
  acknowledgeAll(channelId: number): void {
    const count = this.#unacknowledged;
    if (count === 0) return;
    if (this.#server === undefined) {
      const last = this.#lastId();
      for (let id = last - count + 1; id <= last; id++) this.#toDevice(acceptedLine(id));
      this.#unacknowledged = 0;
    } else {
      this.#prepare("acknowledgement", () => this.#successFrames(channelId))();
    }
  }

  /** For the share that came last; V2 says nothing but for every tenth. `channelId`: of the share. */
  prepareAcknowledgement(channelId: number): () => void {
    if (this.#server === undefined) {
      this.#unacknowledged = 0;
      const id = this.#lastId();
      return this.#prepare("acknowledgement", () => acceptedLine(id));
    }
    if (this.#unacknowledged < SHARES_PER_ACKNOWLEDGEMENT) return () => {};
    return this.#prepare("acknowledgement", () => this.#successFrames(channelId));
  }

  #lastId(): number {
    return (JSON.parse(new TextDecoder().decode(this.#lastShare)) as { id: number }).id;
  }

  #successFrames(channelId: number): Frame[] {
    const newSubmitsAcceptedCount = this.#unacknowledged;
    this.#unacknowledged = 0;
    return [
      encodeMessage(SubmitSharesSuccess, {
        channelId: this.protocol === "V2 extended" ? FIRST_CHANNEL_ID : channelId,
        // All shares are found on one channel.
        lastSequenceNumber: this.#shares,
        newSubmitsAcceptedCount,
        newSharesSum: 1n,
      }),
    ];
  }

  bytes() {
    const { block, job, share, acknowledgement } = this.#sentBytes;
    const covered = this.#server === undefined ? 1 : SHARES_PER_ACKNOWLEDGEMENT;
    return {
      protocol: this.protocol,
      blockBytes: block,
      jobBytes: job,
      shareBytes: share,
      acknowledgementBytes: acknowledgement / covered,
    };
  }

  #prepare(
    what: "block" | "job" | "acknowledgement",
    make: () => Uint8Array | Frame[],
  ): () => void {
    const made = make();
    let bytes: Uint8Array;
    if (made instanceof Uint8Array) bytes = made;
    else {
      // Sealed now, in the order in which it will be delivered.
      this.#held = [];
      this.#server?.sendTogether(made);
      bytes = concatBytes(...this.#held);
      this.#held = undefined;
    }
    this.#sentBytes[what] = bytes.length;
    return () => this.#toDevice(bytes);
  }

  #jobFrame(channelId: number, jobId: number, minNtime: number | undefined): Frame {
    const version = BLOCK_VERSION;
    return this.protocol === "V2 extended"
      ? encodeMessage(NewExtendedMiningJob, {
          channelId,
          jobId,
          minNtime,
          version,
          versionRollingAllowed: true,
          merklePath: merklePath(jobId),
          coinbaseTxPrefix: coinbasePrefix,
          coinbaseTxSuffix: coinbaseSuffix,
        })
      : encodeMessage(NewMiningJob, {
          channelId,
          jobId,
          minNtime,
          version,
          merkleRoot: new Uint8Array(32).fill(jobId & 0xff),
        });
  }

  #serveV2(ownEnd: ByteStream): ServerConnection {
    const server = new ServerConnection(ownEnd, {});
    server.serve({ extranonceSize: OWN_EXTRANONCE_BYTES });
    const serveSetUp = server.onMessage;
    server.onMessage = (message) => {
      server.received.length = 0;
      server.frames.length = 0;
      if (
        message.name === "OpenStandardMiningChannel" ||
        message.name === "OpenExtendedMiningChannel"
      )
        this.#channelIds.push(FIRST_CHANNEL_ID + this.#channelIds.length);
      serveSetUp(message, server);
    };
    return server;
  }

  #serveV1(ownEnd: ByteStream): void {
    const decoder = new TextDecoder();
    ownEnd.onData((chunk) => {
      for (const line of decoder.decode(chunk).trim().split("\n")) {
        const message = JSON.parse(line) as { id: number; method: string };
        const answer = answerTo(message);
        if (answer !== undefined) ownEnd.write(answer);
        if (message.method === "mining.authorize") ownEnd.write(difficultyLine());
      }
    });
  }
}

const FIRST_CHANNEL_ID = 2;
