/** The link to one Stratum V1 pool over any number of connections: connects, sets up, follows redirects, reconnects with patience. */
import type { Logger } from "../lib/log.ts";
import type { LatencyRecorder } from "../telemetry/latency.ts";
import type { UpstreamPhase } from "../telemetry/snapshot.ts";
import { BACKOFF_AFTER, backoffMs } from "../upstream/backoff.ts";
import type {
  LinkCounts,
  LinkEnd,
  LinkHandlers,
  PoolLink,
  WorkChannel,
} from "../upstream/pool-link.ts";
import { newRedirectBound, TOO_MANY_REDIRECTS } from "../upstream/redirect.ts";
import type { Work } from "../work/work.ts";
import { V1Channels } from "./channels.ts";
import { V1Connection, type V1ConnectionHandlers, type V1Ports } from "./connection.ts";
import { LogBudget } from "./log-budget.ts";
import type { Configuration, ReconnectRequest, Subscription } from "./messages.ts";
import type { V1Options } from "./options.ts";
import { decideRedirect } from "./redirect.ts";
import { receiveCall, type ServerCallHandlers } from "./server-calls.ts";
import { ServerMemory } from "./server-memory.ts";
import { SetUp, type SetUpHandlers } from "./set-up.ts";

const WATCH_PERIOD_MS = 1_000;
/** A pool says something at least at every new template, which is every minute or so. */
const DEFAULT_SILENCE_MS = 120_000;
/** Mining without a break for this long proves the pool well: failures and redirects are forgotten. */
const PROVEN_AFTER_MS = 60_000;

export class V1Session implements PoolLink {
  readonly #ports: V1Ports;
  readonly #options: V1Options;
  readonly #handlers: LinkHandlers;
  readonly #log: Logger;
  readonly #channels: V1Channels;
  /** Of messages that the pool wants shown; outlives connections, so that reconnecting does not renew it. */
  readonly #messages: LogBudget;
  readonly #memory: ServerMemory;
  #connection: V1Connection | undefined;
  #setUp: SetUp | undefined;
  #watch: Disposable | undefined;
  #retry: Disposable | undefined;
  #redirect: { readonly host: string; readonly port: number } | undefined;
  #redirects = 0;
  /** Over time, however well the pool proves in between. */
  readonly #redirectBound = newRedirectBound();
  #redirectWaitMs = 0;
  #failures = 0;
  #connects = 0;
  #miningSinceMs: number | undefined;
  #state: "idle" | "connecting" | "setting-up" | "ready" | "backing-off" | "stopped" = "idle";
  reason: string | null = null;
  silenceMs: number;

  constructor(ports: V1Ports, options: V1Options, handlers: LinkHandlers, log: Logger) {
    this.#ports = ports;
    this.#options = options;
    this.#handlers = handlers;
    this.#log = log;
    this.silenceMs = options.silenceMs ?? DEFAULT_SILENCE_MS;
    this.#messages = new LogBudget(ports.clock);
    this.#memory = new ServerMemory(log);
    this.#channels = new V1Channels(options, handlers, ports.clock, log);
  }

  get phase(): UpstreamPhase {
    return this.#state === "ready" ? this.#channels.phase : this.#state;
  }

  get encrypted(): boolean {
    return this.#options.endpoint.tls !== undefined;
  }

