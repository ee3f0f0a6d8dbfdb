/** What the supervisor and the operator process tell each other: data only, over one channel that never blocks. */
import type { MachineSnapshot } from "../telemetry/machine-snapshot.ts";
import type { UpdateState } from "../update/update-view.ts";
import type { Action, Actor, ConfigChange, ConfigResult, Outcome, UpdateStep } from "./device.ts";
import type { Persona, UnnamedMachine } from "./status.ts";

/** Once a second: an operator process that is silent for long is started again. */
export const OPERATOR_BEAT_MS = 1_000;

/** What does not change while this operator process runs. */
export interface DeviceFacts {
  /** Null, as what follows from it, while nobody knows which machine this is. */
  readonly board: string | null;
  readonly model: string;
  /** "3 × 126 × BM1362". */
  readonly chips: string | null;
  readonly chip: string | null;
  /** Why nobody knows which machine this is; absent: it is known. */
  readonly unnamed?: UnnamedMachine;
  readonly simulated: boolean;
  readonly scale: number;
  readonly hostname: string;
  readonly mac: string | null;
  readonly ipv4: string | null;
  readonly serialNumber: string | null;
  readonly version: string;
  /** For how many seconds asicd had run, on the supervisor's monotonic clock, when this operator process was started. */
  readonly upBeforeS: number;
  /** What fits this hardware, unless the operator says otherwise. */
  readonly persona: Persona;
  /** Typical power of the whole machine by its maker, W; null where nobody says. */
  readonly declaredPowerW: number | null;
  readonly boards: readonly {
    readonly uart: string;
    readonly chip: string;
    readonly chipCount: number;
    /** Hashes of one chip per MHz of its clock, already divided by the scale. */
    readonly hashesPerMHz: number;
  }[];
}

export interface OperatorSetup {
  readonly facts: DeviceFacts;
  readonly config: ConfigView;
  /** Kept: secrets, history, events of its own. */
  readonly stateDir: string;
  /** Where the guard keeps its events; read only. */
  readonly eventsFile: string;
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | "silent";
  /** For a Unix socket that needs no password, as only this user may open it. */
  readonly runtimeDir: string;
  /** A simulation takes any free port when the wanted one is taken: several may run beside each other. */
  readonly mayMovePort: boolean;
  /** Account that it turns into once its ports are open; absent: it stays who it is. */
  readonly dropTo?: { readonly uid: number; readonly gid: number };
  /** Absent: this asicd cannot update itself. */
  readonly updates?: UpdateState;
}

/** The configuration as it is in force. Holds secrets: it never leaves the process unmasked. */
export interface ConfigView {
  /** What the file says, and nothing else. */
  readonly sparse: unknown;
  /** With every default in its place. */
  readonly effective: unknown;
  readonly confirmByUnixSeconds: number | null;
  /** Paths whose change waits for a restart of asicd. */
  readonly waitsForRestart: readonly string[];
}

export interface GuardView {
  readonly state: "running" | "silent" | "stopped";
  readonly restarts: number;
  /** Of the guard's last word, on the supervisor's clock; null: it never said anything. */
  readonly lastWordAgoS: number | null;
  /** Why it will not drive this machine, if so. */
  readonly reason: string | null;
}

export type Request =
  | { readonly ask: "act"; readonly action: Action; readonly actor: Actor }
  | { readonly ask: "config-preview"; readonly changes: readonly ConfigChange[] }
  | {
      readonly ask: "config-apply";
      readonly changes: readonly ConfigChange[];
      readonly actor: Actor;
    }
  | { readonly ask: "config-replace"; readonly config: unknown; readonly actor: Actor }
  | { readonly ask: "config-confirm"; readonly actor: Actor }
  | { readonly ask: "config-revert"; readonly actor: Actor }
  | { readonly ask: "update"; readonly step: UpdateStep; readonly actor: Actor };

export type Answer = Outcome | ConfigResult;

export type SupervisorMessage =
  | { readonly tell: "start"; readonly setup: OperatorSetup }
  /** With each word of the guard, and once a second without. */
  | {
      readonly tell: "machine";
      readonly machine: MachineSnapshot | null;
      readonly guard: GuardView;
    }
  | { readonly tell: "config"; readonly config: ConfigView }
  | { readonly tell: "updates"; readonly updates: UpdateState }
  /** A line of anybody's log, as JSON. */
  | { readonly tell: "log"; readonly line: string }
  | { readonly tell: "answer"; readonly id: number; readonly answer: Answer }
  | { readonly tell: "stop" };

export type OperatorMessage =
  | { readonly tell: "beat"; readonly listening: readonly string[] }
  | { readonly tell: "ask"; readonly id: number; readonly request: Request }
  /** Its ports are closed and its files written. */
  | { readonly tell: "stopped" };
