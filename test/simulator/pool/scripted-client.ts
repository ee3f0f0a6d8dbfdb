/** A small device for tests of servers: speaks SV2 over any stream, mines on the spot, does as it is told. */
import { encodeHeader, hashHeader } from "../../../src/bitcoin/header.ts";
import { meetsTarget } from "../../../src/bitcoin/target.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import { nobleAead } from "../../../src/noise/aead.ts";
import { ACT2_BYTES, NxInitiator } from "../../../src/noise/nx-handshake.ts";
import { SecureFrames } from "../../../src/noise/secure-frames.ts";
import type { ByteStream } from "../../../src/ports/byte-stream.ts";
import type { Entropy } from "../../../src/ports/entropy.ts";
import type { Frame, FrameCodec } from "../../../src/sv2/codec.ts";
import { SetupConnection } from "../../../src/sv2/common-messages.ts";
import { PlainFrames } from "../../../src/sv2/frame.ts";
import {
  OpenExtendedMiningChannel,
  OpenStandardMiningChannel,
  SubmitSharesStandard,
} from "../../../src/sv2/mining-messages.ts";
import {
  decodeMessage,
  encodeMessage,
  type MiningProtocolMessage,
} from "../../../src/sv2/protocols.ts";

export type Received<Name extends MiningProtocolMessage["name"]> = Extract<
  MiningProtocolMessage,
  { name: Name }
>;

export interface ClientSecurity {
  readonly authorityKey: Uint8Array | undefined;
  readonly unixSeconds: number;
  readonly entropy: Entropy;
}

export const EASIEST_TARGET = new Uint8Array(32).fill(0xff);

export class ScriptedClient {
  readonly received: MiningProtocolMessage[] = [];
  /** Frames in the order of arrival, for what the messages do not show. */
  readonly channelBits: boolean[] = [];
  /** Set when the handshake fails or the server breaks the protocol. */
  failure: unknown;
  ended = false;
  readonly #stream: ByteStream;
  readonly #security: ClientSecurity | undefined;
  readonly #initiator: NxInitiator | undefined;
  #codec: FrameCodec | undefined;
  #act2: Uint8Array = new Uint8Array(0);
  readonly #sequenceNumbers = new Map<number, number>();
  #waiting: Frame[] = [];

