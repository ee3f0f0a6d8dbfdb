/** The link to one SV2 pool over any number of connections: connects, sets up, follows redirects, reconnects with patience. */
import { printable } from "../lib/bytes.ts";
import type { Logger } from "../lib/log.ts";
import type { MiningProtocolMessage } from "../sv2/protocols.ts";
import { userIdentityTlv, WORKER_TRACKING } from "../sv2/tlv.ts";
import { LatencyRecorder } from "../telemetry/latency.ts";
import type { UpstreamPhase } from "../telemetry/snapshot.ts";
import type { Work } from "../work/work.ts";
import { BACKOFF_AFTER, backoffMs } from "./backoff.ts";
import { type ChannelChoice, ChannelKind } from "./channel-kind.ts";
import {
  Connection,
  type ConnectionEnd,
  type ConnectionHandlers,
  type ConnectionPorts,
  type SetupTerms,
} from "./connection.ts";
import { DEADLINES, type Deadlines } from "./deadlines.ts";
import type { DeviceIdentity, PoolEndpoint } from "./endpoint.ts";
import { ExtendedChannels } from "./extended-channels.ts";
import { ExtensionMemory } from "./extension-request.ts";
import type { LinkCounts, LinkEnd, LinkHandlers, PoolLink, WorkChannel } from "./pool-link.ts";
import {
  judgeRedirect,
  newRedirectBound,
  type RedirectPolicy,
  TOO_MANY_REDIRECTS,
} from "./redirect.ts";
import { ShareAnswers } from "./share-answers.ts";
import { StandardChannels } from "./standard-channels.ts";
import type { ChannelContext, ChannelLink, ChannelTerms } from "./sv2-channel.ts";

const WATCH_PERIOD_MS = 1_000;
/** Reconnect messages followed in a row before the configured endpoint is tried again. */
const MAX_REDIRECTS = 5;
/** Mining without a break for this long proves the pool well: failures and redirects are forgotten. */
const PROVEN_AFTER_MS = 60_000;

export interface SessionOptions extends ChannelTerms {
  readonly endpoint: PoolEndpoint;
  readonly identity: DeviceIdentity;
  /** BIP320 or BIP323 mask; what the server allows may be less. */
  readonly versionMask: number;
  readonly tolerateFlagEcho: boolean;
  /** "standard" when absent. */
  readonly channel?: ChannelChoice;
  /** Extension ids to ask for; with none the server is not asked (ext 0x0001). */
  readonly extensions?: readonly number[];
  /** Goes with the shares of an extended channel where extension 0x0002 is negotiated; at most 32 bytes. */
  readonly workerName?: string;
  readonly redirects?: RedirectPolicy;
  /** `DEADLINES` where absent. */
  readonly deadlines?: Partial<Deadlines>;
}

export class UpstreamSession implements PoolLink {
  readonly #ports: ConnectionPorts;
  readonly #options: SessionOptions;
  readonly #deadlines: Deadlines;
  readonly #handlers: LinkHandlers;
  readonly #log: Logger;
  readonly #answers: ShareAnswers;
  readonly #kind: ChannelKind;
  readonly #extensions: ExtensionMemory;
  #connection: Connection | undefined;
  #channels: StandardChannels | ExtendedChannels | undefined;
  #watch: Disposable | undefined;
  #retry: Disposable | undefined;
  #redirect: { host: string; port: number } | undefined;
  #redirects = 0;
  /** Over time, however well the pool proves in between. */
  readonly #redirectBound = newRedirectBound();
  #failures = 0;
  #miningSinceMs = 0;
  #newBlockInChunk = false;
  #connects = 0;
  #blocksSeen = 0;
  #lastId = 0;

  phase: UpstreamPhase = "idle";
  reason: string | null = null;
  silenceMs: number;
  readonly newBlockLatency = new LatencyRecorder();

  /** Throws RangeError for a worker name of more than 32 bytes. */
  constructor(
    ports: ConnectionPorts,
    options: SessionOptions,
    handlers: LinkHandlers,
    log: Logger,
  ) {
    this.#ports = ports;
    this.#options = options;
    this.#deadlines = { ...DEADLINES, ...options.deadlines };
    this.silenceMs = this.#deadlines.silenceMs;
    this.#handlers = handlers;
    this.#log = log;
    this.#answers = new ShareAnswers(handlers, log);
    this.#kind = new ChannelKind(options.channel ?? "standard");
    this.#extensions = new ExtensionMemory(options.extensions ?? []);
    if (options.workerName !== undefined) userIdentityTlv(options.workerName);
  }

