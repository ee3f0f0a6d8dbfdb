/** The simulated Stratum V2 pool: accepts connections, runs the chain they mine on, and obeys tests. */
import { Signal } from "../../src/lib/signal.ts";
import type { Aead } from "../../src/noise/aead.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { u64 } from "./coinbase.ts";
import { PoolConnection } from "./connection.ts";
import type { PoolEvent, PoolStatistics } from "./events.ts";
import type { CertificateScript, HandshakeBehaviour } from "./frame-link.ts";
import type { PoolHost } from "./host.ts";
import type { LeniencyName } from "./leniencies.ts";
import { defaultPoolOptions, type PoolOptions } from "./options.ts";
import type { RejectReason } from "./share-validator.ts";
import { type Template, TemplateSource } from "./templates.ts";

export interface PoolPorts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly aead: Aead;
}

/** One connection as a test sees it. */
export interface PoolClient {
  readonly id: number;
  readonly groupChannelId: number;
  readonly channelIds: readonly number[];
}

export class SimulatedPool {
  readonly options: PoolOptions;
  /** For connections from now on. */
  certificate: CertificateScript = {};
  /** For connections from now on. */
  handshake: HandshakeBehaviour = "answer";
  readonly #ports: PoolPorts;
  readonly #events = new Signal<PoolEvent>();
  readonly #connections = new Map<number, PoolConnection>();
  readonly #templates: TemplateSource;
  readonly #timers: Disposable[] = [];
  readonly #counts = {
    connections: 0,
    accepted: 0,
    rejected: 0,
    blocksFound: 0,
    extranonces: 0n,
  };
  readonly #rejectedByReason: Partial<Record<RejectReason, number>> = {};
  readonly #forgiven: Partial<Record<LeniencyName, number>> = {};
  #lastMinNtime = 0;
  #isStopped = false;

  /** Timers run from now on; `accept` is to be given every connection. */
  constructor(ports: PoolPorts, options: Partial<PoolOptions> = {}) {
    this.#ports = ports;
    this.options = { ...defaultPoolOptions, ...options };
    const { height, nbits, blockIntervalMs, templateIntervalMs, vardiffPeriodMs } = this.options;
    this.#templates = new TemplateSource(ports.entropy, { height, nbits });
    this.#every(blockIntervalMs, () => this.#newBlock("schedule"));
    this.#every(templateIntervalMs, () => this.newTemplate());
    this.#every(vardiffPeriodMs, () => {
      for (const connection of this.#connections.values()) connection.adjustTargets();
    });
  }

  /** Serves one connection; to be handed to whatever listens. */
  readonly accept = (stream: ByteStream): void => {
    if (this.#isStopped) {
      stream.destroy();
      return;
    }
    const id = ++this.#counts.connections;
    const { authoritySecret } = this.options;
    const { certificate, handshake } = this;
    const settings = { ...this.#ports, authoritySecret, certificate, handshake };
    this.#connections.set(id, new PoolConnection(id, stream, settings, this.#host));
  };

  onEvent(listener: (event: PoolEvent) => void): Disposable {
    return this.#events.on(listener);
  }

  get clients(): readonly PoolClient[] {
    return [...this.#connections.values()].map(({ id, groupChannelId, channels }) => ({
      id,
      groupChannelId,
      channelIds: [...channels.keys()],
    }));
  }

  statistics(): PoolStatistics {
    const nowMs = this.#ports.clock.nowMs();
    const { connections, accepted, rejected, blocksFound } = this.#counts;
    return {
      connections,
      openConnections: this.#connections.size,
      accepted,
      rejected,
      rejectedByReason: { ...this.#rejectedByReason },
      forgiven: { ...this.#forgiven },
      blocksFound,
      height: this.#templates.current.tip.height,
      channels: [...this.#connections.values()].flatMap(({ id, channels }) =>
        [...channels.values()].map((channel) => ({
          connection: id,
          ...channel.statistics(nowMs),
        })),
      ),
    };
  }

  /** Somebody else found a block. */
  newBlock(): void {
    this.#newBlock("control");
  }

  /** The same block with higher fees. */
  newTemplate(): void {
    const { jobId, tip } = this.#templates.nextTemplate();
    this.#events.emit({ event: "template", height: tip.height, jobId });
    for (const connection of this.#connections.values()) connection.announceTemplate();
  }

  /** Throws RangeError for a client or channel that is not there; so do the following. */
  setTarget(client: number, channelId: number, target: Uint8Array): void {
    this.#connection(client).setTarget(channelId, target);
  }

  closeChannel(client: number, channelId: number, reasonCode = "closed-by-test"): void {
    this.#connection(client).closeChannel(channelId, reasonCode);
  }

  /** Sends every device elsewhere. */
  reconnect(host: string, port: number): void {
    for (const connection of this.#connections.values()) connection.reconnect(host, port);
  }

  /** The present connections stay open, but nothing is answered on them any more; or all is well again. */
  silent(isSilent: boolean): void {
    for (const { link } of this.#connections.values()) link.isSilent = isSilent;
  }

  /** Cuts every connection without a word. */
  reset(): void {
    for (const { link } of [...this.#connections.values()]) link.destroy("reset by the pool");
  }

  /** Any frame, encrypted as usual. */
  sendRaw(client: number, ...frames: readonly Frame[]): void {
    this.#connection(client).link.send(...frames);
  }

  /** Bytes past the encryption. */
  sendBytes(client: number, bytes: Uint8Array): void {
    this.#connection(client).link.sendBytes(bytes);
  }

  /** Ends timers and connections; what connects later is turned away. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.splice(0)) timer[Symbol.dispose]();
    for (const { link } of [...this.#connections.values()]) link.close("the pool stops");
  }

  readonly #host: PoolHost = this.#makeHost();

  #makeHost(): PoolHost {
    const pool = this;
    return {
      get options() {
        return pool.options;
      },
      get template(): Template {
        return pool.#templates.current;
      },
      minNtime: () => this.#minNtime(),
      nextExtranonce: () => u64(this.#counts.extranonces++),
      emit: (event) => this.#emit(event),
      forgave: (names) => {
        for (const name of names) this.#forgiven[name] = (this.#forgiven[name] ?? 0) + 1;
      },
      blockFound: (hash) => {
        this.#counts.blocksFound++;
        this.#newBlock("share", hash);
      },
      connectionEnded: (id) => this.#connections.delete(id),
    };
  }

  #emit(event: PoolEvent): void {
    if (event.event === "share-accepted") this.#counts.accepted++;
    if (event.event === "share-rejected") {
      this.#counts.rejected++;
      this.#rejectedByReason[event.reason] = (this.#rejectedByReason[event.reason] ?? 0) + 1;
    }
    this.#events.emit(event);
  }

  #newBlock(by: "schedule" | "share" | "control", hash?: Uint8Array): void {
    const { tip } = this.#templates.nextBlock(hash);
    this.#events.emit({ event: "block", height: tip.height, by });
    for (const connection of this.#connections.values()) connection.announceBlock();
  }

  /** The wall clock, but never back: it may be set while the pool runs. */
  #minNtime(): number {
    this.#lastMinNtime = Math.max(this.#lastMinNtime, this.#ports.clock.unixSeconds());
    return this.#lastMinNtime;
  }

  #every(periodMs: number | undefined, run: () => void): void {
    if (periodMs !== undefined) this.#timers.push(this.#ports.clock.every(periodMs, run));
  }

  #connection(id: number): PoolConnection {
    const connection = this.#connections.get(id);
    if (connection !== undefined) return connection;
    throw new RangeError(
      `client ${id}; connected are: ${[...this.#connections.keys()].join(", ") || "none"}`,
    );
  }
}
