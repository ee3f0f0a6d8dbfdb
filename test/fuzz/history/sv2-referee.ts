/** Knows the rules of SV2 as a server sees them, from the bytes alone: which shares of a device could count. */
import { toHex } from "../../../src/lib/bytes.ts";
import { WireError } from "../../../src/lib/errors.ts";
import type { Frame } from "../../../src/sv2/codec.ts";
import { PlainFrames } from "../../../src/sv2/frame.ts";
import { decodeMessage, type MiningProtocolMessage } from "../../../src/sv2/protocols.ts";
import type { Work } from "../../../src/work/work.ts";
import { foldedRoot } from "./folded-root.ts";
import type { Referee } from "./play.ts";

interface Job {
  readonly minNtime: number | undefined;
  /** What a server would look for. */
  readonly root: ((extranonce: Uint8Array) => string) | undefined;
}

/** Two jobs of one tip under one id: nobody can tell for which of them a share is. */
const SAID_TWICE: Job = { minNtime: undefined, root: undefined };

interface ChannelTruth {
  group: number;
  readonly extranonceSize: number | undefined;
  /** For jobs that come from now on. */
  extranoncePrefix: Uint8Array;
  readonly future: Map<number, Job>;
  /** Of the present tip. */
  live: Map<number, Job>;
  hasTip: boolean;
  lastSequence: number;
}

interface Opened {
  readonly requestId: number;
  readonly channelId: number;
  readonly groupChannelId: number;
  readonly extranoncePrefix: Uint8Array;
}

const NOTHING = new Uint8Array();
const NOT_OPEN = "a share on a channel that is not open";
const DEAD = "a share on a dead tip, or for a job never given";

export class Sv2Referee implements Referee {
  readonly broken: string[] = [];
  readonly #fromServer = new PlainFrames();
  readonly #fromDevice = new PlainFrames({ maxPayloadBytes: 0xffffff });
  readonly #channels = new Map<number, ChannelTruth>();
  readonly #requests = new Set<number>();
  readonly #submitting: () => Work | undefined;
  #devicesFirst = true;
  #isReady = false;
  #isOver = false;
  /** The server's bytes cannot be read any more: what the device makes of them is its own affair. */
  #isLost = false;

  /** `submitting`: the work that the share being sent was found for. */
  constructor(submitting: () => Work | undefined) {
    this.#submitting = submitting;
  }

  fromServer(bytes: Uint8Array): void {
    if (this.#isLost) return;
    try {
      this.#fromServer.receive(bytes, (frame) => {
        const message = decodeMessage("mining", frame);
        if (message !== undefined && !this.#isLost) this.#serverSaid(message);
      });
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#isLost = true;
    }
  }

