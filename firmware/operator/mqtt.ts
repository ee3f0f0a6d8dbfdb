/** The machine on an MQTT broker: announced to Home Assistant, its state retained, commands taken where that is wanted. */
import type { Device } from "../../src/api/device.ts";
import {
  commandSettings,
  discoveryOf,
  essenceOf,
  type MqttTopics,
  stateOf,
  topicsOf,
} from "../../src/api/home-assistant.ts";
import type { Status } from "../../src/api/status.ts";
import type { MqttConfig } from "../../src/config/operator-schema.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import { BrokerLink, type Message, type ReceivedMessage } from "./mqtt-broker.ts";
import { MqttCommands } from "./mqtt-commands.ts";

export interface MqttOptions {
  readonly device: Device;
  readonly config: MqttConfig;
  readonly clock: Clock;
  readonly entropy: Pick<Entropy, "fraction">;
  readonly log: Logger;
  /** Where Home Assistant's link to the device leads. */
  readonly pageUrl?: string;
  /** The settings by the time that this is closed: who no longer wants these topics leaves none behind. */
  readonly wanted?: () => MqttConfig | undefined;
}

export interface RunningMqtt {
  /** Says goodbye. Home Assistant keeps the device, unless MQTT was turned off or went elsewhere. */
  close(): Promise<void>;
}

export function startMqtt(options: MqttOptions): RunningMqtt {
  return new MachineOnMqtt(options);
}

/** Home Assistant asks devices not to answer its return all at once. */
const REANNOUNCE_WITHIN_MS = 3_000;
const NOW = { qos: 0, retain: false } as const;
const KEPT = { qos: 0, retain: true } as const;
const KEPT_FOR_SURE = { qos: 1, retain: true } as const;

class MachineOnMqtt implements RunningMqtt {
  readonly #options: MqttOptions;
  readonly #commands: MqttCommands;
  readonly #open: Disposable[] = [];
  #topics: MqttTopics;
  #link: BrokerLink;
  #essence = "";
  #announced = "";
  #isSendingState = false;
  #reannounce: Disposable | undefined;
  #isClosed = false;
  #isMoving = false;
  #moved: Promise<void> = Promise.resolve();