  get encrypted(): boolean {
    return this.#options.endpoint.secure;
  }

  get channels(): readonly WorkChannel[] {
    return this.#channels?.sources ?? [];
  }

  get counts(): LinkCounts {
    const blocksSeen = this.#blocksSeen + (this.#channels?.blocksSeen ?? 0);
    return { ...this.#answers.counts, connects: this.#connects, blocksSeen };
  }

  start(): void {
    if (this.phase !== "idle" && this.phase !== "stopped") return;
    this.#failures = 0;
    this.#redirect = undefined;
    this.#redirects = 0;
    this.reason = null;
    this.#watch = this.#ports.clock.every(WATCH_PERIOD_MS, () => this.#checkDeadlines());
    this.#connect();
  }

  async stop(reason = "shutdown"): Promise<void> {
    if (this.phase === "stopped") return;
    this.phase = "stopped";
    this.#watch?.[Symbol.dispose]();
    this.#retry?.[Symbol.dispose]();
    this.#channels?.announceEnd(reason);
    this.#connection?.close(reason);
    this.reason = reason;
  }

  openChannel(nominalHps: number): number {
    return this.#channels?.open(nominalHps) ?? ++this.#lastId;
  }

  /** At most one message per second and channel. */
  updateChannel(channel: WorkChannel, nominalHps: number): void {
    this.#channels?.update(channel, nominalHps);
  }

  closeChannel(channel: WorkChannel, reason: string): void {
    this.#channels?.close(channel, reason);
    this.#followChannels(this.#ports.clock.nowMs());
  }

  /** Where no channel came about (all refused, or too little to search), an extended one may be the way out. */
  fail(reason: string): void {
    const channels = this.#channels;
    const isOverKind = channels?.granted === 0 && (channels.refusals === 0 || channels.refusesKind);
    if (this.#kind.mayTurn && isOverKind) this.#turnExtended(reason);
    else this.#connection?.fail("refused", reason);
  }

  submit(work: Work, chainIndex: number, nonce: number, ntime: number, version: number): void {
    if (this.#channels === undefined) this.#answers.lost(1);
    else this.#channels.submit(work, chainIndex, nonce, ntime, version);
  }

  #connect(): void {
    // The redirected server must prove the same authority, and encryption is never given up (SV2 §3.3).
    const endpoint = { ...this.#options.endpoint, ...this.#redirect };
    const { identity, tolerateFlagEcho } = this.#options;
    this.#connects++;
    const connection = new Connection(
      this.#ports,
      {
        endpoint,
        identity,
        standardJobs: this.#kind.kind === "standard",
        versionRolling: true,
        tolerateFlagEcho,
        deadlines: this.#deadlines,
        extensions: this.#extensions.wish,
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
    onReady: (terms) => this.#ready(terms),
    onRequiredExtensions: (ids) => this.#extensions.required(ids),
    onMessage: (message, arrivedMs) => this.#receive(message, arrivedMs),
    onChunkDone: (arrivedMs) => {
      if (!this.#newBlockInChunk) return;
      this.#newBlockInChunk = false;
      this.newBlockLatency.add(this.#ports.clock.nowMs() - arrivedMs);
    },
    onEnd: (end) => this.#connectionEnded(end),
  };

  #ready({ fixedVersion, extensions }: SetupTerms): void {
    if (fixedVersion && this.#kind.mayTurn) {
      this.#turnExtended("the server demands a fixed version on standard channels");
      return;
    }
    this.phase = "opening";
    this.reason = null;
    const versionMask = fixedVersion ? 0 : this.#options.versionMask;
    const { kind } = this.#kind;
    const context: ChannelContext = {
      link: this.#link,
      terms: this.#options,
      versionMask,
      handlers: this.#handlers,
      answers: this.#answers,
      clock: this.#ports.clock,
      deadlines: this.#deadlines,
      nextId: () => ++this.#lastId,
    };
    const { workerName = "" } = this.#options;
    const tellsWorker = workerName !== "" && extensions.includes(WORKER_TRACKING);
    this.#channels =
      kind === "standard"
        ? new StandardChannels(context)
        : new ExtendedChannels(context, tellsWorker ? userIdentityTlv(workerName) : undefined);
    this.#log.info({ channels: kind, fixedVersion, extensions }, "connected to the pool");
    this.#handlers.onReady({ versionMask, rollsExtranonce: kind === "extended" });
  }

  readonly #link: ChannelLink = {
    send: (frame) => this.#connection?.send(frame),
    noteStrange: (what, fields) => this.#connection?.noteStrange(what, fields),
    fail: (reason) => this.#connection?.fail("protocol", reason),
  };

  #receive(message: MiningProtocolMessage, arrivedMs: number): void {
    const channels = this.#channels;
    const blocks = channels?.newBlocks ?? 0;
    if (channels?.receive(message, arrivedMs)) {
      if (channels.newBlocks > blocks) this.#newBlockInChunk = true;
      this.#followChannels(arrivedMs);
    } else if (message.name === "Reconnect") {
      this.#redirected(message);
    } else {
      const fields = { message: message.name };
      this.#connection?.noteStrange("message that this connection has no use for", fields);
    }
  }

  #followChannels(nowMs: number): void {
    if (this.#channels === undefined) return;
    const { phase } = this.#channels;
    if (phase === "mining" && this.phase !== "mining") this.#miningSinceMs = nowMs;
    if (phase !== "opening") this.#kind.opened();
    this.phase = phase;
  }

  #redirected(asked: { readonly newHost: string; readonly newPort: number }): void {
    if (++this.#redirects > MAX_REDIRECTS) {
      this.#connection?.fail("refused", `redirected more than ${MAX_REDIRECTS} times in a row`);
      return;
    }
    const { endpoint, redirects = { allowed: [] } } = this.#options;
    const verdict = judgeRedirect(endpoint, this.#redirect ?? endpoint, asked, redirects);
    if (!verdict.follow) {
      this.#connection?.fail("refused", verdict.reason);
      return;
    }
    if (!this.#redirectBound.take(this.#ports.clock.nowMs())) {
      this.#connection?.fail("refused", TOO_MANY_REDIRECTS);
      return;
    }
    this.#redirect = { host: verdict.host, port: verdict.port };
    const shown = { host: printable(verdict.host), port: verdict.port };
    this.#log.info(shown, "the pool asks to reconnect");
    this.#connection?.close("reconnect");
  }

  /** Remembered for the run once the pool has given an extended channel. */
  #turnExtended(reason: string): void {
    this.#kind.turnExtended();
    this.#connection?.close(`connects again for an extended channel: ${reason}`);
  }

  #connectionEnded(ended: ConnectionEnd): void {
    const end = this.#learnFrom(ended);
    this.#connection = undefined;
    this.#newBlockInChunk = false;
    const wasReady = this.#channels !== undefined;
    this.#channels?.lost();
    this.#blocksSeen += this.#channels?.blocksSeen ?? 0;
    this.#channels = undefined;
    this.reason = end.reason;
    const isStopping = this.phase === "stopped";
    let waitMs = 0;
    if (end.kind !== "asked") {
      this.#failures++;
      // A server that is down for a while is bounded by the pauses: it may be tried for as long as it takes.
      if (this.#redirect !== undefined && !wasReady) this.#redirectBound.giveBack();
      // Back to the configured endpoint, which may well send us elsewhere again.
      this.#redirect = undefined;
      this.#redirects = 0;
      const policy = BACKOFF_AFTER[end.kind];
      waitMs = backoffMs(policy, this.#failures, this.#ports.entropy.fraction());
      const fields = { reason: end.reason, kind: end.kind, retryInMs: Math.round(waitMs) };
      this.#log.warn(fields, "pool lost");
    }
    if (!isStopping) {
      this.phase = "backing-off";
      this.#retry = this.#ports.clock.after(waitMs, () => this.#connect());
    }
    this.#handlers.onDown(end);
  }

  /** What the end says about the next connection; an end that it mends is no failure. */
  #learnFrom({ kind, reason, remedy }: ConnectionEnd): LinkEnd {
    if (remedy === "fewer-extensions") this.#extensions.silent();
    if (remedy === "extended-channel" && this.#kind.mayTurn) {
      this.#kind.turnExtended();
      return { kind: "asked", reason: `connects again for an extended channel: ${reason}` };
    }
    this.#kind.ended(kind);
    return { kind, reason };
  }

  #checkDeadlines(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const nowMs = this.#ports.clock.nowMs();
    const useless = this.#channels?.check(nowMs);
    if (useless !== undefined) {
      connection.fail("network", useless);
      return;
    }
    if (this.phase !== "mining") return;
    if (nowMs - this.#miningSinceMs > PROVEN_AFTER_MS) {
      this.#failures = 0;
      this.#redirects = 0;
    }
    if (nowMs - connection.lastFrameMs > this.silenceMs) {
      connection.fail("silence", `nothing heard for ${this.silenceMs / 1_000} s`);
    }
  }
}
