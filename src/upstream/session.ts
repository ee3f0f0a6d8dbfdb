/** The link to one pool over any number of connections: connects, sets up, follows redirects, reconnects with patience. */
import { printable } from "../lib/bytes.ts";
import type { Logger } from "../lib/log.ts";
import type { MiningProtocolMessage } from "../sv2/protocols.ts";
import { LatencyRecorder } from "../telemetry/latency.ts";
import type { UpstreamPhase } from "../telemetry/snapshot.ts";
import type { Work } from "../work/work.ts";
import { backoffMs, NETWORK_BACKOFF, REFUSAL_BACKOFF } from "./backoff.ts";
import type { Channel } from "./channel.ts";
import {
  Connection,
  type ConnectionEnd,
  type ConnectionHandlers,
  type ConnectionPorts,
} from "./connection.ts";
import { type DeviceIdentity, isPrivateHost, type PoolEndpoint } from "./endpoint.ts";
import { type ChannelHandlers, type ChannelTerms, OpenChannels } from "./open-channels.ts";

/** No ping exists in SV2, and a quiet pool is normal between jobs; this long is not. */
const SILENCE_MS = 300_000;
const WATCH_PERIOD_MS = 1_000;
/** Reconnect messages followed in a row before the configured endpoint is tried again. */
const MAX_REDIRECTS = 5;
const CLOSE_WITHIN_MS = 2_000;
/** Mining without a break for this long proves the pool well: failures and redirects are forgotten. */
const PROVEN_AFTER_MS = 60_000;

export interface SessionOptions extends ChannelTerms {
  readonly endpoint: PoolEndpoint;
  readonly identity: DeviceIdentity;
  /** BIP320 or BIP323 mask; what the server allows may be less. */
  readonly versionMask: number;
  readonly tolerateFlagEcho: boolean;
}

export interface SessionHandlers extends ChannelHandlers {
  /** The server agreed to talk: open channels now. `versionMask` is 0 where it demands a fixed version. */
  onReady(versionMask: number): void;
  /** Every channel is dead; the next attempt comes by itself. */
  onDown(reason: string): void;
}

export class UpstreamSession {
  readonly #ports: ConnectionPorts;
  readonly #options: SessionOptions;
  readonly #handlers: SessionHandlers;
  readonly #log: Logger;
  #connection: Connection | undefined;
  #watch: Disposable | undefined;
  #retry: Disposable | undefined;
  #redirect: { host: string; port: number } | undefined;
  #redirects = 0;
  #failures = 0;
  #miningSinceMs = 0;
  #newBlockInChunk = false;
  #stopping: (() => void) | undefined;

