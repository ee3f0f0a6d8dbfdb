/** A server of SV2 that answers well, badly or not at all, and says whatever a history has it say. */
import type { ByteStream } from "../../../src/ports/byte-stream.ts";
import type { Frame } from "../../../src/sv2/codec.ts";
import {
  Reconnect,
  SetupConnectionError,
  SetupConnectionSuccess,
} from "../../../src/sv2/common-messages.ts";
import { RequestExtensionsSuccess } from "../../../src/sv2/extension-messages.ts";
import { PlainFrames } from "../../../src/sv2/frame.ts";
import {
  NewExtendedMiningJob,
  NewMiningJob,
  OpenExtendedMiningChannelSuccess,
  OpenMiningChannelError,
  OpenStandardMiningChannelSuccess,
  SetExtranoncePrefix,
  SetGroupChannel,
  SetNewPrevHash,
  SetTarget,
  SubmitSharesError,
  SubmitSharesSuccess,
  UpdateChannelError,
} from "../../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../../src/sv2/protocols.ts";
import { type Received, ServerConnection } from "../../support/scripted-server.ts";
import { type HistoryServer, HOST, OTHER_HOST, PORT } from "./play.ts";
import type { Step } from "./step.ts";

export const setupModes = [
  "good",
  "fixed-version",
  "wants-extended",
  "error",
  "silent",
  "version-3",
] as const;
export const channelModes = [
  "good",
  "refuses",
  "silent",
  "same-id",
  "lone",
  "no-extranonce",
] as const;

interface OpenChannel {
  readonly id: number;
  readonly isExtended: boolean;
}

interface Client {
  readonly connection: ServerConnection;
  readonly channels: OpenChannel[];
  /** Shares that came and were not answered. */
  readonly shares: { channelId: number; sequenceNumber: number }[];
}

export class Sv2Server implements HistoryServer {
  readonly #isSecure: boolean;
  readonly #plain = new PlainFrames();
  #setup: (typeof setupModes)[number] = "good";
  #channel: (typeof channelModes)[number] = "good";
  #client: Client | undefined;
  #held: Uint8Array = new Uint8Array();
  #jobs = 100;

  constructor(isSecure: boolean) {
    this.#isSecure = isSecure;
  }

  get stream(): ByteStream | undefined {
    return this.#client?.connection.stream;
  }

