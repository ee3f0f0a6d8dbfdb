/** The simulated pool, Stratum V2 and V1: accepts connections, runs the chain they mine on, and obeys tests. */
import { toDisplayHex } from "../../src/bitcoin/header.ts";
import { Signal } from "../../src/lib/signal.ts";
import type { Aead } from "../../src/noise/aead.ts";
import { generateKeyPair, type KeyPair } from "../../src/noise/ellswift.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { Broadcaster } from "./broadcaster.ts";
import { certificateUnder } from "./certificate-quirks.ts";
import { u64 } from "./coinbase.ts";
import { PoolConnection } from "./connection.ts";
import { Connections, type PoolClient } from "./connections.ts";
import type { DeviceReport } from "./device-report.ts";
import type { PoolEvent, PoolStatistics, PoolTotals } from "./events.ts";
import type { CertificateScript, HandshakeBehaviour } from "./frame-link.ts";
import type { DeviceConnection, PoolHost } from "./host.ts";
import { InventedChain } from "./invented-chain.ts";
import { defaultPoolOptions, type PoolOptions } from "./options.ts";
import { PoolCounts } from "./pool-counts.ts";
import type { QuirkName } from "./quirks.ts";
import { SharedFrames } from "./shared-frames.ts";
import type { FoundBlock, TemplateSource } from "./template-source.ts";
import { type Template, Templates } from "./templates.ts";
import { UserBook, type UserStatistics } from "./user-book.ts";
import { V1Connection } from "./v1/connection.ts";
import { SharedLines } from "./v1/shared-lines.ts";
import { SubscriptionBook } from "./v1/subscriptions.ts";

export interface PoolPorts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly aead: Aead;
  /** What is mined on; an invented chain when absent. */
  readonly templates?: TemplateSource;
}

export class SimulatedPool {
  readonly options: PoolOptions;
  /** For connections from now on. */
  certificate: CertificateScript = {};
  /** For connections from now on. */
  handshake: HandshakeBehaviour = "answer";
  readonly #ports: PoolPorts;
  readonly #events = new Signal<PoolEvent>();
  readonly #found = new Signal<FoundBlock>();
  readonly #connections = new Connections();
  readonly #templates: Templates;
  readonly #broadcaster: Broadcaster;
  readonly #timers: Disposable[] = [];
  readonly #counts = new PoolCounts();
  readonly #users = new UserBook();
  readonly #quirks: Map<QuirkName, number>;
  #extranonces = 0n;
  #staticKey: KeyPair | undefined;
  #lastMinNtime = 0;
  /** Why the next template comes, where we know. */
  #cause: "schedule" | "share" | "control" | "source" = "source";
  #isStopped = false;

  /** Timers run from now on; `accept` is to be given every connection. */
  constructor(ports: PoolPorts, options: Partial<PoolOptions> = {}) {
    this.#ports = ports;
    this.#quirks = new Map(options.quirks ?? defaultPoolOptions.quirks);
    this.options = { ...defaultPoolOptions, ...options, quirks: this.#quirks };
    const { coinbaseScript: payoutScript, extranonceSize } = this.options;
    this.#broadcaster = new Broadcaster(ports.clock);
    const source = ports.templates ?? new InventedChain(ports.entropy, this.options);
    this.#templates = new Templates(source, { payoutScript, extranonceSize }, (isNewBlock) =>
      this.#templateChanged(isNewBlock),
    );
    this.#host = this.#makeHost();
    this.#startTimers(source);
  }

