/**
 * A machine as Home Assistant wants it told over MQTT: topics, one discovery message for the whole device, and the state.
 * https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
 */
import {
  type CommandEntity,
  type CommandSettings,
  commandsOf,
  type Wish,
} from "./home-assistant-commands.ts";
import { type Reading, type ReadingValue, readingsOf } from "./home-assistant-readings.ts";
import { cardSuffix, machineId, slug } from "./machine-id.ts";
import type { Status } from "./status.ts";

export interface MqttTopics {
  /** What entities are known by for ever: by the network card where there is one, so that a new name changes no entity. */
  readonly id: string;
  /** "asicd/NAME-123456". */
  readonly base: string;
  /** "online" or, as the last will, "offline"; retained. */
  readonly availability: string;
  /** JSON, retained. */
  readonly state: string;
  /** What became of a command, JSON. */
  readonly result: string;
  /** Commands come to this and one of their keys. */
  readonly set: string;
  /** null: not announced. */
  readonly discovery: string | null;
  /** Where Home Assistant says that it is back; null: not listened for. */
  readonly birth: string | null;
}

/** `topic` and `discoveryPrefix` as in the settings. */
export function topicsOf(
  { device }: Pick<Status, "device">,
  { topic, discoveryPrefix }: { readonly topic: string; readonly discoveryPrefix: string },
): MqttTopics {
  const id = machineId(device);
  // Half of all machines have the name that they came with: the card tells them apart.
  const base = `${topic.replace(/\/+$/, "")}/${slug(device.name)}${cardSuffix(device)}`;
  return {
    id,
    base,
    availability: `${base}/availability`,
    state: `${base}/state`,
    result: `${base}/result`,
    set: `${base}/set`,
    discovery: discoveryPrefix === "" ? null : `${discoveryPrefix}/device/${id}/config`,
    birth: discoveryPrefix === "" ? null : `${discoveryPrefix}/status`,
  };
}

export interface DiscoveryOptions {
  readonly topics: MqttTopics;
  readonly settings: CommandSettings;
  /** False: sensors only. */
  readonly control: boolean;
  /** Between two states. */
  readonly intervalS: number;
  /** Where the page is. */
  readonly pageUrl?: string;
}

/** The discovery message, before it is turned into JSON. */
export function discoveryOf(status: Status, options: DiscoveryOptions): Record<string, unknown> {
  const { topics, settings, control, intervalS, pageUrl } = options;
  const { device } = status;
  const components: Record<string, unknown> = {};
  // A state that stopped coming is not shown for long, also when the broker has not noticed that we are gone.
  const expire_after = Math.max(60, intervalS * 4);
  for (const reading of readingsOf(status))
    components[reading.key] = {
      ...common(reading, topics),
      ...reading.config,
      value_template: template(reading),
      expire_after,
      ...(reading.key === "problems" ? problemAttributes(topics) : {}),
    };
  for (const command of control ? commandsOf(status, settings) : [])
    components[command.key] = {
      ...common(command, topics),
      ...command.config,
      command_topic: `${topics.set}/${command.key}`,
      ...(command.value === undefined ? {} : { value_template: template(command) }),
    };
  return {
    dev: {
      ids: [topics.id],
      ...(device.mac === null ? {} : { cns: [["mac", device.mac]] }),
      name: device.name,
      mf: "asicd",
      mdl: device.model,
      sw: device.version,
      ...(device.serialNumber === null ? {} : { sn: device.serialNumber }),
      ...(pageUrl === undefined ? {} : { cu: pageUrl }),
    },
    o: { name: "asicd", sw: device.version },
    availability_topic: topics.availability,
    state_topic: topics.state,
    qos: 1,
    cmps: components,
  };
}

/** The state message, before it is turned into JSON: one key for each entity; null is unknown. */
export function stateOf(
  status: Status,
  settings: CommandSettings,
): Record<string, ReadingValue | string[]> {
  const isLost = status.summary.state === "lost";
  const state: Record<string, ReadingValue | string[]> = {};
  for (const { key, value, isOurs } of readingsOf(status))
    state[key] = isLost && isOurs !== true ? null : onOff(value(status));
  for (const { key, value } of commandsOf(status, settings))
    if (value !== undefined) state[key] = onOff(value(status, settings));
  state["problem_texts"] = status.problems.slice(0, PROBLEMS_MAX).map(({ text }) => text);
  return state;
}

/** Attributes of a state are kept in Home Assistant's database. */
const PROBLEMS_MAX = 20;

/** What is told at once when it changes; everything else waits for its turn. */
export function essenceOf(status: Status, settings: CommandSettings): string {
  const { summary, problems, paused, fans, boards, pools } = status;
  return JSON.stringify([
    summary.state,
    paused,
    problems.map(({ code, where, severity }) => [code, where, severity]),
    fans.mode,
    fans.fans.map(({ name }) => name),
    settings,
    boards.map(({ state, chipsFound, targetFrequencyMHz }) => [
      state,
      chipsFound,
      targetFrequencyMHz,
    ]),
    pools.map(({ name, state }) => [name, state]),
  ]);
}

/** What a message to a command topic asks for. */
export function wishOf(
  key: string,
  payload: string,
  status: Status,
  settings: CommandSettings,
): Wish {
  const command = commandsOf(status, settings).find((one) => one.key === key);
  if (command !== undefined) return command.wish(payload, status);
  return { is: "refused", text: "there is no such command" };
}

/** Of the configuration in force, of which only what is needed is looked at. */
export function commandSettings(effective: unknown): CommandSettings {
  const { machine, chains } = (effective ?? {}) as {
    readonly machine?: { readonly fans?: { readonly dutyPercent?: unknown } };
    readonly chains?: unknown;
  };
  const duty = machine?.fans?.dutyPercent;
  return {
    hasMachine: chains === undefined,
    manualDutyPercent: typeof duty === "number" ? duty : null,
  };
}

function common(
  { key, platform, name }: Pick<Reading | CommandEntity, "key" | "platform" | "name">,
  { id }: MqttTopics,
): Record<string, unknown> {
  return { p: platform, name, unique_id: `${id}_${key}` };
}

/** A null becomes "None", which Home Assistant takes as unknown: of each platform (core, components/mqtt, PAYLOAD_NONE). */
function template({ key }: Pick<Reading, "key">): string {
  return `{{ value_json.${key} }}`;
}

function problemAttributes({ state }: MqttTopics): Record<string, unknown> {
  return {
    json_attributes_topic: state,
    json_attributes_template: "{{ {'problems': value_json.problem_texts} | tojson }}",
  };
}

function onOff(value: ReadingValue): ReadingValue {
  return typeof value === "boolean" ? (value ? "ON" : "OFF") : value;
}