  constructor(options: MqttOptions) {
    const { device, config, clock, log } = options;
    this.#options = options;
    this.#commands = new MqttCommands(device, log, (result) =>
      this.#link.publish({ topic: this.#topics.result, payload: JSON.stringify(result) }, NOW),
    );
    this.#topics = topicsOf(device.status(), config);
    this.#link = this.#connect();
    this.#open.push(
      device.onStatus((status) => this.#follow(status)),
      device.onEvent((event) =>
        this.#link.publish(
          { topic: `${this.#topics.base}/event`, payload: JSON.stringify(event) },
          NOW,
        ),
      ),
      clock.every(config.intervalS * 1_000, () => this.#tell()),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#reannounce?.[Symbol.dispose]();
    for (const one of this.#open.splice(0)) one[Symbol.dispose]();
    await this.#moved;
    await this.#link.close(this.#lastWords());
  }

  #lastWords(): readonly Message[] {
    const { config, wanted, device } = this.#options;
    const next = wanted === undefined ? config : wanted();
    if (next?.url !== config.url) return forgotten(this.#topics);
    const { base, discovery } = topicsOf(device.status(), next);
    if (base === this.#topics.base && discovery === this.#topics.discovery)
      return [offline(this.#topics)];
    return forgotten(this.#topics).filter(({ topic }) => topic !== discovery);
  }

  #connect(): BrokerLink {
    const { config, clock, entropy, log } = this.#options;
    const topics = this.#topics;
    return new BrokerLink({
      url: config.url,
      user: config.user,
      password: config.password,
      clientId: topics.id,
      will: offline(topics),
      subscriptions: [
        ...(config.control ? [`${topics.set}/+`] : []),
        ...(topics.birth === null ? [] : [topics.birth]),
      ],
      clock,
      entropy,
      log,
      onUp: () => this.#announce(),
      onMessage: (message) => this.#hear(message),
    });
  }

  #hear({ topic, payload, retained }: ReceivedMessage): void {
    const { clock, config, entropy, log } = this.#options;
    if (topic === this.#topics.birth) {
      if (payload !== "online" || retained) return;
      this.#reannounce?.[Symbol.dispose]();
      this.#reannounce = clock.after(entropy.fraction() * REANNOUNCE_WITHIN_MS, () =>
        this.#announce(),
      );
      return;
    }
    if (!config.control || !topic.startsWith(`${this.#topics.set}/`)) return;
    const command = topic.slice(this.#topics.set.length + 1);
    // Whoever left it behind may have meant last week: a machine must not stop each time that it connects.
    if (retained) log.warn({ command }, "MQTT command ignored: it was retained");
    else this.#commands.take(command, payload);
  }

  #follow(status: Status): void {
    if (this.#isMoving) return;
    const { base } = topicsOf(status, this.#options.config);
    if (base !== this.#topics.base) this.#move();
    else if (this.#link.isUp && this.#essenceOf(status) !== this.#essence) {
      this.#discover(status);
      this.#tell(status);
    }
  }

  /** Under another name: nothing of the old one stays with the broker. */
  #move(): void {
    const { device, config } = this.#options;
    const { discovery } = topicsOf(device.status(), config);
    // The same device keeps its announcement, which the next one replaces.
    const lastWords = forgotten(this.#topics).filter(({ topic }) => topic !== discovery);
    this.#isMoving = true;
    // One after the other: the broker ends a connection when the same client opens another.
    this.#moved = this.#link.close(lastWords).then(() => {
      this.#isMoving = false;
      if (this.#isClosed) return;
      this.#topics = topicsOf(device.status(), config);
      this.#link = this.#connect();
    });
  }

  #announce(): void {
    if (this.#isClosed) return;
    this.#announced = "";
    this.#isSendingState = false;
    const status = this.#options.device.status();
    this.#discover(status);
    this.#link.publish({ topic: this.#topics.availability, payload: "online" }, KEPT_FOR_SURE);
    this.#tell(status);
  }

  #discover(status: Status): void {
    const { device, config, pageUrl } = this.#options;
    const { discovery } = this.#topics;
    if (discovery === null) return;
    const settings = commandSettings(device.config.effective());
    const payload = JSON.stringify(
      discoveryOf(status, {
        topics: this.#topics,
        settings,
        control: config.control,
        intervalS: config.intervalS,
        ...(pageUrl === undefined ? {} : { pageUrl }),
      }),
    );
    if (payload === this.#announced) return;
    if (this.#link.publish({ topic: discovery, payload }, KEPT_FOR_SURE)) this.#announced = payload;
  }

  #tell(status: Status = this.#options.device.status()): void {
    // A broker that does not take one gets the next one when it has.
    if (this.#isSendingState) return;
    const state = stateOf(status, commandSettings(this.#options.device.config.effective()));
    const message: Message = { topic: this.#topics.state, payload: JSON.stringify(state) };
    const link = this.#link;
    // Before it is sent: what the socket takes at once is reported at once.
    this.#isSendingState = true;
    const isTaken = link.publish(message, KEPT, () => {
      if (link === this.#link) this.#isSendingState = false;
    });
    if (isTaken) this.#essence = this.#essenceOf(status);
    else this.#isSendingState = false;
  }

  #essenceOf(status: Status): string {
    return essenceOf(status, commandSettings(this.#options.device.config.effective()));
  }
}

function offline({ availability }: MqttTopics): Message {
  return { topic: availability, payload: "offline" };
}

/** An empty retained message removes what was retained (MQTT 3.1.1 §3.3.1.3), and the device from Home Assistant. */
function forgotten({ discovery, state, availability }: MqttTopics): readonly Message[] {
  return [...(discovery === null ? [] : [discovery]), state, availability].map((topic) => ({
    topic,
    payload: "",
  }));
}
