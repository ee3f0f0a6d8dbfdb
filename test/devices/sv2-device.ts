/** A light SV2 device: handshake, one channel, real shares at an easy target. */
import { nodeAead } from "../../firmware/node-aead.ts";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import { encodeHeader, hashHeader } from "../../src/bitcoin/header.ts";
import { foldMerklePath } from "../../src/bitcoin/merkle.ts";
import { sha256d } from "../../src/bitcoin/sha256.ts";
import { meetsTarget } from "../../src/bitcoin/target.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import { ACT2_BYTES, NxInitiator } from "../../src/noise/nx-handshake.ts";
import { SecureFrames } from "../../src/noise/secure-frames.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { SetupConnection } from "../../src/sv2/common-messages.ts";
import {
  OpenExtendedMiningChannel,
  OpenStandardMiningChannel,
  SubmitSharesExtended,
  SubmitSharesStandard,
} from "../../src/sv2/mining-messages.ts";
import {
  decodeMessage,
  encodeMessage,
  type MiningProtocolMessage,
} from "../../src/sv2/protocols.ts";
import type { Device, DeviceTerms, FarmCounts } from "./device.ts";

type Named<Name> = Extract<MiningProtocolMessage, { name: Name }>;
type Job = Named<"NewMiningJob"> | Named<"NewExtendedMiningJob">;

interface Present {
  readonly jobId: number;
  readonly version: number;
  readonly merkleRoot: Uint8Array;
  readonly ntime: number;
  readonly target: Uint8Array;
}

/** Jobs that wait for their previous hash. */
const MAX_FUTURE_JOBS = 4;

export class Sv2Device implements Device {
  readonly kind: "standard" | "extended";
  readonly #terms: DeviceTerms;
  readonly #stream: ByteStream;
  readonly #counts: FarmCounts;
  readonly #handshake = new NxInitiator({ entropy: systemEntropy, aead: nodeAead });
  #act2: Uint8Array = new Uint8Array(0);
  #codec: SecureFrames | undefined;
  #channelId = -1;
  #groupId = -1;
  #prefix: Uint8Array = new Uint8Array(0);
  #extranonce: Uint8Array = new Uint8Array(0);
  #target: Uint8Array = new Uint8Array(32);
  #tip: Named<"SetNewPrevHash"> | undefined;
  #tipAtMs = 0;
  readonly #future = new Map<number, Job>();
  #present: Present | undefined;
  #nonce = 0;
  #sequenceNumber = 0;
  readonly #sent = new Map<number, number>();
  #isClosing = false;