  get counts(): LinkCounts {
    return { connects: this.#connects, ...this.#channels.counts };
  }

  get channels(): readonly WorkChannel[] {
    return this.#channels.all;
  }

  get newBlockLatency(): LatencyRecorder {
    return this.#channels.newBlockLatency;
  }

  start(): void {
    if (this.#state !== "idle" && this.#state !== "stopped") return;
    this.#failures = 0;
    this.#redirect = undefined;
    this.#redirects = 0;
    this.#watch = this.#ports.clock.every(WATCH_PERIOD_MS, () => this.#check());
    this.#connect();
  }

  async stop(reason = "shutdown"): Promise<void> {
    if (this.#state === "stopped") return;
    this.#watch?.[Symbol.dispose]();
    this.#retry?.[Symbol.dispose]();
    // There are no words for a goodbye: what was sent still goes out.
    this.#state = "stopped";
    this.#connection?.close(reason);
    this.reason = reason;
  }

  openChannel(nominalHps: number): number {
    return this.#channels.open(nominalHps);
  }

  updateChannel(channel: WorkChannel, nominalHps: number): void {
    this.#channels.update(channel, nominalHps);
  }

  closeChannel(channel: WorkChannel): void {
    this.#channels.close(channel);
  }

  fail(reason: string): void {
    this.#connection?.fail("refused", reason);
  }

  submit(work: Work, chainIndex: number, nonce: number, ntime: number, version: number): void {
    this.#channels.submit(work, chainIndex, nonce, ntime, version);
  }

  #connect(): void {
    this.#connects++;
    this.#state = "connecting";
    // TLS and its pin hold wherever we are sent.
    const endpoint = { ...this.#options.endpoint, ...this.#redirect };
    const connection = new V1Connection(this.#ports, endpoint, this.#connectionHandlers, this.#log);
    this.#connection = connection;
    connection.start();
  }

  readonly #connectionHandlers: V1ConnectionHandlers = {
    onOpen: () => {
      const connection = this.#connection;
      if (connection === undefined) return;
      this.#state = "setting-up";
      this.#channels.begin(connection);
      const { minDifficulty, subscribeExtranonce } = this.#options;
      const { bearsConfigure, bearsExtranonce, resumeId } = this.#memory;
      const options = {
        ...this.#options,
        minDifficulty,
        subscribeExtranonce: subscribeExtranonce && bearsExtranonce,
        configure: bearsConfigure,
        resumeId,
      };
      this.#setUp = new SetUp(connection, options, this.#setUpHandlers, this.#log);
      this.#setUp.start();
    },
    onCall: (call, arrivedMs) => {
      const connection = this.#connection;
      if (connection === undefined) return false;
      const { userAgent } = this.#options;
      const context = {
        handlers: this.#callHandlers,
        connection,
        userAgent,
        log: this.#log,
        messages: this.#messages,
      };
      return receiveCall(context, call, arrivedMs);
    },
    onShareAnswer: (id, result, error) => this.#channels.answered(id, result, error),
    onChunkDone: (arrivedMs) => this.#channels.chunkDone(arrivedMs),
    onEnd: (end) => this.#connectionEnded(end),
  };

  readonly #setUpHandlers: SetUpHandlers = {
    onConfigured: ({ versionMask }: Configuration) => this.#channels.configured(versionMask),
    onSubscribed: ({ extranonce, resumeId }: Subscription) => {
      this.#memory.resumeId = resumeId;
      this.#channels.subscribed(extranonce);
    },
    onAuthorized: () => {
      this.#state = "ready";
      this.reason = null;
      this.#log.info({}, "connected to the pool");
      this.#channels.ready();
    },
  };

  readonly #callHandlers: ServerCallHandlers = {
    onNotify: (job, arrivedMs) => this.#channels.notify(job, arrivedMs),
    onTarget: (target) => this.#channels.setTarget(target),
    onExtranonce: (extranonce) => this.#channels.setExtranonce(extranonce),
    onVersionMask: (mask) => {
      if (this.#channels.setVersionMask(mask)) return;
      this.#connection?.noteStrange("version mask although version rolling was not agreed on", {});
    },
    onReconnect: (request) => this.#redirected(request),
  };

  #redirected(request: ReconnectRequest): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const decision = decideRedirect(request, {
      configuredHost: this.#options.endpoint.host,
      current: connection.endpoint,
      allowed: this.#options.redirects.allowed,
      followed: this.#redirects,
    });
    if (!decision.follow || !this.#redirectBound.take(this.#ports.clock.nowMs())) {
      connection.noteStrange(decision.follow ? TOO_MANY_REDIRECTS : decision.reason, {});
      return;
    }
    const { host, port, waitMs } = decision;
    this.#redirects++;
    this.#redirect = { host, port };
    this.#redirectWaitMs = waitMs;
    this.#log.info({ host, port, waitMs }, "the pool asks to reconnect");
    connection.close(`the pool asked to reconnect to ${host}:${port}`);
  }

  #connectionEnded(end: LinkEnd): void {
    this.#memory.ended(end, this.#setUp, this.#ports.clock.nowMs());
    this.#connection = undefined;
    this.#setUp = undefined;
    this.#miningSinceMs = undefined;
    this.#channels.lost();
    this.reason = end.reason;
    // A server that is down for a while is bounded by the pauses: it may be tried for as long as it takes.
    if (this.#redirect !== undefined && this.#state !== "ready" && end.kind !== "asked")
      this.#redirectBound.giveBack();
    const isStopped = this.#state === "stopped";
    if (!isStopped) this.#state = "backing-off";
    const waitMs = this.#waitAfter(end);
    if (!isStopped) this.#retry = this.#ports.clock.after(waitMs, () => this.#connect());
    this.#handlers.onDown(end);
  }

  #waitAfter(end: LinkEnd): number {
    if (end.kind === "asked") {
      const waitMs = this.#redirectWaitMs;
      this.#redirectWaitMs = 0;
      return waitMs;
    }
    this.#failures++;
    // Back to the configured endpoint, which may well send us elsewhere again.
    this.#redirect = undefined;
    this.#redirects = 0;
    const waitMs = backoffMs(
      BACKOFF_AFTER[end.kind],
      this.#failures,
      this.#ports.entropy.fraction(),
    );
    const fields = { reason: end.reason, kind: end.kind, retryInMs: Math.round(waitMs) };
    this.#log.warn(fields, "pool lost");
    return waitMs;
  }

  #check(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#state !== "ready") return;
    const nowMs = this.#ports.clock.nowMs();
    const useless = this.#channels.check(nowMs);
    if (useless !== undefined) {
      connection.fail("network", useless);
      return;
    }
    if (nowMs - connection.lastReceivedMs > this.silenceMs) {
      connection.fail("silence", `nothing heard for ${this.silenceMs / 1_000} s`);
      return;
    }
    if (this.phase !== "mining") {
      this.#miningSinceMs = undefined;
      return;
    }
    this.#miningSinceMs ??= nowMs;
    if (nowMs - this.#miningSinceMs <= PROVEN_AFTER_MS) return;
    this.#failures = 0;
    this.#redirects = 0;
  }
}
