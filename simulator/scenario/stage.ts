import type { Aead } from "../../src/noise/aead.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import { showDuration } from "./duration.ts";
import { describeMessage, Interrupted, PlacedFailure, StepFailure } from "./failures.ts";
import type { Peer, Received } from "./peer.ts";
import { Place } from "./place.ts";
import { MAIN, type PlaceSpec, type Scenario, type Step } from "./scenario.ts";
import { type Scope, unknownName, ValueProblem } from "./scope.ts";
import { Sv2Peer } from "./sv2-peer.ts";
import { ShareTally } from "./tally.ts";
import { V1Peer } from "./v1-peer.ts";

/** Where connections come from: a real network or a virtual one. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  close(): Promise<void> | void;
}

export interface ScenarioPorts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly aead: Aead;
  /** Signs certificates; devices were told its public key. */
  readonly authoritySecret: Uint8Array;
  /** Of Stratum V1 shares, where the scenario does not say. */
  readonly v1Difficulty: number;
  listen(place: PlaceSpec, onConnection: (stream: ByteStream) => void): Promise<Listening>;
  readonly signal?: AbortSignal;
}

export class Stage implements AsyncDisposable {
  readonly scenario: Scenario;
  readonly ports: ScenarioPorts;
  readonly places: ReadonlyMap<string, Place>;
  readonly tally: ShareTally;
  readonly #variables = new Map<string, unknown>();
  #current: Peer | undefined;
  #wake: (() => void) | undefined;
  #violation: string | undefined;
  readonly startMs: number;
  readonly #endMs: number;

  constructor(scenario: Scenario, ports: ScenarioPorts) {
    this.scenario = scenario;
    this.ports = ports;
    const { clock } = ports;
    this.tally = new ShareTally(clock.nowMs());
    this.startMs = clock.nowMs();
    this.#endMs = this.startMs + scenario.limitMs;
    const host = {
      clock,
      entropy: ports.entropy,
      graceMs: scenario.graceMs,
      notify: () => this.notify(),
      violation: (what: string) => {
        this.#violation ??= what;
        this.notify();
      },
    };
    this.places = new Map(
      scenario.places.map((spec) => [
        spec.name,
        new Place(spec, { scenario, ports, host, tally: this.tally }),
      ]),
    );
  }