  constructor(
    kind: "standard" | "extended",
    stream: ByteStream,
    terms: DeviceTerms,
    authorityKey: Uint8Array | undefined,
    counts: FarmCounts,
  ) {
    this.kind = kind;
    this.#terms = terms;
    this.#stream = stream;
    this.#counts = counts;
    stream.onEnd((error) => {
      if (!this.#isClosing)
        counts.fail(`${terms.name}: connection ended: ${error?.message ?? "by the pool"}`);
    });
    stream.onData((chunk) => {
      try {
        this.#receive(chunk, authorityKey);
      } catch (error) {
        counts.fail(`${terms.name}: ${String(error)}`);
        this.close();
      }
    });
    stream.write(this.#handshake.act1);
  }

  get isReady(): boolean {
    return this.#present !== undefined;
  }

  mine(): void {
    const present = this.#present;
    const tip = this.#tip;
    if (present === undefined || tip === undefined || this.#isClosing) return;
    const header = encodeHeader({ ...present, prevHash: tip.prevHash, nbits: tip.nbits, nonce: 0 });
    const view = new DataView(header.buffer);
    do view.setUint32(76, ++this.#nonce, true);
    while (!meetsTarget(hashHeader(header), present.target));
    const { jobId, ntime, version } = present;
    const sequenceNumber = ++this.#sequenceNumber;
    const channelId = this.#channelId;
    const share = { channelId, sequenceNumber, jobId, nonce: this.#nonce, ntime, version };
    this.#counts.submitted++;
    this.#sent.set(sequenceNumber, performance.now());
    this.#send(
      this.kind === "standard"
        ? encodeMessage(SubmitSharesStandard, share)
        : encodeMessage(SubmitSharesExtended, { ...share, extranonce: this.#extranonce }),
    );
  }

  unansweredSince(beforeMs: number): number {
    return [...this.#sent.values()].filter((sentMs) => sentMs < beforeMs).length;
  }

  close(): void {
    this.#isClosing = true;
    this.#stream.close();
  }

  #send(frame: Frame): void {
    if (this.#codec !== undefined) this.#stream.write(this.#codec.encode(frame));
  }

  #receive(chunk: Uint8Array, authorityKey: Uint8Array | undefined): void {
    let rest = chunk;
    if (this.#codec === undefined) {
      const missing = ACT2_BYTES - this.#act2.length;
      this.#act2 = concatBytes(this.#act2, chunk.subarray(0, missing));
      rest = chunk.subarray(missing);
      if (this.#act2.length < ACT2_BYTES) return;
      const unixSeconds = Math.floor(Date.now() / 1_000);
      const keys = this.#handshake.finish(this.#act2, { authorityKey, unixSeconds });
      this.#codec = new SecureFrames(keys, nodeAead);
      this.#setUp();
    }
    if (rest.length > 0)
      this.#codec.receive(rest, (frame) => {
        const message = decodeMessage("mining", frame);
        if (message !== undefined) this.#take(message);
      });
  }

  #setUp(): void {
    this.#send(
      encodeMessage(SetupConnection, {
        protocol: 0,
        minVersion: 2,
        maxVersion: 2,
        flags: this.kind === "standard" ? 0b101 : 0b100,
        endpointHost: "127.0.0.1",
        endpointPort: 0,
        vendor: "asicd devices",
        hardwareVersion: this.kind,
        firmware: "0",
        deviceId: "",
      }),
    );
  }

  #take(message: MiningProtocolMessage): void {
    switch (message.name) {
      case "SetupConnection.Success":
        this.#open();
        break;
      case "OpenExtendedMiningChannel.Success":
        this.#extranonce = systemEntropy.randomBytes(message.extranonceSize);
        this.#opened(message);
        break;
      case "OpenStandardMiningChannel.Success":
        this.#opened(message);
        break;
      case "NewMiningJob":
      case "NewExtendedMiningJob":
        if (this.#isMine(message.channelId)) this.#takeJob(message);
        break;
      case "SetNewPrevHash":
        if (this.#isMine(message.channelId)) this.#takeTip(message);
        break;
      case "SetTarget":
        this.#target = message.maximumTarget;
        break;
      case "SubmitShares.Success":
        this.#acknowledge(message.lastSequenceNumber);
        break;
      case "SubmitShares.Error":
        this.#refused(message);
        break;
      case "SetupConnection.Error":
      case "OpenMiningChannel.Error":
        this.#counts.fail(`${this.#terms.name}: ${message.name} ${message.errorCode}`);
        break;
    }
  }

  #open(): void {
    const open = {
      requestId: 1,
      userIdentity: this.#terms.name,
      nominalHashRate: this.#terms.nominalHps,
      maxTarget: new Uint8Array(32).fill(0xff),
    };
    this.#send(
      this.kind === "standard"
        ? encodeMessage(OpenStandardMiningChannel, open)
        : encodeMessage(OpenExtendedMiningChannel, { ...open, minExtranonceSize: 4 }),
    );
  }

  #opened(opened: {
    channelId: number;
    groupChannelId: number;
    target: Uint8Array;
    extranoncePrefix: Uint8Array;
  }): void {
    this.#channelId = opened.channelId;
    this.#groupId = opened.groupChannelId;
    this.#target = opened.target;
    this.#prefix = opened.extranoncePrefix;
  }

  #isMine(channelId: number): boolean {
    return channelId === this.#channelId || channelId === this.#groupId;
  }

  #takeJob(job: Job): void {
    if (job.minNtime !== undefined) {
      this.#begin(job, job.minNtime);
      return;
    }
    this.#future.set(job.jobId, job);
    const [oldest] = this.#future.keys();
    if (this.#future.size > MAX_FUTURE_JOBS && oldest !== undefined) this.#future.delete(oldest);
  }

  #takeTip(tip: Named<"SetNewPrevHash">): void {
    const job = this.#future.get(tip.jobId);
    this.#future.clear();
    this.#tip = tip;
    this.#tipAtMs = performance.now();
    if (job === undefined) this.#counts.fail(`${this.#terms.name}: previous hash for no job`);
    else this.#begin(job, tip.minNtime);
  }

  #begin(job: Job, ntime: number): void {
    const merkleRoot =
      job.name === "NewMiningJob"
        ? job.merkleRoot
        : foldMerklePath(
            sha256d(
              concatBytes(
                job.coinbaseTxPrefix,
                this.#prefix,
                this.#extranonce,
                job.coinbaseTxSuffix,
              ),
            ),
            job.merklePath,
          );
    const { jobId, version } = job;
    this.#present = { jobId, version, merkleRoot, ntime, target: this.#target };
  }

  #acknowledge(lastSequenceNumber: number): void {
    const nowMs = performance.now();
    for (const [sequenceNumber, sentMs] of this.#sent) {
      if (sequenceNumber > lastSequenceNumber) break;
      this.#sent.delete(sequenceNumber);
      this.#counts.accepted++;
      this.#counts.acknowledgement.add(nowMs - sentMs);
    }
  }

  #refused({ sequenceNumber, errorCode }: Named<"SubmitShares.Error">): void {
    const sentMs = this.#sent.get(sequenceNumber) ?? 0;
    this.#sent.delete(sequenceNumber);
    if (errorCode === "stale-share" && sentMs <= this.#tipAtMs) this.#counts.overtaken++;
    else this.#counts.reject(errorCode);
  }
}