  /** Serves one SV2 connection; to be handed to whatever listens. */
  readonly accept = (stream: ByteStream): void => {
    this.#admit(stream, (id) => {
      const { authoritySecret } = this.options;
      const { handshake } = this;
      const certificate = { ...certificateUnder(this.#quirks), ...this.certificate };
      const staticKey = this.#quirks.has("one-static-key") ? this.#oneStaticKey() : undefined;
      const settings = { ...this.#ports, authoritySecret, certificate, handshake, staticKey };
      return new PoolConnection(id, stream, settings, this.#host);
    });
  };

  /** Serves one Stratum V1 connection. */
  readonly acceptV1 = (stream: ByteStream): void => {
    this.#admit(stream, (id) => new V1Connection(id, stream, this.#ports.clock, this.#host));
  };

  onEvent(listener: (event: PoolEvent) => void): Disposable {
    return this.#events.on(listener);
  }

  /** A share met the network target; the template source has been given it already. */
  onBlockFound(listener: (block: FoundBlock) => void): Disposable {
    return this.#found.on(listener);
  }

  get clients(): readonly PoolClient[] {
    return this.#connections.clients();
  }

  totals(): PoolTotals {
    return this.#counts.totals(this.#connections.size, this.#templates.current.tip.height);
  }

  statistics(): PoolStatistics {
    const channels = this.#connections.channels(this.#ports.clock.nowMs());
    return { ...this.totals(), channels };
  }

  /** Those that are connected now, in the order in which they came; `count` of them from `start` on. */
  devices(start = 0, count = Number.POSITIVE_INFINITY): readonly DeviceReport[] {
    return this.#connections.reports(start, count, this.#ports.clock.nowMs());
  }

  users(): readonly UserStatistics[] {
    return this.#users.list();
  }

  /** Turns a quirk on for what happens from now on; 1 for those that have no value. */
  setQuirk(name: QuirkName, value = 1): void {
    this.#quirks.set(name, value);
  }

  /** Off again. */
  clearQuirk(name: QuirkName): void {
    this.#quirks.delete(name);
  }

  /** Somebody else found a block. Throws Error where the template source is no invented chain; so does `newTemplate`. */
  newBlock(): void {
    this.#change("newBlock", "control");
  }

  /** The same block with higher fees. */
  newTemplate(): void {
    this.#change("newTemplate", "control");
  }

  /** Throws RangeError for a client or channel that is not there; so do the following. */
  setTarget(client: number, channelId: number, target: Uint8Array): void {
    this.#connections.get(client).setTarget(channelId, target);
  }

  /** SetExtranoncePrefix, or mining.set_extranonce: for jobs from now on. */
  setExtranoncePrefix(client: number, channelId: number, prefix: Uint8Array): void {
    this.#connections.get(client).setExtranoncePrefix(channelId, prefix);
  }

  closeChannel(client: number, channelId: number, reasonCode = "closed-by-test"): void {
    this.#connections.get(client).closeChannel(channelId, reasonCode);
  }

  /** A Stratum V1 connection, for what that protocol alone has. */
  v1(client: number): Pick<V1Connection, "setVersionMask" | "showMessage" | "ask"> {
    const connection = this.#connections.get(client);
    if (connection instanceof V1Connection) return connection;
    throw new RangeError(`client ${client} speaks SV2`);
  }

  /** Sends every device elsewhere; `waitS` is heard on Stratum V1 alone. */
  reconnect(host: string, port: number, waitS = 0): void {
    for (const connection of this.#connections.all) connection.reconnect(host, port, waitS);
  }

  /** The present connections stay open, but nothing is answered on them any more; or all is well again. */
  silent(isSilent: boolean): void {
    for (const { link } of this.#connections.all) link.isSilent = isSilent;
  }

  /** Cuts every connection without a word. */
  reset(): void {
    for (const { link } of this.#connections.all) link.destroy("reset by the pool");
  }

  /** Any frame, encrypted as usual. */
  sendRaw(client: number, ...frames: readonly Frame[]): void {
    const connection = this.#connections.get(client);
    if (!(connection instanceof PoolConnection))
      throw new RangeError(`client ${client} speaks Stratum V1`);
    connection.link.send(...frames);
  }

  /** Bytes past the encryption; on Stratum V1 they are the line. */
  sendBytes(client: number, bytes: Uint8Array): void {
    this.#connections.get(client).link.sendBytes(bytes);
  }

  /** Ends timers and connections; what connects later is turned away. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.splice(0)) timer[Symbol.dispose]();
    this.#broadcaster[Symbol.dispose]();
    this.#templates[Symbol.dispose]();
    for (const { link } of this.#connections.all) link.close("the pool stops");
  }

  readonly #host: PoolHost;

  #makeHost(): PoolHost {
    const templates = this.#templates;
    return {
      options: this.options,
      get template(): Template {
        return templates.current;
      },
      sharedFrames: new SharedFrames(),
      sharedLines: new SharedLines(),
      subscriptions: new SubscriptionBook(this.#ports.entropy),
      has: (quirk) => this.#quirks.has(quirk),
      minNtime: () => this.#minNtime(),
      nextExtranonce: () => u64(this.#extranonces++),
      mayMine: (userIdentity) => mayMine(this.options.users, userIdentity),
      emit: (event) => this.#emit(event),
      forgave: (names) => this.#counts.forgave(names),
      blockFound: (block, connection, user) => {
        const hash = toDisplayHex(block.hash);
        this.#emit({ event: "block-found", connection, user, hash });
        this.#because("share", () => templates.source.blockFound(block));
        this.#found.emit(block);
      },
      connectionEnded: (id) => this.#connections.remove(id),
    };
  }

  #admit(stream: ByteStream, serve: (id: number) => DeviceConnection): void {
    if (this.#isStopped || this.#connections.size >= this.options.maxConnections) {
      this.#counts.turnedAway++;
      stream.destroy();
      return;
    }
    const id = ++this.#counts.connections;
    this.#connections.add(serve(id));
  }

  #oneStaticKey(): KeyPair {
    this.#staticKey ??= generateKeyPair(this.#ports.entropy);
    return this.#staticKey;
  }

  #startTimers(source: TemplateSource): void {
    const { blockIntervalMs, templateIntervalMs, vardiffPeriodMs } = this.options;
    if (source.newBlock !== undefined)
      this.#every(blockIntervalMs, () => this.#change("newBlock", "schedule"));
    if (source.newTemplate !== undefined)
      this.#every(templateIntervalMs, () => this.#change("newTemplate", "schedule"));
    this.#every(vardiffPeriodMs, () => {
      for (const connection of this.#connections.all) connection.adjustTargets();
    });
  }

  #change(what: "newBlock" | "newTemplate", by: "schedule" | "control"): void {
    const { source } = this.#templates;
    if (source[what] === undefined) throw new Error(`${what}: the template source invents nothing`);
    this.#because(by, () => source[what]?.());
  }

  #because(cause: "schedule" | "share" | "control", change: () => void): void {
    this.#cause = cause;
    change();
    this.#cause = "source";
  }

  #templateChanged(isNewBlock: boolean): void {
    const { jobId, tip } = this.#templates.current;
    if (isNewBlock) this.#emit({ event: "block", height: tip.height, by: this.#cause });
    else this.#emit({ event: "template", height: tip.height, jobId });
    this.#broadcaster.tell(this.#connections.all);
  }

  #emit(event: PoolEvent): void {
    this.#counts.note(event);
    this.#users.note(event, this.#ports.clock.unixSeconds());
    this.#events.emit(event);
  }

  /** The wall clock, but never back: it may be set while the pool runs. Nor earlier than the block allows. */
  #minNtime(): number {
    const { minTime = 0 } = this.#templates.current.block;
    const now = this.#ports.clock.unixSeconds();
    this.#lastMinNtime = Math.max(this.#lastMinNtime, now, minTime);
    return this.#lastMinNtime;
  }

  #every(periodMs: number | undefined, run: () => void): void {
    if (periodMs !== undefined) this.#timers.push(this.#ports.clock.every(periodMs, run));
  }
}

/** With or without a worker's name behind a dot; nobody named: everybody. */
function mayMine(users: readonly string[], userIdentity: string): boolean {
  const [user = ""] = userIdentity.split(".", 1);
  return users.length === 0 || users.includes(userIdentity) || users.includes(user);
}
