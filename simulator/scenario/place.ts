/** One place where devices connect: steps take its connections one by one, or a simulated pool serves all of them. */
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import { SimulatedPool } from "../pool/pool.ts";
import { poolOptionsOf, type SimulatedPoolSettings } from "../pool/settings.ts";
import type { Peer, PeerHost } from "./peer.ts";
import type { PlaceSpec, Scenario } from "./scenario.ts";
import type { Listening, ScenarioPorts } from "./stage.ts";
import { Sv2Peer } from "./sv2-peer.ts";
import { ShareTally } from "./tally.ts";
import { V1Peer } from "./v1-peer.ts";

/** A device that connects without end is to be told, not to be waited for. */
const MAX_CONNECTIONS = 10_000;

interface PlaceSurroundings {
  readonly scenario: Scenario;
  readonly ports: ScenarioPorts;
  readonly host: Omit<PeerHost, "tallies">;
  /** Of all places together. */
  readonly tally: ShareTally;
}

export class Place {
  readonly spec: PlaceSpec;
  readonly tally: ShareTally;
  readonly #around: PlaceSurroundings;
  readonly #peers: Peer[] = [];
  readonly #waiting: Peer[] = [];
  #listening: Listening | undefined;
  #isOpen = false;
  #pool: SimulatedPool | undefined;
  /** While true, connections go to the simulated pool. */
  isServing = false;
  /** Connections since the start, those served by a pool included. */
  connections = 0;
  host = "";
  port = 0;

  constructor(spec: PlaceSpec, around: PlaceSurroundings) {
    this.spec = spec;
    this.#around = around;
    this.tally = new ShareTally(around.ports.clock.nowMs());
  }

  /** The connections that are or were steps' business. */
  get peers(): readonly Peer[] {
    return this.#peers;
  }

  get served(): SimulatedPool | undefined {
    return this.#pool;
  }

  /** Of whatever pool serves here. */
  get quirks(): readonly string[] {
    return this.#around.scenario.quirks;
  }

  async open(): Promise<void> {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#listening = await this.#around.ports.listen(this.spec, (stream) => this.#accept(stream));
    this.host = this.#listening.host;
    this.port = this.#listening.port;
    if (this.spec.serve !== undefined) {
      this.pool(this.spec.serve);
      this.isServing = true;
    }
  }

  /** Nobody answers here any more; connections that stand are left alone. */
  async stopListening(): Promise<void> {
    this.#isOpen = false;
    await this.#listening?.close();
    this.#listening = undefined;
  }

  async close(): Promise<void> {
    this.#pool?.stop();
    for (const peer of this.#peers) if (!peer.isEnded) peer.end("close");
    await this.stopListening();
  }

  take(): Peer | undefined {
    return this.#waiting.shift();
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** The pool that serves here; the first to ask chooses its settings. */
  pool(settings: SimulatedPoolSettings): SimulatedPool {
    if (this.#pool !== undefined) return this.#pool;
    const { ports, scenario } = this.#around;
    const v1Difficulty = scenario.difficulty ?? ports.v1Difficulty;
    const options = poolOptionsOf({ acknowledgeWithinMs: 100, v1Difficulty, ...settings });
    const pool = new SimulatedPool(ports, {
      ...options,
      authoritySecret: this.spec.isPlaintext ? undefined : this.#authority(),
    });
    pool.certificate = this.spec.certificate;
    this.#pool = pool;
    this.#watch(pool);
    return pool;
  }

  hand(stream: ByteStream, pool: SimulatedPool): void {
    if (this.spec.protocol === "sv1") pool.acceptV1(stream);
    else pool.accept(stream);
  }

  #watch(pool: SimulatedPool): void {
    const { host, ports, tally } = this.#around;
    const firstJobMs = new Map<number, number>();
    const withShares = new Set<number>();
    pool.onEvent((event) => {
      const nowMs = ports.clock.nowMs();
      if (event.event === "channel-opened" && !firstJobMs.has(event.connection))
        firstJobMs.set(event.connection, nowMs);
      if (event.event === "share-accepted") {
        const isFirstOfConnection = !withShares.has(event.connection);
        withShares.add(event.connection);
        const note = { nowMs, firstJobMs: firstJobMs.get(event.connection) ?? nowMs };
        for (const one of [tally, this.tally]) one.accept({ ...note, isFirstOfConnection });
      }
      if (event.event === "share-rejected") {
        // Under way when the tip changed; everything else is the device's fault.
        const isLate = event.reason === "old-tip";
        for (const one of [tally, this.tally]) one[isLate ? "late" : "invalid"]++;
        if (!isLate)
          host.violation(`the device sent a wrong share: ${event.reason} (${event.detail})`);
      }
      host.notify();
    });
  }

  #accept(stream: ByteStream): void {
    const { host } = this.#around;
    if (++this.connections > MAX_CONNECTIONS) {
      host.violation(`more than ${MAX_CONNECTIONS} connections to ${this.spec.name}`);
      stream.destroy();
      return;
    }
    if (this.isServing && this.#pool !== undefined) {
      this.hand(stream, this.#pool);
    } else {
      const peer = this.#newPeer(stream);
      this.#peers.push(peer);
      this.#waiting.push(peer);
    }
    host.notify();
  }

  #newPeer(stream: ByteStream): Peer {
    const { scenario, ports, tally } = this.#around;
    const host: PeerHost = { ...this.#around.host, tallies: [tally, this.tally] };
    const { name, protocol, isPlaintext, certificate } = this.spec;
    if (protocol === "sv1")
      return new V1Peer(stream, name, host, scenario.difficulty ?? ports.v1Difficulty);
    return new Sv2Peer(stream, name, host, {
      aead: ports.aead,
      authoritySecret: isPlaintext ? undefined : this.#authority(),
      certificate,
      sharesPerMinute: scenario.sharesPerMinute,
    });
  }

  #authority(): Uint8Array {
    // Any other secret will do.
    return this.spec.isForeign ? new Uint8Array(32).fill(7) : this.#around.ports.authoritySecret;
  }
}