  accept(stream: ByteStream): void {
    const connection = new ServerConnection(stream, { secure: this.#isSecure });
    const client: Client = { connection, channels: [], shares: [] };
    this.#client = client;
    this.#held = new Uint8Array();
    connection.onMessage = (message) => this.#answer(client, message);
  }

  heal(): void {
    this.#setup = "good";
    this.#channel = "good";
  }

  giveWork(): void {
    for (const { id, isExtended } of this.#client?.channels ?? [])
      this.#block(id, isExtended, ++this.#jobs, this.#jobs & 0xff);
  }

  storm(kind: number, number: number): void {
    const client = this.#client;
    const { id = 2, isExtended = false } = client?.channels[0] ?? {};
    const own = new Uint8Array(32).map((_, i) => (number >> (8 * (i & 1))) & 0xff);
    const errorCode = `code-${number}-${"x".repeat(200)}`;
    const frames = [
      () => [jobFrame(id, isExtended, number, undefined)],
      () => [jobFrame(id, isExtended, number, 1_000)],
      () => [jobFrame(id, isExtended, number, undefined), tipFrame(id, number, number & 0xff)],
      () => [encodeMessage(SetTarget, { channelId: id, maximumTarget: own })],
      () => [encodeMessage(SetExtranoncePrefix, { channelId: id, extranoncePrefix: own })],
      () => [
        encodeMessage(SubmitSharesError, { channelId: id, sequenceNumber: number, errorCode }),
      ],
      () => [encodeMessage(UpdateChannelError, { channelId: id, errorCode })],
      () => [encodeMessage(SetGroupChannel, { groupChannelId: number, channelIds: [id, number] })],
      () => [{ messageType: 0xee, extensionType: 7, channelMessage: false, payload: own }],
    ][kind % 9]?.();
    if (client !== undefined && !client.connection.ended && frames !== undefined)
      client.connection.sendTogether(frames);
  }

  take(step: Step): void {
    const client = this.#client;
    if (step.do === "mode") {
      this.#setup = setupModes[step.a] ?? "good";
      this.#channel = channelModes[step.b] ?? "good";
    }
    if (client === undefined || client.connection.ended) return;
    const { connection, channels } = client;
    switch (step.do) {
      case "say":
        connection.send({
          messageType: step.a & 0xff,
          extensionType: step.b & 0x7fff,
          channelMessage: false,
          payload: step.bytes,
        });
        break;
      case "raw":
        connection.stream.write(step.bytes);
        break;
      case "half": {
        // In plain only: the rest of a frame that is cut in the middle comes with "rest", or never.
        if (this.#isSecure) break;
        const whole = this.#plain.encode({
          messageType: step.a & 0xff,
          extensionType: 0,
          channelMessage: false,
          payload: step.bytes,
        });
        const at = step.b % whole.length;
        this.#held = whole.slice(at);
        connection.stream.write(whole.slice(0, at));
        break;
      }
      case "rest":
        connection.stream.write(this.#held);
        this.#held = new Uint8Array();
        break;
      case "block":
      case "job":
      case "tip": {
        // 0 means the group, which reaches no standard channel with a job.
        const [first] = channels;
        const chosen = channels[step.a % Math.max(1, channels.length)];
        if (first === undefined || chosen === undefined) break;
        const isGroup = step.a === 0 && (first.isExtended || step.do === "tip");
        const id = isGroup ? 1 : chosen.id;
        const jobId = step.b & 7;
        const fill = 0xa0 + (jobId & 3);
        if (step.do === "block") this.#block(id, chosen.isExtended, jobId, fill);
        else if (step.do === "tip") connection.send(tipFrame(id, jobId, fill));
        else
          connection.send(jobFrame(id, chosen.isExtended, jobId, step.b > 7 ? 1_000 : undefined));
        break;
      }
      case "answer":
        this.#answerShares(client, step.a, step.b);
        break;
      case "reconnect":
        connection.send(
          encodeMessage(Reconnect, {
            newHost: ["", HOST, OTHER_HOST, "10.1.2.3", "pool.elsewhere.example"][step.a] ?? "",
            newPort: step.b === 0 ? 0 : PORT,
          }),
        );
        break;
    }
  }

  #block(id: number, isExtended: boolean, jobId: number, fill: number): void {
    const frames = [jobFrame(id, isExtended, jobId, undefined), tipFrame(id, jobId, fill)];
    this.#client?.connection.sendTogether(frames);
  }

  #answer(client: Client, message: Received): void {
    const { connection, channels } = client;
    connection.received.length = 0;
    connection.frames.length = 0;
    switch (message.name) {
      case "SetupConnection":
        this.#answerSetup(connection);
        break;
      case "RequestExtensions":
        connection.send(
          encodeMessage(RequestExtensionsSuccess, {
            requestId: message.requestId,
            supportedExtensions: message.requestedExtensions,
          }),
        );
        break;
      case "OpenStandardMiningChannel":
      case "OpenExtendedMiningChannel":
        this.#answerOpen(client, message.requestId, message.name === "OpenExtendedMiningChannel");
        break;
      case "CloseChannel":
        channels.splice(
          0,
          channels.length,
          ...channels.filter(({ id }) => id !== message.channelId),
        );
        break;
      case "SubmitSharesStandard":
      case "SubmitSharesExtended":
        client.shares.push(message);
        break;
    }
  }

  #answerSetup(connection: ServerConnection): void {
    if (this.#setup === "silent") return;
    if (this.#setup === "error") {
      const errorCode = "unsupported-feature-flags";
      connection.send(encodeMessage(SetupConnectionError, { flags: 1, errorCode }));
      return;
    }
    const flags = this.#setup === "fixed-version" ? 1 : this.#setup === "wants-extended" ? 2 : 0;
    const usedVersion = this.#setup === "version-3" ? 3 : 2;
    connection.send(encodeMessage(SetupConnectionSuccess, { usedVersion, flags }));
  }

  #answerOpen({ connection, channels }: Client, requestId: number, isExtended: boolean): void {
    const mode = this.#channel;
    if (mode === "silent") return;
    if (mode === "refuses") {
      const errorCode = "unknown-user";
      connection.send(encodeMessage(OpenMiningChannelError, { requestId, errorCode }));
      return;
    }
    const id = mode === "same-id" ? 2 : 2 + channels.length;
    channels.push({ id, isExtended });
    const opened = {
      requestId,
      channelId: id,
      target: new Uint8Array(32).fill(0xff),
      extranoncePrefix: new Uint8Array(4),
      groupChannelId: mode === "lone" ? 0 : 1,
    };
    connection.send(
      isExtended
        ? encodeMessage(OpenExtendedMiningChannelSuccess, {
            ...opened,
            extranonceSize: mode === "no-extranonce" ? 0 : 4,
          })
        : encodeMessage(OpenStandardMiningChannelSuccess, opened),
    );
  }

  /** 0: all in one batch; 1: one by one; 2: the last refused, then the batch; 3: too many; 4: twice the same batch. */
  #answerShares({ connection, shares }: Client, how: number, limit: number): void {
    const answered = shares.splice(0, limit === 0 ? shares.length : limit);
    const last = answered.at(-1);
    if (last === undefined) return;
    const { channelId, sequenceNumber } = last;
    const success = (count: number, lastSequenceNumber = sequenceNumber) =>
      connection.send(
        encodeMessage(SubmitSharesSuccess, {
          channelId,
          lastSequenceNumber,
          newSubmitsAcceptedCount: count,
          newSharesSum: 1n,
        }),
      );
    const own = answered.filter((one) => one.channelId === channelId);
    if (how === 1) for (const one of own) success(1, one.sequenceNumber);
    else if (how === 3) success(0xffffffff);
    else if (how === 2) {
      const errorCode = "stale-share";
      connection.send(encodeMessage(SubmitSharesError, { channelId, sequenceNumber, errorCode }));
      success(own.length - 1);
    } else {
      success(own.length);
      if (how === 4) success(own.length);
    }
  }
}

function jobFrame(
  channelId: number,
  isExtended: boolean,
  jobId: number,
  minNtime: number | undefined,
): Frame {
  const version = 0x2000_0000;
  return isExtended
    ? encodeMessage(NewExtendedMiningJob, {
        channelId,
        jobId,
        minNtime,
        version,
        versionRollingAllowed: true,
        merklePath: [],
        coinbaseTxPrefix: new Uint8Array(41),
        coinbaseTxSuffix: new Uint8Array(jobId > 99 ? 4_000 : 10).fill(jobId),
      })
    : encodeMessage(NewMiningJob, {
        channelId,
        jobId,
        minNtime,
        version,
        merkleRoot: new Uint8Array(32).fill(jobId),
      });
}

function tipFrame(channelId: number, jobId: number, fill: number): Frame {
  return encodeMessage(SetNewPrevHash, {
    channelId,
    jobId,
    prevHash: new Uint8Array(32).fill(fill),
    minNtime: 1_000 + jobId,
    nbits: 0x1d00ffff,
  });
}