  phase: UpstreamPhase = "idle";
  /** Why there is no connection, or why the last one ended. */
  reason: string | null = null;
  connects = 0;
  /** Channels of the present connection, and what became of shares on all of them. */
  readonly channels: OpenChannels;
  /** From a received chunk with a new block to its last chain's job handed to the kernel. */
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
    const link = {
      send: (frame: Parameters<Connection["send"]>[0]) => this.#connection?.send(frame),
      noteStrange: (what: string, fields: object) => this.#connection?.noteStrange(what, fields),
      fail: (reason: string) => this.#connection?.fail("protocol", reason),
    };
    this.channels = new OpenChannels(link, options, handlers, ports.clock, log);
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
    this.channels.announceEnd(reason);
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
    return this.channels.open(nominalHps);
  }

  /** Tells the pool a new rate; at most one message per second and channel, the last rate wins. */
  updateChannel(channel: Channel, nominalHps: number): void {
    this.channels.update(channel, nominalHps);
  }

  closeChannel(channel: Channel, reason: string): void {
    this.channels.close(channel, reason);
  }

  /** Gives the pool up for now, for instance because it refuses every channel. */
  fail(reason: string): void {
    this.#connection?.fail("refused", reason);
  }

  /** Sends one share before it returns. The caller has checked that the work's tip is live and the target met. */
  submit(work: Work, chainIndex: number, nonce: number, ntime: number, version: number): void {
    this.channels.submit(work, chainIndex, nonce, ntime, version);
  }

  #connect(): void {
    // The redirected server must prove the same authority, and encryption is never given up (SV2 §3.3).
    const endpoint = { ...this.#options.endpoint, ...this.#redirect };
    const { identity, tolerateFlagEcho } = this.#options;
    this.connects++;
    const connection = new Connection(
      this.#ports,
      { endpoint, identity, versionRolling: true, tolerateFlagEcho },
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
      const versionMask = fixedVersion ? 0 : this.#options.versionMask;
      this.channels.begin(versionMask);
      this.#log.info({ fixedVersion }, "connected to the pool");
      this.#handlers.onReady(versionMask);
    },
    onMessage: (message, arrivedMs) => this.#receive(message, arrivedMs),
    onChunkDone: (arrivedMs) => {
      if (!this.#newBlockInChunk) return;
      this.#newBlockInChunk = false;
      this.newBlockLatency.add(this.#ports.clock.nowMs() - arrivedMs);
    },
    onEnd: (end) => this.#connectionEnded(end),
  };

  #receive(message: MiningProtocolMessage, arrivedMs: number): void {
    const blocks = this.channels.newBlocks;
    if (this.channels.receive(message, arrivedMs)) {
      if (this.channels.newBlocks > blocks) this.#newBlockInChunk = true;
      this.#followChannels(arrivedMs);
    } else if (message.name === "Reconnect") {
      this.#redirected(message.newHost, message.newPort);
    } else if (message.name !== "ChannelEndpointChanged") {
      // (That one would end negotiated extensions of the channel, SV2 §3.6.4; none are negotiated.)
      const fields = { message: message.name };
      this.#connection?.noteStrange("message that a header-only device has no use for", fields);
    }
  }

  #followChannels(nowMs: number): void {
    if (this.#connection === undefined) return;
    const { phase } = this.channels;
    if (phase === "mining" && this.phase !== "mining") this.#miningSinceMs = nowMs;
    this.phase = phase;
  }

  #redirected(host: string, port: number): void {
    if (++this.#redirects > MAX_REDIRECTS) {
      this.#connection?.fail("refused", `redirected more than ${MAX_REDIRECTS} times in a row`);
      return;
    }
    const { endpoint } = this.#options;
    const current = this.#redirect ?? endpoint;
    const target = {
      host: host === "" ? current.host : host,
      port: port === 0 ? current.port : port,
    };
    if (!endpoint.secure && !isPrivateHost(target.host)) {
      const where = printable(target.host, 80);
      this.#connection?.fail(
        "refused",
        `redirected in plaintext to ${where}, which is not private`,
      );
      return;
    }
    this.#redirect = target;
    const shown = { host: printable(this.#redirect.host), port: this.#redirect.port };
    this.#log.info(shown, "the pool asks to reconnect");
    this.#connection?.close("reconnect");
  }

  #connectionEnded(end: ConnectionEnd): void {
    this.#connection = undefined;
    this.#newBlockInChunk = false;
    this.channels.lost();
    this.reason = end.reason;
    this.#handlers.onDown(end.reason);
    if (this.#stopping !== undefined) {
      this.#stopping();
      return;
    }
    let waitMs = 0;
    if (end.kind !== "asked") {
      this.#failures++;
      // Back to the configured endpoint, which may well send us elsewhere again.
      this.#redirect = undefined;
      this.#redirects = 0;
      const policy = end.kind === "refused" ? REFUSAL_BACKOFF : NETWORK_BACKOFF;
      waitMs = backoffMs(policy, this.#failures, this.#ports.entropy.fraction());
      const fields = { reason: end.reason, kind: end.kind, retryInMs: Math.round(waitMs) };
      this.#log.warn(fields, "pool lost");
    }
    this.phase = "backing-off";
    this.#retry = this.#ports.clock.after(waitMs, () => this.#connect());
  }

  #checkDeadlines(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const nowMs = this.#ports.clock.nowMs();
    const useless = this.channels.check(nowMs);
    if (useless !== undefined) {
      connection.fail("network", useless);
      return;
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
}
