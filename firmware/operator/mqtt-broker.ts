/** A connection to an MQTT broker that comes back by itself, and is quiet about it while the broker is away. */
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import { backoffMs, NETWORK_BACKOFF, REFUSAL_BACKOFF } from "../../src/upstream/backoff.ts";

export interface BrokerOptions {
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly clientId: string;
  /** What the broker says, retained, when we vanish. */
  readonly will: Message;
  readonly subscriptions: readonly string[];
  readonly clock: Clock;
  readonly entropy: Pick<Entropy, "fraction">;
  readonly log: Logger;
  /** With each new connection, after the subscriptions. */
  onUp(): void;
  onMessage(message: ReceivedMessage): void;
}

export interface Message {
  readonly topic: string;
  readonly payload: string;
}

export interface ReceivedMessage extends Message {
  /** Was kept by the broker from earlier. */
  readonly retained: boolean;
}

const CONNECT_WITHIN_MS = 10_000;
const KEEPALIVE_S = 30;
/** Publications that the broker has not taken yet; more are dropped, since the next state says it all anyway. */
const UNSENT_MAX = 16;
/** No command is longer, and a broker may not fill our memory (MQTT 5 §3.1.2.11.4). */
const PACKET_MAX_BYTES = 8_192;
const LAST_WORDS_WITHIN_MS = 2_000;

/** Return codes of MQTT 3.1.1 §3.2.2.3 and reason codes of MQTT 5 §3.2.2.2. */
const OLD_BROKER = new Set([1, 0x84]);
const REFUSED = new Set([2, 4, 5, 0x85, 0x86, 0x87, 0x8a]);

export class BrokerLink {
  readonly #options: BrokerOptions;
  #client: MqttClient | undefined;
  #isUp = false;
  #isClosed = false;
  #unsent = 0;
  #failures = 0;
  #hasComplained = false;
  #version: 4 | 5 = 5;
  #retry: Disposable | undefined;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#connect();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** False: not sent, because there is no connection or it takes nothing. `onSent` says that it left. */
  publish(
    { topic, payload }: Message,
    options: { readonly qos: 0 | 1; readonly retain: boolean },
    onSent: () => void = () => {},
  ): boolean {
    const client = this.#client;
    if (!this.#isUp || client === undefined || this.#unsent >= UNSENT_MAX) return false;
    this.#unsent++;
    client.publish(topic, payload, options, () => {
      if (client === this.#client) this.#unsent--;
      onSent();
    });
    return true;
  }

  /** Retains these last words where there is still a connection, then ends it. */
  async close(lastWords: readonly Message[]): Promise<void> {
    this.#isClosed = true;
    this.#retry?.[Symbol.dispose]();
    const client = this.#client;
    if (client === undefined) return;
    if (this.#isUp) await this.#say(client, lastWords);
    this.#drop(client);
  }

  async #say(client: MqttClient, lastWords: readonly Message[]): Promise<void> {
    const said = Promise.all(
      lastWords.map(({ topic, payload }) =>
        client.publishAsync(topic, payload, { qos: 1, retain: true }),
      ),
    ).then(() => client.endAsync());
    const { promise: late, timer } = this.#after(LAST_WORDS_WITHIN_MS);
    await Promise.race([said.catch(() => {}), late]);
    timer[Symbol.dispose]();
  }

  #after(durationMs: number): { promise: Promise<void>; timer: Disposable } {
    const { promise, resolve } = withResolvers();
    return { promise, timer: this.#options.clock.after(durationMs, resolve) };
  }

  #connect(): void {
    let client: MqttClient;
    try {
      client = connect(this.#options.url, this.#clientOptions());
    } catch (error) {
      this.#lost(undefined, error as Error);
      return;
    }
    this.#client = client;
    this.#unsent = 0;
    client.on("connect", () => this.#subscribe(client));
    client.on("error", (error) => this.#lost(client, error));
    client.on("close", () => this.#lost(client, new Error("the connection was closed")));
    client.on("message", (topic, payload, { retain }) => {
      if (client !== this.#client || payload.length > PACKET_MAX_BYTES) return;
      this.#options.onMessage({ topic, payload: payload.toString("utf8"), retained: retain });
    });
  }

  #clientOptions(): IClientOptions {
    const { user, password, clientId, will } = this.#options;
    return {
      clientId,
      ...(user === undefined ? {} : { username: user }),
      ...(password === undefined ? {} : { password }),
      will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
      protocolVersion: this.#version,
      ...(this.#version === 5 ? { properties: { maximumPacketSize: PACKET_MAX_BYTES } } : {}),
      clean: true,
      keepalive: KEEPALIVE_S,
      connectTimeout: CONNECT_WITHIN_MS,
      // Each attempt is a client of its own: what an old one had queued is out of date.
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
    };
  }

  #subscribe(client: MqttClient): void {
    if (client !== this.#client) return;
    const { subscriptions, log } = this.#options;
    if (subscriptions.length === 0) {
      this.#up(client);
      return;
    }
    client.subscribe([...subscriptions], { qos: 1 }, (error) => {
      if (error !== null && error !== undefined)
        log.warn({ reason: error.message }, "MQTT broker refused a subscription");
      this.#up(client);
    });
  }

  #up(client: MqttClient): void {
    if (client !== this.#client || this.#isClosed) return;
    this.#isUp = true;
    this.#failures = 0;
    this.#hasComplained = false;
    this.#options.log.info({ broker: hostOf(this.#options.url) }, "MQTT connected");
    this.#options.onUp();
  }

  #lost(client: MqttClient | undefined, error: Error): void {
    if (client !== this.#client) return;
    if (client !== undefined) this.#drop(client);
    if (this.#isClosed) return;
    const { clock, entropy, log, url } = this.#options;
    const { code } = error as { readonly code?: unknown };
    const isOldBroker = this.#version === 5 && typeof code === "number" && OLD_BROKER.has(code);
    if (isOldBroker) this.#version = 4;
    this.#failures++;
    const isRefusal = typeof code === "number" && REFUSED.has(code);
    const policy = isRefusal ? REFUSAL_BACKOFF : NETWORK_BACKOFF;
    const fields = { broker: hostOf(url), reason: reasonOf(error) };
    if (this.#hasComplained || isOldBroker) log.debug(fields, "MQTT broker still away");
    else log.warn(fields, "MQTT broker is away; trying again, and saying no more until it is back");
    this.#hasComplained ||= !isOldBroker;
    this.#retry = clock.after(
      isOldBroker ? 0 : backoffMs(policy, this.#failures, entropy.fraction()),
      () => this.#connect(),
    );
  }

  #drop(client: MqttClient): void {
    this.#client = undefined;
    this.#isUp = false;
    client.removeAllListeners();
    // What its socket still says is of no interest, and would end the process if nobody listened.
    client.on("error", () => {});
    client.end(true);
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Without user and password, which may be part of a URL. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "an address that is none";
}

/** Node's error of several failed addresses has no message of its own. */
function reasonOf(error: Error): string {
  const [first] = error instanceof AggregateError ? error.errors : [];
  return (first instanceof Error ? first.message : error.message) || error.name;
}