  /** Without `security` it speaks plaintext. */
  constructor(stream: ByteStream, security: ClientSecurity | undefined) {
    this.#stream = stream;
    this.#security = security;
    stream.onEnd(() => {
      this.ended = true;
    });
    stream.onData((chunk) => this.#receive(chunk));
    if (security === undefined) {
      this.#codec = new PlainFrames();
    } else {
      this.#initiator = new NxInitiator({ entropy: security.entropy, aead: nobleAead });
      stream.write(this.#initiator.act1);
    }
  }

  /** Waits for the handshake where there is one. */
  send(frame: Frame): void {
    if (this.#codec === undefined) this.#waiting.push(frame);
    else this.#stream.write(this.#codec.encode(frame));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  close(): void {
    this.#stream.close();
  }

  setUp(values: Partial<Parameters<typeof SetupConnection.encode>[0]> = {}): void {
    this.send(
      encodeMessage(SetupConnection, {
        protocol: 0,
        minVersion: 2,
        maxVersion: 2,
        flags: 0b101,
        endpointHost: "pool",
        endpointPort: 1,
        vendor: "asicd test",
        hardwareVersion: "script",
        firmware: "0",
        deviceId: "",
        ...values,
      }),
    );
  }

  open(
    requestId: number,
    nominalHashRate: number,
    maxTarget: Uint8Array = EASIEST_TARGET,
    userIdentity = `user.${requestId}`,
  ): void {
    this.send(
      encodeMessage(OpenStandardMiningChannel, {
        requestId,
        userIdentity,
        nominalHashRate,
        maxTarget,
      }),
    );
  }

  openExtended(
    requestId: number,
    o: { minExtranonceSize?: number; maxTarget?: Uint8Array; hps?: number; user?: string } = {},
  ): void {
    this.send(
      encodeMessage(OpenExtendedMiningChannel, {
        requestId,
        userIdentity: o.user ?? `user.${requestId}`,
        nominalHashRate: o.hps ?? 1,
        maxTarget: o.maxTarget ?? EASIEST_TARGET,
        minExtranonceSize: o.minExtranonceSize ?? 0,
      }),
    );
  }

  all<Name extends MiningProtocolMessage["name"]>(name: Name): Received<Name>[] {
    return this.received.filter((message): message is Received<Name> => message.name === name);
  }

  last<Name extends MiningProtocolMessage["name"]>(name: Name): Received<Name> {
    const found = this.all(name).at(-1);
    if (found === undefined)
      throw new Error(`no ${name} among ${this.received.map((m) => m.name)}`);
    return found;
  }

  /** The newest job of a channel and the tip it belongs to. */
  job(channelId: number): {
    job: Received<"NewMiningJob">;
    tip: Received<"SetNewPrevHash">;
    ntime: number;
  } {
    const jobs = this.all("NewMiningJob").filter((job) => job.channelId === channelId);
    const tips = this.all("SetNewPrevHash").filter(
      (tip) => tip.channelId === channelId || tip.channelId <= 1,
    );
    const [job, tip] = [jobs.at(-1), tips.at(-1)];
    if (job === undefined || tip === undefined) throw new Error(`channel ${channelId} has no job`);
    return { job, tip, ntime: job.minNtime ?? tip.minNtime };
  }

  /** Nonces whose hash meets the target (or, if told so, does not), from `start` on. */
  search(
    channelId: number,
    target: Uint8Array,
    o: { start?: number; ntime?: number; version?: number; missing?: boolean } = {},
  ): number {
    const { job, tip, ntime } = this.job(channelId);
    for (let nonce = o.start ?? 0; ; nonce++) {
      const hash = hashHeader(
        encodeHeader({
          version: o.version ?? job.version,
          prevHash: tip.prevHash,
          merkleRoot: job.merkleRoot,
          ntime: o.ntime ?? ntime,
          nbits: tip.nbits,
          nonce,
        }),
      );
      if (meetsTarget(hash, target) !== (o.missing ?? false)) return nonce;
    }
  }

  /** Sends a share; what is not given comes from the newest job and from counting. */
  submit(
    channelId: number,
    share: {
      nonce: number;
      jobId?: number;
      ntime?: number;
      version?: number;
      sequenceNumber?: number;
    },
  ): number {
    const { job, ntime } = this.job(channelId);
    const sequenceNumber = share.sequenceNumber ?? (this.#sequenceNumbers.get(channelId) ?? 0) + 1;
    this.#sequenceNumbers.set(channelId, sequenceNumber);
    this.send(
      encodeMessage(SubmitSharesStandard, {
        channelId,
        jobId: job.jobId,
        ntime,
        version: job.version,
        ...share,
        sequenceNumber,
      }),
    );
    return sequenceNumber;
  }

  #receive(chunk: Uint8Array): void {
    try {
      const rest = this.#codec === undefined ? this.#finishHandshake(chunk) : chunk;
      this.#codec?.receive(rest, (frame) => {
        const message = decodeMessage("mining", frame);
        if (message === undefined) return;
        this.received.push(message);
        this.channelBits.push(frame.channelMessage);
      });
    } catch (error) {
      this.failure = error;
      this.#stream.destroy();
    }
  }

  #finishHandshake(chunk: Uint8Array): Uint8Array {
    const missing = ACT2_BYTES - this.#act2.length;
    this.#act2 = concatBytes(this.#act2, chunk.subarray(0, missing));
    if (this.#act2.length < ACT2_BYTES || this.#security === undefined) return new Uint8Array(0);
    const keys = this.#initiator?.finish(this.#act2, this.#security);
    if (keys === undefined) throw new Error("no handshake under way");
    this.#codec = new SecureFrames(keys, nobleAead);
    for (const frame of this.#waiting.splice(0)) this.send(frame);
    return chunk.subarray(missing);
  }
}
