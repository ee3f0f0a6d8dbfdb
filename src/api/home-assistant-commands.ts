/**
 * What Home Assistant may do to a machine: one row for each switch, number, select and button, from its payload to an action
 * or a change of settings. Nothing else can be asked for over MQTT.
 */
import type { Action, ConfigChange } from "./device.ts";
import { activePool, type ReadingValue } from "./home-assistant-readings.ts";
import type { Status } from "./status.ts";

/** Settings that a command can change, as they are in force. */
export interface CommandSettings {
  /** Absent sections mean defaults; chains means that there is no machine to set. */
  readonly hasMachine: boolean;
  readonly manualDutyPercent: number | null;
}

export type Wish =
  /** One after the other. */
  | { readonly is: "actions"; readonly actions: readonly Action[] }
  | { readonly is: "change"; readonly changes: readonly ConfigChange[] }
  | { readonly is: "refused"; readonly text: string };

export interface CommandEntity {
  /** Last part of the command topic; key in the state message. */
  readonly key: string;
  readonly platform: "switch" | "number" | "select" | "button";
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Absent for a button, which has no state. */
  value?(status: Status, settings: CommandSettings): ReadingValue;
  wish(payload: string, status: Status): Wish;
}

const setting = { entity_category: "config" } as const;
/** As the schema of `machine.frequencyMHz` has it; the settings are checked against the machine all the same. */
const FREQUENCY_MHZ = { min: 56.25, max: 1_000 } as const;
const IDENTIFY_S = 60;
/** Whoever may publish to the broker operates the machine; that it runs without fans is for its owner to say. */
const fanModes = ["auto", "manual"] as const;

/** All commands that this machine takes. */
export function commandsOf(status: Status, settings: CommandSettings): readonly CommandEntity[] {
  return [
    miningSwitch,
    ...(settings.hasMachine ? [frequencyNumber, dutyNumber, fanModeSelect] : []),
    ...(status.pools.length === 0 ? [] : [poolSelect(status)]),
    ...buttons,
    ...status.boards.map(({ index }) => restartBoard(index)),
  ];
}

const miningSwitch: CommandEntity = {
  key: "mine",
  platform: "switch",
  name: "Mining",
  config: { icon: "mdi:pickaxe" },
  value: ({ paused }) => !paused,
  wish(payload) {
    if (payload === "ON") return act({ do: "resume" });
    if (payload === "OFF") return act({ do: "pause" });
    return refuse(this, payload, "ON, OFF");
  },
};

const frequencyNumber: CommandEntity = {
  key: "frequency",
  platform: "number",
  name: "Target frequency",
  config: {
    device_class: "frequency",
    unit_of_measurement: "MHz",
    mode: "box",
    step: 0.25,
    ...FREQUENCY_MHZ,
    ...setting,
  },
  value: ({ boards }) => boards[0]?.targetFrequencyMHz ?? null,
  wish(payload) {
    const frequencyMHz = numberIn(payload, FREQUENCY_MHZ);
    if (frequencyMHz === undefined) return refuse(this, payload, "56.25 to 1000 MHz");
    return change("machine.frequencyMHz", frequencyMHz);
  },
};

const dutyNumber: CommandEntity = {
  key: "fan_duty_manual",
  platform: "number",
  name: "Manual fan duty",
  config: { unit_of_measurement: "%", min: 0, max: 100, step: 1, icon: "mdi:fan", ...setting },
  value: (_, { manualDutyPercent }) => manualDutyPercent,
  wish(payload) {
    const dutyPercent = numberIn(payload, { min: 0, max: 100 });
    if (dutyPercent === undefined) return refuse(this, payload, "0 to 100 %");
    return change("machine.fans", { mode: "manual", dutyPercent });
  },
};

const fanModeSelect: CommandEntity = {
  key: "fan_mode",
  platform: "select",
  name: "Fan mode",
  config: { options: [...fanModes], icon: "mdi:fan-auto", ...setting },
  value: ({ fans }) => fanModes.find((mode) => mode === fans.mode) ?? null,
  wish(payload, { fans }) {
    const mode = fanModes.find((known) => known === payload);
    if (mode === undefined) return refuse(this, payload, fanModes.join(", "));
    // What they turn at now, so that a change of mode alone is not heard.
    const dutyPercent = Math.min(100, Math.max(0, Math.round(fans.targetDutyPercent)));
    return change("machine.fans", mode === "manual" ? { mode, dutyPercent } : { mode });
  },
};

function poolSelect(status: Status): CommandEntity {
  const names = status.pools.map(({ name }) => name);
  return {
    key: "pool_select",
    platform: "select",
    name: "Pool",
    config: { options: names, icon: "mdi:server-network" },
    value: activePool,
    wish(payload) {
      const pool = names.indexOf(payload);
      return pool < 0 ? refuse(this, payload, names.join(", ")) : act({ do: "switch-pool", pool });
    },
  };
}

const buttons: readonly CommandEntity[] = [
  button("restart", "Restart", { device_class: "restart", ...setting }, { do: "restart" }),
  button(
    "identify",
    "Identify",
    { device_class: "identify", ...setting },
    { do: "identify", seconds: IDENTIFY_S },
  ),
  {
    key: "clear_trip",
    platform: "button",
    name: "Clear protective stop",
    config: { icon: "mdi:shield-refresh", ...setting },
    wish(payload, status) {
      if (payload !== "PRESS") return refuse(this, payload, "PRESS");
      return { is: "actions", actions: clearing(status) };
    },
  },
];

/** Each board for the reason that is shown: what tripped for another one since is not cleared. */
function clearing({ boards }: Status): readonly Action[] {
  const actions = boards.flatMap(({ index, state, reason }) =>
    state === "latched" && reason !== null
      ? [{ do: "clear-trip", chain: index, reason } as const]
      : [],
  );
  return actions.length > 0 ? actions : [{ do: "clear-trip", chain: null }];
}

function restartBoard(index: number): CommandEntity {
  return button(
    `restart_board_${index}`,
    `Restart board ${index}`,
    { device_class: "restart", ...setting },
    { do: "restart-chain", chain: index },
  );
}

function button(
  key: string,
  name: string,
  config: CommandEntity["config"],
  action: Action,
): CommandEntity {
  return {
    key,
    platform: "button",
    name,
    config,
    wish(payload) {
      return payload === "PRESS" ? act(action) : refuse(this, payload, "PRESS");
    },
  };
}

function act(action: Action): Wish {
  return { is: "actions", actions: [action] };
}

function change(path: string, value: unknown): Wish {
  return { is: "change", changes: [{ path, value }] };
}

const SHOWN_MAX = 40;

function refuse({ name }: Pick<CommandEntity, "name">, payload: string, allowed: string): Wish {
  const shown = payload.length > SHOWN_MAX ? `${payload.slice(0, SHOWN_MAX)}…` : payload;
  return { is: "refused", text: `${name}: "${shown}" is not valid; allowed: ${allowed}` };
}

function numberIn(text: string, { min, max }: { min: number; max: number }): number | undefined {
  if (!/^\d+(\.\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}
