/** The link to one pool over any number of connections: connects, opens channels, routes messages, reconnects. */
import { equalBytes, printable } from "../lib/bytes.ts";
import type { Logger } from "../lib/log.ts";
import {
  CloseChannel,
  OpenStandardMiningChannel,
  SubmitSharesStandard,
  UpdateChannel,
} from "../sv2/mining-messages.ts";
import { encodeMessage, type MiningProtocolMessage } from "../sv2/protocols.ts";
import { LatencyRecorder } from "../telemetry/latency.ts";
import type { UpstreamPhase } from "../telemetry/snapshot.ts";
import type { Work } from "../work/work.ts";
import { backoffMs, NETWORK_BACKOFF, REFUSAL_BACKOFF } from "./backoff.ts";
import { Channel } from "./channel.ts";
import {
  Connection,
  type ConnectionEnd,
  type ConnectionHandlers,
  type ConnectionPorts,
} from "./connection.ts";
import type { DeviceIdentity, PoolEndpoint } from "./endpoint.ts";

/** A channel request or a channel without work for this long: the pool is of no use on this connection. */
const ANSWER_WITHIN_MS = 10_000;
const JOB_WITHIN_MS = 30_000;
/** No ping exists in SV2, and a quiet pool is normal between jobs; this long is not. */
const SILENCE_MS = 300_000;
const WATCH_PERIOD_MS = 1_000;
/** Reconnect messages followed in a row before the configured endpoint is tried again. */
const MAX_REDIRECTS = 5;
/** UpdateChannel at most once a second and channel; proxies do the same. */
const UPDATE_PERIOD_MS = 1_000;
const CLOSE_WITHIN_MS = 2_000;
/** Mining without a break for this long proves the pool well: failures and redirects are forgotten. */
const PROVEN_AFTER_MS = 60_000;

export interface SessionOptions {
  readonly endpoint: PoolEndpoint;
  readonly identity: DeviceIdentity;
  readonly userIdentity: string;
  /** BIP320 or BIP323 mask; what the server allows may be less. */
  readonly versionMask: number;
  readonly tolerateFlagEcho: boolean;
  /** Easiest target that we accept, 32 bytes little-endian. */
  readonly maxTarget: Uint8Array;
}

export interface SessionHandlers {
  /** The server agreed to talk: open channels now. `versionMask` is 0 where it demands a fixed version. */
  onReady(versionMask: number): void;
  onChannelOpened(requestId: number, channel: Channel): void;
  onChannelRefused(requestId: number, code: string): void;
  /** `channel.work` changed, in the tick in which the message arrived. */
  onWork(channel: Channel): void;
  onChannelClosed(channel: Channel, reason: string): void;
  /** Every channel is dead; the next attempt comes by itself. */
  onDown(reason: string): void;
  onShareAccepted(chainIndex: number): void;
  onShareRejected(chainIndex: number, code: string): void;
}

interface OpenRequest {
  readonly deadlineMs: number;
}

interface OpenChannel {
  readonly channel: Channel;
  joblessSinceMs: number;
  updateDueMs: number;
  pendingUpdateHps: number | undefined;
}

export class UpstreamSession {
  readonly #ports: ConnectionPorts;
  readonly #options: SessionOptions;
  readonly #handlers: SessionHandlers;
  readonly #log: Logger;
  readonly #requests = new Map<number, OpenRequest>();
  readonly #channels = new Map<number, OpenChannel>();
  #connection: Connection | undefined;
  #watch: Disposable | undefined;
  #retry: Disposable | undefined;
  #redirect: { host: string; port: number } | undefined;
  #redirects = 0;
  #failures = 0;
  #miningSinceMs = 0;
  #nextRequestId = 1;
  #versionMask = 0;
  #lastPrevHash: Uint8Array | undefined;
  #newTipInChunk = false;
  #stopping: (() => void) | undefined;

  phase: UpstreamPhase = "idle";
  /** Why there is no connection, or why the last one ended. */
  reason: string | null = null;
  connects = 0;
  accepted = 0;
  rejected = 0;
  lostUnacknowledged = 0;
  blocksSeen = 0;
  readonly rejectedByReason: Record<string, number> = {};
  /** From a received chunk with a new previous hash to all chains' jobs handed to the kernel. */
  readonly newBlockLatency = new LatencyRecorder();

  constructor(
    ports: ConnectionPorts,
    options: SessionOptions,
    handlers: SessionHandlers,
    log: Logger,
  ) {
    this.#ports = ports;
    this.#options = options;
    this.#handlers = handlers;
    this.#log = log;
  }

