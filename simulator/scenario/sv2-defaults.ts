/** What a Stratum V2 message contains where a scenario says nothing: what a decent pool would send next. */
import type { MiningProtocolMessage } from "../../src/sv2/protocols.ts";
import { targetForRate } from "../pool/vardiff.ts";
import {
  DEFAULT_NBITS,
  DEFAULT_VERSION,
  inventPrevHash,
  inventSplitWork,
} from "./coinbase-work.ts";
import type { PeerHost } from "./peer.ts";
import type { Sv2Book } from "./sv2-book.ts";
import type { Sv2Spec } from "./sv2-messages.ts";

/** As the reference pool numbers them: the group first. */
const GROUP_ID = 1;
const FIRST_CHANNEL_ID = 2;
const EXTRANONCE_PREFIX_BYTES = 8;
const EXTRANONCE_BYTES = 8;
/** Pools with less share their work among devices by the hour; a test wants to see shares. */
const ANY_TARGET = new Uint8Array(32).fill(0xff);

export class Sv2Defaults {
  readonly #book: Sv2Book;
  readonly #host: PeerHost;
  readonly #sharesPerMinute: number;
  #request: { requestId: number; nominalHashRate: number; minExtranonceSize: number } = {
    requestId: 1,
    nominalHashRate: 0,
    minExtranonceSize: 0,
  };
  #extensionRequest: { requestId: number; requestedExtensions: readonly number[] } = {
    requestId: 1,
    requestedExtensions: [],
  };
  #channelId = FIRST_CHANNEL_ID;
  #nextChannelId = FIRST_CHANNEL_ID;
  #jobId = 0;
  #sequence = 0;
  #prevHash: Uint8Array;
  #prefixes = 0;

  constructor(book: Sv2Book, host: PeerHost, sharesPerMinute: number) {
    this.#book = book;
    this.#host = host;
    this.#sharesPerMinute = sharesPerMinute;
    this.#prevHash = inventPrevHash(host.entropy);
  }

  readonly names = {
    channel: () => this.#channelId,
    group: () => GROUP_ID,
    job: () => this.#jobId,
    request: () => this.#request.requestId,
    sequence: () => this.#sequence,
    prevHash: () => this.#prevHash,
    /** Of the first channel, for jobs from now on. */
    target: () => this.#target(),
  };

  received(message: MiningProtocolMessage): void {
    if (message.name === "OpenStandardMiningChannel")
      this.#request = { ...message, minExtranonceSize: 0 };
    if (message.name === "OpenExtendedMiningChannel") this.#request = message;
    if (message.name === "RequestExtensions") this.#extensionRequest = message;
    if (message.name === "SubmitSharesStandard" || message.name === "SubmitSharesExtended")
      this.#sequence = message.sequenceNumber;
  }

  sent(message: MiningProtocolMessage): void {
    if (
      message.name === "OpenStandardMiningChannel.Success" ||
      message.name === "OpenExtendedMiningChannel.Success"
    ) {
      if (this.#book.channels.size <= 1) this.#channelId = message.channelId;
      this.#nextChannelId = Math.max(this.#nextChannelId, message.channelId + 1);
    }
    if (message.name === "NewMiningJob" || message.name === "NewExtendedMiningJob")
      this.#jobId = message.jobId;
    if (message.name === "SetNewPrevHash") this.#prevHash = message.prevHash;
  }

  /** A fresh record with every field of the message. */
  of(spec: Sv2Spec): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const [field, { dataType }] of Object.entries(spec.fields)) values[field] = zero(dataType);
    return Object.assign(values, this.#table[spec.name]?.() ?? {});
  }

  readonly #table: Readonly<Record<string, () => Record<string, unknown>>> = {
    "SetupConnection.Success": () => ({ usedVersion: 2 }),
    "SetupConnection.Error": () => ({ errorCode: "unsupported-protocol" }),
    ChannelEndpointChanged: () => this.#addressed(),
    "OpenStandardMiningChannel.Success": () => this.#opened(),
    "OpenExtendedMiningChannel.Success": () => ({
      ...this.#opened(),
      extranonceSize: Math.max(EXTRANONCE_BYTES, this.#request.minExtranonceSize),
    }),
    "OpenMiningChannel.Error": () => ({
      requestId: this.#request.requestId,
      errorCode: "unknown-user",
    }),
    NewMiningJob: () => ({
      ...this.#addressed(),
      jobId: this.#jobId + 1,
      version: DEFAULT_VERSION,
      merkleRoot: this.#host.entropy.randomBytes(32),
    }),
    NewExtendedMiningJob: () => this.#extendedJob(),
    SetNewPrevHash: () => ({
      ...this.#everybody(),
      jobId: this.#jobId,
      prevHash: inventPrevHash(this.#host.entropy),
      minNtime: this.#host.clock.unixSeconds(),
      nbits: DEFAULT_NBITS,
    }),
    SetTarget: () => ({ ...this.#everybody(), maximumTarget: this.#target() }),
    "UpdateChannel.Error": () => ({ ...this.#addressed(), errorCode: "invalid-channel-id" }),
    CloseChannel: () => ({ ...this.#addressed(), reasonCode: "closed" }),
    SetExtranoncePrefix: () => ({
      ...this.#addressed(),
      extranoncePrefix: this.#nextPrefix(),
    }),
    "SubmitShares.Success": () => ({
      ...this.#addressed(),
      lastSequenceNumber: this.#sequence,
      newSubmitsAcceptedCount: 1,
      newSharesSum: 1n,
    }),
    "SubmitShares.Error": () => ({
      ...this.#addressed(),
      sequenceNumber: this.#sequence,
      errorCode: "stale-share",
    }),
    SetGroupChannel: () => ({
      groupChannelId: GROUP_ID,
      channelIds: [...this.#book.channels.keys()],
    }),
    "RequestExtensions.Success": () => ({
      requestId: this.#extensionRequest.requestId,
      supportedExtensions: this.#extensionRequest.requestedExtensions,
    }),
    "RequestExtensions.Error": () => ({
      requestId: this.#extensionRequest.requestId,
      unsupportedExtensions: this.#extensionRequest.requestedExtensions,
    }),
  };

  #addressed(): { channelId: number } {
    return { channelId: this.#channelId };
  }

  /** The group, where a device has opened several channels: a test of one is a test of all. */
  #everybody(): { channelId: number } {
    const [first] = this.#book.channels.values();
    const isGroup = this.#book.channels.size > 1 && first !== undefined;
    return { channelId: isGroup ? first.groupChannelId : this.#channelId };
  }

  #opened(): Record<string, unknown> {
    const { requestId, nominalHashRate } = this.#request;
    const target =
      nominalHashRate > 0 ? targetForRate(nominalHashRate, this.#sharesPerMinute) : ANY_TARGET;
    return {
      requestId,
      channelId: this.#nextChannelId,
      target,
      extranoncePrefix: this.#nextPrefix(),
      groupChannelId: GROUP_ID,
    };
  }

  #extendedJob(): Record<string, unknown> {
    const channel = this.#book.channels.get(this.#channelId);
    const prefixBytes = channel?.extranoncePrefix.length ?? EXTRANONCE_PREFIX_BYTES;
    const work = inventSplitWork(
      this.#host.entropy,
      prefixBytes + (channel?.extranonceSize ?? EXTRANONCE_BYTES),
    );
    return {
      ...this.#addressed(),
      jobId: this.#jobId + 1,
      version: DEFAULT_VERSION,
      versionRollingAllowed: true,
      merklePath: work.merklePath,
      coinbaseTxPrefix: work.prefix,
      coinbaseTxSuffix: work.suffix,
    };
  }

  #target(): Uint8Array {
    return this.#book.channels.get(this.#channelId)?.target ?? ANY_TARGET;
  }

  /** No two channels of a connection have the same. */
  #nextPrefix(): Uint8Array {
    const prefix = new Uint8Array(EXTRANONCE_PREFIX_BYTES);
    prefix[EXTRANONCE_PREFIX_BYTES - 1] = ++this.#prefixes;
    return prefix;
  }
}

function zero(dataType: string): unknown {
  if (dataType.startsWith("OPTION")) return undefined;
  if (dataType.startsWith("SEQ")) return [];
  if (dataType.startsWith("STR")) return "";
  if (dataType === "BOOL") return false;
  if (dataType === "U64") return 0n;
  if (dataType === "U256") return new Uint8Array(32);
  return /^(U\d+|F32)$/.test(dataType) ? 0 : new Uint8Array(0);
}
