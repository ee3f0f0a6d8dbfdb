/**
 * The machine as the operator's interfaces see it: what they may read, what they may ask for, and who asks. HTTP, MQTT, the
 * cgminer API and the interfaces of other firmware all stand on this one seam, so none of them can do what another forbids.
 */
import type { ConfigProblem } from "../lib/errors.ts";
import type { UpdateState } from "../update/update-view.ts";
import type { ChipStatus, DeviceEvent, Status } from "./status.ts";

/** What an operator may do beyond reading and settings. */
export type Action =
  /** No hashing until resumed, also after a restart: kept as the setting `paused`. */
  | { readonly do: "pause" }
  | { readonly do: "resume" }
  /** Power off, reset, power on. */
  | { readonly do: "restart-chain"; readonly chain: number }
  /** The miner process alone; boards lose power meanwhile. */
  | { readonly do: "restart-miner" }
  /** All of asicd, in order. */
  | { readonly do: "restart" }
  /** The operating system; a simulation restarts instead. */
  | { readonly do: "reboot" }
  /** The lamp blinks; 0: no more. */
  | { readonly do: "identify"; readonly seconds: number }
  /** Makes this pool the first of its group; kept as the order of the setting `pools`. */
  | { readonly do: "switch-pool"; readonly pool: number }
  /** Boards that latched may have power again. `reason` is the one that was read: another one refuses. */
  | { readonly do: "clear-trip"; readonly chain: number | null; readonly reason?: string }
  /** Settings, passwords, tokens and history are gone; pools too. */
  | { readonly do: "factory-reset" };

export type ActionName = Action["do"];

/** Read: look. Control: actions that any operator of the machine may do. Admin: settings, secrets, resets. */
export type Scope = "read" | "control" | "admin";

/** Who asks, for the audit event. */
export interface Actor {
  /** "session", "token fleet-1", "mqtt", "cgminer 10.0.0.5", "antminer persona", "cli". */
  readonly name: string;
  readonly scope: Scope;
}

export type Outcome =
  | { readonly is: "done"; readonly text: string }
  /** Started; how it goes is told by status and events. */
  | { readonly is: "accepted"; readonly text: string }
  /** Not now, or not with this machine. */
  | { readonly is: "refused"; readonly code: string; readonly text: string };

/** One value at a path like `pools[0].url` or `machine.fans`; `undefined` gives the node back to its default. */
export interface ConfigChange {
  readonly path: string;
  readonly value: unknown;
}

/** What differs between two configurations, secrets shown as "…". */
export interface ConfigDifference {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  /** What taking it into use costs. */
  readonly restart: RestartNeed;
}

/** none: at once, hashing goes on. pools: connections of changed pools. operator: page and API. program: all of asicd. */
export type RestartNeed = "none" | "pools" | "operator" | "program";

export type ConfigResult =
  | {
      readonly is: "applied";
      readonly differences: readonly ConfigDifference[];
      /** Must be confirmed until then, or everything goes back; null: final. */
      readonly confirmByUnixSeconds: number | null;
    }
  | { readonly is: "invalid"; readonly problems: readonly ConfigProblem[] }
  | { readonly is: "refused"; readonly code: string; readonly text: string };

export interface ConfigDesk {
  /** The file's content, sparse, secrets masked as "…" unless asked for. */
  sparse(options?: { readonly secrets: boolean }): unknown;
  /** With every default in its place; secrets masked. */
  effective(): unknown;
  /** What these changes would do; nothing is kept. */
  preview(changes: readonly ConfigChange[]): Promise<ConfigResult>;
  /** Checks, saves and takes into use; a masked secret means the one that is stored. */
  apply(changes: readonly ConfigChange[], actor: Actor): Promise<ConfigResult>;
  /** Like `apply` with a whole sparse configuration in place of changes. */
  replace(config: unknown, actor: Actor): Promise<ConfigResult>;
  /** An operator still has the machine after a change that could have cut them off. */
  confirm(actor: Actor): Promise<Outcome>;
  /** Back to what was in force before the unconfirmed change, or before the last one. */
  revert(actor: Actor): Promise<ConfigResult>;
  /** Of the change that waits for it. */
  readonly confirmByUnixSeconds: number | null;
  /** Paths whose change waits for a restart of asicd. */
  readonly waitsForRestart: readonly string[];
}

export interface EventQuery {
  /** Only later ones. */
  readonly afterId?: number;
  readonly limit?: number;
}

export interface HistoryQuery {
  /** Names of `historySeries`, e.g. "hashrate", "board.0.temperature". */
  readonly series: readonly string[];
  readonly fromUnixSeconds: number;
  readonly toUnixSeconds: number;
  /** At most so many points of each; the coarser store is chosen by it. */
  readonly maxPoints: number;
}

export interface HistoryAnswer {
  readonly stepS: number;
  /** Start of each step. */
  readonly unixSeconds: readonly number[];
  /** Means, by name; null where nothing is known. */
  readonly series: Readonly<Record<string, readonly (number | null)[]>>;
}

export interface HistoryReader {
  readonly series: readonly { readonly name: string; readonly unit: string }[];
  query(query: HistoryQuery): Promise<HistoryAnswer>;
  /** Daily means and the last 24 hours of one chip. */
  chip(board: number, chip: number): Promise<HistoryAnswer>;
}

export type UpdateStep =
  /** Check the file that was received, and lay the version beside the one that runs. */
  | { readonly do: "stage"; readonly allowDowngrade: boolean }
  /** Run what lies beside, on trial. */
  | { readonly do: "start" }
  /** To the version before, with its settings. */
  | { readonly do: "return" }
  /** What lies beside is not wanted. */
  | { readonly do: "discard" }
  /** The event of a return is kept. */
  | { readonly do: "told" };

export interface UpdateDesk {
  state(): UpdateState;
  take(step: UpdateStep, actor: Actor): Promise<Outcome>;
}

/** Everything that an interface for operators stands on. */
export interface Device {
  /** Put together once for each word of the machine, however many ask. */
  status(): Status;
  onStatus(listener: (status: Status) => void): Disposable;
  chips(board: number): readonly ChipStatus[] | undefined;
  events(query?: EventQuery): readonly DeviceEvent[];
  onEvent(listener: (event: DeviceEvent) => void): Disposable;
  act(action: Action, actor: Actor): Promise<Outcome>;
  /** Who did what, as an event. */
  audit(actor: Actor, what: string, text: string): void;
  readonly config: ConfigDesk;
  readonly history: HistoryReader;
  readonly updates: UpdateDesk;
}

/** The least that each action takes. */
export const actionScopes: Readonly<Record<ActionName, Scope>> = {
  pause: "control",
  resume: "control",
  "restart-chain": "control",
  "restart-miner": "control",
  restart: "control",
  reboot: "control",
  identify: "control",
  "switch-pool": "control",
  "clear-trip": "control",
  "factory-reset": "admin",
};