  get channels(): readonly Channel[] {
    return [...this.#channels.values()].map(({ channel }) => channel);
  }

  get pendingRequests(): number {
    return this.#requests.size;
  }

  start(): void {
    this.#watch = this.#ports.clock.every(WATCH_PERIOD_MS, () => this.#checkDeadlines());
    this.#connect();
  }

  /** Closes every channel in order and ends the connection; no reconnect follows. */
  async stop(reason = "shutdown"): Promise<void> {
    if (this.phase === "stopped") return;
    this.#watch?.[Symbol.dispose]();
    this.#retry?.[Symbol.dispose]();
    for (const { channel } of this.#channels.values()) {
      const { channelId } = channel;
      this.#connection?.send(encodeMessage(CloseChannel, { channelId, reasonCode: reason }));
    }
    const connection = this.#connection;
    if (connection !== undefined) {
      const ended = new Promise<void>((resolve) => {
        this.#stopping = resolve;
      });
      const late = this.#ports.clock.after(CLOSE_WITHIN_MS, () => this.#stopping?.());
      connection.close(reason);
      await ended;
      late[Symbol.dispose]();
    }
    this.phase = "stopped";
    this.reason = reason;
  }

  /** Asks for one more standard channel; the answer comes as `onChannelOpened` or `onChannelRefused` with the returned id. */
  openChannel(nominalHps: number): number {
    const requestId = this.#nextRequestId++;
    this.#requests.set(requestId, { deadlineMs: this.#nowMs() + ANSWER_WITHIN_MS });
    this.#connection?.send(
      encodeMessage(OpenStandardMiningChannel, {
        requestId,
        userIdentity: this.#options.userIdentity,
        nominalHashRate: nominalHps,
        maxTarget: this.#options.maxTarget,
      }),
    );
    return requestId;
  }

  /** Tells the pool a new rate; at most one message per second and channel, the last rate wins. */
  updateChannel(channel: Channel, nominalHps: number): void {
    const open = this.#channels.get(channel.channelId);
    if (open === undefined) return;
    open.pendingUpdateHps = nominalHps;
    this.#sendDueUpdate(open);
  }