  async open(): Promise<void> {
    for (const place of this.places.values()) await place.open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const place of this.places.values()) await place.close();
  }

  get clock(): Clock {
    return this.ports.clock;
  }

  /** What a device did wrong by itself, whatever the steps expect. */
  get violation(): string | undefined {
    return this.#violation;
  }

  readonly scope: Scope = {
    get: (name) => {
      if (this.#variables.has(name)) return this.#variables.get(name);
      const [first = "", second] = name.split(".");
      if (name === "now") return this.clock.unixSeconds();
      const place = second === undefined ? this.places.get(MAIN) : this.places.get(first);
      if (place !== undefined && (second ?? first) === "host") return place.host;
      if (place !== undefined && (second ?? first) === "port") return place.port;
      const own = this.#current?.names[name];
      if (own !== undefined) return own();
      throw unknownName(name, [...this.#variables.keys(), "now", "host", "port"]);
    },
  };

  set(name: string, value: unknown): void {
    this.#variables.set(name, value);
  }

  place(name: string): Place {
    const place = this.places.get(name);
    if (place !== undefined) return place;
    throw new StepFailure(`no server is called ${name}`);
  }

  /** The connection that steps talk on; waits for the first one. */
  async peer(): Promise<Peer> {
    this.#current ??= await this.nextConnection(MAIN, this.scenario.connectWithinMs);
    return this.#current;
  }

  async sv2(): Promise<Sv2Peer> {
    const peer = await this.peer();
    if (peer instanceof Sv2Peer) return peer;
    throw new StepFailure(`the present connection (${peer.placeName}) speaks Stratum V1`);
  }

  async v1(): Promise<V1Peer> {
    const peer = await this.peer();
    if (peer instanceof V1Peer) return peer;
    throw new StepFailure(`the present connection (${peer.placeName}) speaks Stratum V2`);
  }

  use(peer: Peer): void {
    this.#current = peer;
  }

  get current(): Peer | undefined {
    return this.#current;
  }

  /** The next connection that no step has taken yet. */
  async nextConnection(placeName: string, withinMs: number): Promise<Peer> {
    const place = this.place(placeName);
    const peer = await this.until(withinMs, () => place.take());
    if (peer === undefined)
      throw new StepFailure(
        `no device connected to ${placeName} (${place.host}:${place.port}) within ${showDuration(withinMs)}`,
      );
    return peer;
  }

  /** The next message that is not among the ignored ones, unless it is the one that is looked for. */
  async message(wanted: readonly string[], withinMs: number): Promise<Received | undefined> {
    const peer = await this.peer();
    // Nothing can come before.
    peer.begin();
    const take = () => {
      for (let next = peer.unread.shift(); next !== undefined; next = peer.unread.shift())
        if (wanted.includes(next.name) || !this.scenario.ignore.includes(next.name)) {
          peer.taken(next);
          return next;
        }
      return undefined;
    };
    return this.until(withinMs, () => take() ?? (peer.isEnded ? ENDED : undefined)).then((found) =>
      found === ENDED ? undefined : found,
    );
  }

  /** As `message`, and fails when another one comes, or none. */
  async expectOneOf(wanted: readonly string[], withinMs: number): Promise<Received> {
    const what = wanted.join(" or ");
    const found = await this.message(wanted, withinMs);
    if (found !== undefined && wanted.includes(found.name)) return found;
    throw new StepFailure(
      found === undefined
        ? `expected ${what}, ${this.#nothingSince(withinMs)}`
        : `expected ${what}, came ${describeMessage(found)}`,
    );
  }

  #nothingSince(withinMs: number): string {
    const peer = this.#current;
    if (peer?.isEnded === true) return `but the connection ended: ${peer.endReason}`;
    return `nothing came within ${showDuration(withinMs)}`;
  }

  /** Asks `look` now and after everything that happens, until it finds something or the time is over. */
  async until<T>(withinMs: number, look: () => T | undefined): Promise<T | undefined> {
    const { clock } = this;
    const deadlineMs = clock.nowMs() + withinMs;
    for (;;) {
      this.throwIfBroken();
      const found = look();
      if (found !== undefined) return found;
      const leftMs = Math.min(deadlineMs, this.#endMs) - clock.nowMs();
      if (leftMs <= 0) {
        if (clock.nowMs() >= this.#endMs)
          throw new StepFailure(
            `the scenario's limit of ${showDuration(this.scenario.limitMs)} is over`,
          );
        return undefined;
      }
      await this.#change(leftMs);
    }
  }

  throwIfBroken(): void {
    if (this.ports.signal?.aborted === true) throw new Interrupted("interrupted");
    if (this.#violation !== undefined) throw new StepFailure(this.#violation);
  }

  notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #change(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.ports;
      const done = () => {
        timer[Symbol.dispose]();
        signal?.removeEventListener("abort", done);
        this.#wake = undefined;
        resolve();
      };
      const timer = this.clock.after(withinMs, done);
      signal?.addEventListener("abort", done, { once: true });
      this.#wake = done;
    });
  }

  async runSteps(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.runStep(step);
  }

  async runStep(step: Step): Promise<void> {
    try {
      this.throwIfBroken();
      await step.definition.run(step, this);
      this.throwIfBroken();
    } catch (error) {
      if (error instanceof PlacedFailure) throw error;
      const isExpected =
        error instanceof StepFailure ||
        error instanceof ValueProblem ||
        // What an encoder says of a value that does not fit its field.
        error instanceof RangeError;
      if (!isExpected) throw error;
      throw new PlacedFailure(this.scenario.file, step, error.message);
    }
  }
}

const ENDED: Received = { name: "", fields: {} };