  fromDevice(bytes: Uint8Array): void {
    if (this.#isOver) this.#say("bytes after the end of the connection");
    this.#fromDevice.receive(bytes, (frame) => this.#deviceSaid(frame));
  }

  lose(): void {
    this.#isLost = true;
    this.#channels.clear();
  }

  ended(): void {
    this.#isOver = true;
    this.#channels.clear();
  }

  #deviceSaid(frame: Frame): void {
    const message = decodeMessage("mining", frame);
    if (message === undefined) {
      this.#say("a message that nobody knows");
      return;
    }
    if (this.#devicesFirst !== (message.name === "SetupConnection"))
      this.#say(`${message.name} at the wrong moment: SetupConnection comes first, and once`);
    this.#devicesFirst = false;
    switch (message.name) {
      case "OpenStandardMiningChannel":
      case "OpenExtendedMiningChannel":
        if (!this.#isReady && !this.#isLost) this.#say("a channel before the set-up was answered");
        if (this.#requests.has(message.requestId)) this.#say("a request id was used twice");
        this.#requests.add(message.requestId);
        break;
      case "CloseChannel":
        this.#channels.delete(message.channelId);
        break;
      case "SubmitSharesStandard":
      case "SubmitSharesExtended":
        if (!this.#isLost) this.#judgeShare(message);
        break;
    }
  }

  #judgeShare(
    share: Extract<
      MiningProtocolMessage,
      { name: "SubmitSharesStandard" | "SubmitSharesExtended" }
    >,
  ): void {
    const channel = this.#channels.get(share.channelId);
    const job = channel?.live.get(share.jobId);
    if (channel === undefined || job === undefined) {
      this.#say(channel === undefined ? NOT_OPEN : DEAD);
      return;
    }
    if (job.minNtime !== undefined && share.ntime < job.minNtime)
      this.#say(`ntime ${share.ntime} below ${job.minNtime}`);
    if (share.sequenceNumber !== (channel.lastSequence + 1) >>> 0)
      this.#say("sequence numbers with a gap");
    channel.lastSequence = share.sequenceNumber;
    const isExtended = share.name === "SubmitSharesExtended";
    if (isExtended !== (channel.extranonceSize !== undefined)) this.#say("a share of another kind");
    if (isExtended && share.extranonce.length !== channel.extranonceSize)
      this.#say(`${share.extranonce.length} bytes of extranonce for ${channel.extranonceSize}`);
    const work = this.#submitting();
    const expected = job.root?.(isExtended ? share.extranonce : NOTHING);
    if (work !== undefined && expected !== undefined && expected !== toHex(work.merkleRoot))
      this.#say("the pool would look at another merkle root than the chips did");
  }

  #serverSaid(message: MiningProtocolMessage): void {
    switch (message.name) {
      case "SetupConnection.Success":
        this.#isReady = true;
        break;
      case "OpenStandardMiningChannel.Success":
        this.#open(message, undefined);
        break;
      case "OpenExtendedMiningChannel.Success":
        this.#open(message, message.extranonceSize);
        break;
      case "OpenMiningChannel.Error":
        this.#requests.delete(message.requestId);
        break;
      case "NewMiningJob":
      case "NewExtendedMiningJob":
        for (const channel of this.#addressed(message.channelId)) {
          // An extended job on a connection of standard channels is ignored (case 74).
          const isStandard = channel.extranonceSize === undefined;
          if (isStandard && message.name === "NewExtendedMiningJob") continue;
          const { jobId, minNtime } = message;
          const job = { minNtime, root: rootIn(message, channel.extranoncePrefix) };
          if (minNtime === undefined) channel.future.set(jobId, job);
          else if (channel.hasTip)
            channel.live.set(jobId, channel.live.has(jobId) ? SAID_TWICE : job);
        }
        break;
      case "SetNewPrevHash":
        for (const channel of this.#addressed(message.channelId)) {
          const job = channel.future.get(message.jobId);
          channel.live = new Map();
          if (job !== undefined)
            channel.live.set(message.jobId, { ...job, minNtime: message.minNtime });
          channel.future.clear();
          channel.hasTip = true;
        }
        break;
      case "SetExtranoncePrefix": {
        const channel = this.#channels.get(message.channelId);
        if (channel !== undefined) channel.extranoncePrefix = message.extranoncePrefix;
        break;
      }
      case "SetGroupChannel":
        for (const id of message.channelIds) {
          const channel = this.#channels.get(id);
          // Connections of standard channels must not get it, and ignore it (SV2 §5.3.22).
          if (channel?.extranonceSize !== undefined) channel.group = message.groupChannelId;
        }
        break;
      case "CloseChannel":
        for (const [id, { group }] of [...this.#channels])
          if (id === message.channelId || group === message.channelId) this.#channels.delete(id);
        break;
    }
  }

  #open(message: Opened, extranonceSize: number | undefined): void {
    // A second channel of one id ends the connection, or should.
    if (!this.#requests.delete(message.requestId)) return;
    if (this.#channels.has(message.channelId)) {
      this.#isLost = true;
      return;
    }
    this.#channels.set(message.channelId, {
      group: message.groupChannelId,
      extranonceSize,
      extranoncePrefix: message.extranoncePrefix,
      future: new Map(),
      live: new Map(),
      hasTip: false,
      lastSequence: 0,
    });
  }

  #addressed(id: number): ChannelTruth[] {
    return [...this.#channels]
      .filter(([channelId, { group }]) => channelId === id || group === id)
      .map(([, channel]) => channel);
  }

  #say(broken: string): void {
    this.broken.push(broken);
  }
}

/** As a server computes it. */
function rootIn(
  job: Extract<MiningProtocolMessage, { name: "NewMiningJob" | "NewExtendedMiningJob" }>,
  extranoncePrefix: Uint8Array,
): (extranonce: Uint8Array) => string {
  if (job.name === "NewMiningJob") return () => toHex(job.merkleRoot);
  const { coinbaseTxPrefix, coinbaseTxSuffix, merklePath } = job;
  return (extranonce) =>
    foldedRoot([coinbaseTxPrefix, extranoncePrefix, extranonce, coinbaseTxSuffix], merklePath);
}