  closeChannel(channel: Channel, reason: string): void {
    const { channelId } = channel;
    if (!this.#channels.delete(channelId)) return;
    this.#forgetShares(channel);
    channel.close();
    this.#connection?.send(encodeMessage(CloseChannel, { channelId, reasonCode: reason }));
  }

  /** Gives the pool up for now, for instance because it refuses every channel. */
  fail(reason: string): void {
    this.#connection?.fail("refused", reason);
  }

  /** Sends one share before it returns. The caller has checked that the work's tip is live and the target met. */
  submit(work: Work, chainIndex: number, nonce: number, ntime: number, version: number): void {
    const open = this.#channels.get(work.channelId);
    if (open === undefined || this.#connection === undefined) return;
    this.#connection.send(
      encodeMessage(SubmitSharesStandard, {
        channelId: work.channelId,
        sequenceNumber: open.channel.shares.sent(chainIndex),
        jobId: work.poolJobId,
        nonce,
        ntime,
        version,
      }),
    );
  }

  #connect(): void {
    const configured = this.#options.endpoint;
    // The redirected server must prove the same authority, and encryption is never given up (SV2 §3.3).
    const endpoint = { ...configured, ...this.#redirect };
    this.connects++;
    const connection = new Connection(
      this.#ports,
      {
        endpoint,
        identity: this.#options.identity,
        versionRolling: true,
        tolerateFlagEcho: this.#options.tolerateFlagEcho,
      },
      this.#connectionHandlers,
      this.#log,
    );
    this.#connection = connection;
    connection.start();
  }

  readonly #connectionHandlers: ConnectionHandlers = {
    onPhase: (phase) => {
      this.phase = phase;
    },
    onReady: ({ fixedVersion }) => {
      this.phase = "opening";
      this.reason = null;
      this.#versionMask = fixedVersion ? 0 : this.#options.versionMask;
      this.#log.info({ fixedVersion }, "connected to the pool");
      this.#handlers.onReady(this.#versionMask);
    },
    onMessage: (message, arrivedMs) => this.#receive(message, arrivedMs),
    onChunkDone: (arrivedMs) => {
      if (!this.#newTipInChunk) return;
      this.#newTipInChunk = false;
      this.newBlockLatency.add(this.#nowMs() - arrivedMs);
    },
    onEnd: (end) => this.#connectionEnded(end),
  };

  #receive(message: MiningProtocolMessage, arrivedMs: number): void {
    switch (message.name) {
      case "SetNewPrevHash":
        for (const open of this.#addressed(message.channelId)) {
          if (open.channel.setNewPrevHash(message, arrivedMs) === "unknown-job") {
            this.#noteStrange("SetNewPrevHash names a job that was never sent", {
              job: message.jobId,
            });
          }
          this.#workChanged(open, arrivedMs);
        }
        this.#newTipInChunk = true;
        this.#countBlock(message.prevHash);
        return;
      case "NewMiningJob": {
        const open = this.#channels.get(message.channelId);
        if (open === undefined) {
          this.#noteStrange("job for a channel that is not ours", { channel: message.channelId });
          return;
        }
        const change = open.channel.newMiningJob(message, arrivedMs);
        if (change === "active") this.#workChanged(open, arrivedMs);
        if (change === "no-tip") {
          this.#noteStrange("active job before any SetNewPrevHash", { job: message.jobId });
        }
        return;
      }
      case "SetTarget":
        for (const { channel } of this.#addressed(message.channelId)) {
          channel.setTarget(message.maximumTarget);
        }
        return;
      case "SubmitShares.Success":
        this.#sharesAcknowledged(message);
        return;
      case "SubmitShares.Error":
        this.#shareRefused(message);
        return;
      case "OpenStandardMiningChannel.Success":
        this.#channelOpened(message);
        return;
      case "OpenMiningChannel.Error":
        if (this.#requests.delete(message.requestId)) {
          this.#handlers.onChannelRefused(message.requestId, printable(message.errorCode));
        }
        return;
      case "CloseChannel":
        for (const { channel } of this.#addressed(message.channelId)) {
          this.#channelClosed(channel, printable(message.reasonCode));
        }
        return;
      case "Reconnect":
        this.#redirected(message.newHost, message.newPort);
        return;
      case "SetExtranoncePrefix": {
        const open = this.#channels.get(message.channelId);
        if (open !== undefined) open.channel.extranoncePrefix = message.extranoncePrefix;
        return;
      }
      case "UpdateChannel.Error":
        this.#noteStrange("the pool refused UpdateChannel", { code: printable(message.errorCode) });
        return;
      case "ChannelEndpointChanged":
        // Would end negotiated extensions of the channel (SV2 §3.6.4); none are negotiated.
        return;
      default:
        this.#noteStrange("message that a header-only device has no use for", {
          message: message.name,
        });
    }
  }

  /** Our channel of that id, or all members of that group (SV2 §5.2.3). */
  #addressed(id: number): readonly OpenChannel[] {
    const own = this.#channels.get(id);
    if (own !== undefined) return [own];
    const members: OpenChannel[] = [];
    for (const open of this.#channels.values()) {
      if (open.channel.groupChannelId === id) members.push(open);
    }
    if (members.length === 0) this.#noteStrange("message for a channel that is not ours", { id });
    return members;
  }

  #workChanged(open: OpenChannel, nowMs: number): void {
    this.#handlers.onWork(open.channel);
    if (open.channel.work === undefined) {
      open.joblessSinceMs = nowMs;
      return;
    }
    open.joblessSinceMs = Number.POSITIVE_INFINITY;
    if (this.phase !== "mining") {
      this.phase = "mining";
      this.#miningSinceMs = nowMs;
    }
  }

  #countBlock(prevHash: Uint8Array): void {
    if (this.#lastPrevHash !== undefined && !equalBytes(this.#lastPrevHash, prevHash)) {
      this.blocksSeen++;
    }
    this.#lastPrevHash = prevHash;
  }

  #channelOpened(
    message: Extract<MiningProtocolMessage, { name: "OpenStandardMiningChannel.Success" }>,
  ): void {
    if (!this.#requests.delete(message.requestId)) {
      this.#noteStrange("channel that was not asked for", { request: message.requestId });
      return;
    }
    const channel = new Channel({ ...message, versionMask: this.#versionMask });
    this.#channels.set(channel.channelId, {
      channel,
      joblessSinceMs: this.#nowMs(),
      updateDueMs: 0,
      pendingUpdateHps: undefined,
    });
    if (this.phase === "opening") this.phase = "waiting-for-job";
    this.#handlers.onChannelOpened(message.requestId, channel);
  }

  #channelClosed(channel: Channel, reason: string): void {
    this.#channels.delete(channel.channelId);
    this.#forgetShares(channel);
    channel.close();
    this.#handlers.onChannelClosed(channel, reason);
  }

  #sharesAcknowledged(
    message: Extract<MiningProtocolMessage, { name: "SubmitShares.Success" }>,
  ): void {
    const open = this.#channels.get(message.channelId);
    if (open === undefined) return;
    const { shares } = open.channel;
    const before = shares.overAcknowledged;
    shares.acknowledged(
      message.lastSequenceNumber,
      message.newSubmitsAcceptedCount,
      message.newSharesSum,
      (chainIndex) => {
        this.accepted++;
        this.#handlers.onShareAccepted(chainIndex);
      },
    );
    if (before === 0 && shares.overAcknowledged > 0) {
      this.#noteStrange("the pool acknowledged more shares than were sent", {
        channel: message.channelId,
        surplus: shares.overAcknowledged,
      });
    }
  }

  #shareRefused(message: Extract<MiningProtocolMessage, { name: "SubmitShares.Error" }>): void {
    const code = printable(message.errorCode, 64);
    const chainIndex = this.#channels
      .get(message.channelId)
      ?.channel.shares.refused(message.sequenceNumber);
    if (chainIndex === undefined) return;
    this.rejected++;
    this.rejectedByReason[code] = (this.rejectedByReason[code] ?? 0) + 1;
    this.#log.warn({ code, chain: chainIndex, channel: message.channelId }, "share rejected");
    this.#handlers.onShareRejected(chainIndex, code);
  }

  #redirected(host: string, port: number): void {
    const { endpoint } = this.#options;
    if (++this.#redirects > MAX_REDIRECTS) {
      this.#redirect = undefined;
      this.#connection?.fail("protocol", `redirected more than ${MAX_REDIRECTS} times in a row`);
      return;
    }
    const current = this.#redirect ?? endpoint;
    this.#redirect = {
      host: host === "" ? current.host : host,
      port: port === 0 ? current.port : port,
    };
    this.#log.info(
      { host: printable(this.#redirect.host), port: this.#redirect.port },
      "the pool asks to reconnect",
    );
    this.#connection?.close("reconnect");
  }

  #connectionEnded(end: ConnectionEnd): void {
    this.#connection = undefined;
    this.#requests.clear();
    for (const { channel } of this.#channels.values()) {
      this.#forgetShares(channel);
      channel.close();
    }
    this.#channels.clear();
    this.#lastPrevHash = undefined;
    this.reason = end.reason;
    this.#handlers.onDown(end.reason);
    if (this.#stopping !== undefined) {
      this.#stopping();
      return;
    }
    let waitMs = 0;
    if (end.kind !== "asked") {
      this.#failures++;
      this.#redirect = undefined;
      const policy = end.kind === "refused" ? REFUSAL_BACKOFF : NETWORK_BACKOFF;
      waitMs = backoffMs(policy, this.#failures, this.#ports.entropy.fraction());
      this.#log.warn(
        { reason: end.reason, kind: end.kind, retryInMs: Math.round(waitMs) },
        "pool lost",
      );
    }
    this.phase = "backing-off";
    this.#retry = this.#ports.clock.after(waitMs, () => this.#connect());
  }

  #forgetShares(channel: Channel): void {
    this.lostUnacknowledged += channel.shares.unacknowledged + channel.shares.forgotten;
  }

  #checkDeadlines(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const nowMs = this.#nowMs();
    for (const { deadlineMs } of this.#requests.values()) {
      if (nowMs > deadlineMs) {
        connection.fail(
          "network",
          `no answer to OpenStandardMiningChannel within ${ANSWER_WITHIN_MS / 1_000} s`,
        );
        return;
      }
    }
    for (const open of this.#channels.values()) {
      this.#sendDueUpdate(open);
      if (nowMs - open.joblessSinceMs > JOB_WITHIN_MS) {
        connection.fail("network", `no job for ${JOB_WITHIN_MS / 1_000} s`);
        return;
      }
    }
    if (this.phase !== "mining") return;
    if (nowMs - this.#miningSinceMs > PROVEN_AFTER_MS) {
      this.#failures = 0;
      this.#redirects = 0;
    }
    if (nowMs - connection.lastReceivedMs > SILENCE_MS) {
      connection.fail("network", `nothing heard for ${SILENCE_MS / 1_000} s`);
    }
  }

  #sendDueUpdate(open: OpenChannel): void {
    const nominalHashRate = open.pendingUpdateHps;
    if (nominalHashRate === undefined || this.#nowMs() < open.updateDueMs) return;
    open.pendingUpdateHps = undefined;
    open.updateDueMs = this.#nowMs() + UPDATE_PERIOD_MS;
    this.#connection?.send(
      encodeMessage(UpdateChannel, {
        channelId: open.channel.channelId,
        nominalHashRate,
        maximumTarget: this.#options.maxTarget,
      }),
    );
  }

  #noteStrange(what: string, fields: object): void {
    this.#connection?.noteStrange(what, fields);
  }

  #nowMs(): number {
    return this.#ports.clock.nowMs();
  }
}
