/** The machine at the operator process's end of the link: what was told last, and what is asked of the supervisor. */
import type { CompatConfig } from "../config/operator-schema.ts";
import type { Config } from "../config/schema.ts";
import type { Link } from "../control/guard-link.ts";
import { Signal } from "../lib/signal.ts";
import type { Clock } from "../ports/clock.ts";
import type { MachineEvent } from "../telemetry/event.ts";
import type { MachineSnapshot } from "../telemetry/machine-snapshot.ts";
import type { UpdateState } from "../update/update-view.ts";
import { boardState, buildStatus } from "./build-status.ts";
import { chipsOf } from "./chip-status.ts";
import { configuredPools } from "./configured-pools.ts";
import type {
  Action,
  Actor,
  ConfigChange,
  ConfigDesk,
  ConfigResult,
  Device,
  EventQuery,
  HistoryReader,
  Outcome,
  UpdateDesk,
  UpdateStep,
} from "./device.ts";
import { EventLog } from "./event-log.ts";
import { Lasting } from "./lasting.ts";
import { maskSecrets } from "./mask-secrets.ts";
import type {
  Answer,
  ConfigView,
  GuardView,
  OperatorMessage,
  OperatorSetup,
  Request,
  SupervisorMessage,
} from "./operator-link.ts";
import type { ChipStatus, DeviceEvent, Persona, Status } from "./status.ts";
import type { ConfiguredPool } from "./status-source.ts";

/** Saving and an orderly restart of parts take a moment. */
const ANSWER_WITHIN_MS = 20_000;
const REFRESH_MS = 1_000;
const REFRESH_WHEN_OLD_MS = 2_000;

export interface OperatorDeviceParts {
  readonly setup: OperatorSetup;
  readonly link: Link<OperatorMessage, SupervisorMessage>;
  readonly clock: Clock;
  readonly history: HistoryReader;
  /** Resident memory of this process. */
  readonly memoryBytes: () => number;
  /** Kept from earlier runs, oldest first. */
  readonly earlierEvents: readonly MachineEvent[];
  /** An event of our own, to be kept. */
  readonly keep: (event: MachineEvent) => void;
}

export class OperatorDevice implements Device, AsyncDisposable {
  readonly config: ConfigDesk;
  readonly history: HistoryReader;
  readonly updates: UpdateDesk;
  readonly #parts: OperatorDeviceParts;
  readonly #events = new EventLog();
  readonly #changed = new Signal<Status>();
  readonly #configChanged = new Signal<Config>();
  readonly #unknown = new Lasting<string>();
  readonly #hashing = new Lasting<number>();
  readonly #asked = new Map<number, (answer: Answer) => void>();
  readonly #open: Disposable[] = [];
  readonly #startedMs: number;
  #machine: MachineSnapshot | null = null;
  #machineAtMs: number | null = null;
  #guard: GuardView = { state: "running", restarts: 0, lastWordAgoS: null, reason: null };
  #configView: ConfigView;
  #pools: readonly ConfiguredPool[];
  #status: Status | undefined;
  #builtMs = 0;
  #updates: UpdateState;
  #lastId = 0;
  #isClosed = false;

  constructor(parts: OperatorDeviceParts) {
    this.#parts = parts;
    this.history = parts.history;
    this.#startedMs = parts.clock.nowMs();
    const { unnamed } = parts.setup.facts;
    // Nobody is going to start one.
    if (unnamed !== undefined)
      this.#guard = { ...this.#guard, state: "stopped", reason: unnamed.why };
    this.#configView = parts.setup.config;
    this.#pools = configuredPools(this.effective);
    this.config = this.#configDesk();
    this.#updates = parts.setup.updates ?? NO_UPDATES;
    this.updates = {
      state: () => this.#updates,
      take: (step, actor) => this.#takeUpdateStep(step, actor),
    };
    this.#events.takeEarlier(parts.earlierEvents);
    this.#tellUpdates(undefined);
    this.#open.push(
      parts.link.onMessage((message) => this.#hear(message)),
      parts.link.onClosed(() => this.#lose()),
      // Ages grow also while nobody tells anything.
      parts.clock.every(REFRESH_MS, () => this.#refreshWhenOld()),
    );
  }

  /** In force now, every default in its place. Holds secrets. */
  get effective(): Config {
    return this.#configView.effective as Config;
  }

  onConfig(listener: (config: Config) => void): Disposable {
    return this.#configChanged.on(listener);
  }

  status(): Status {
    this.#status ??= this.#build();
    return this.#status;
  }

  onStatus(listener: (status: Status) => void): Disposable {
    return this.#changed.on(listener);
  }

  chips(board: number): readonly ChipStatus[] | undefined {
    return chipsOf(this.#machine?.miner?.chains[board]);
  }

  events(query?: EventQuery): readonly DeviceEvent[] {
    return this.#events.query(query);
  }

  onEvent(listener: (event: DeviceEvent) => void): Disposable {
    return this.#events.onEvent(listener);
  }

  async act(action: Action, actor: Actor): Promise<Outcome> {
    const outcome = (await this.#ask({ ask: "act", action, actor })) as Outcome;
    this.audit(actor, `action-${action.do}`, `${actionText(action)}: ${outcome.text}`);
    return outcome;
  }

  audit(actor: Actor, what: string, text: string): void {
    const { clock } = this.#parts;
    const event: MachineEvent = {
      time: clock.unixSeconds(),
      uptimeS: (clock.nowMs() - this.#startedMs) / 1_000,
      what,
      where: "operator",
      rule: "operator",
      measured: null,
      limit: null,
      action: text,
      reason: `${actor.name}: ${text}`,
    };
    this.#events.add(event);
    this.#parts.keep(event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lose();
    for (const one of this.#open.splice(0)) one[Symbol.dispose]();
  }

  #hear(message: SupervisorMessage): void {
    switch (message.tell) {
      case "machine":
        this.#takeMachine(message.machine, message.guard);
        return;
      case "config":
        this.#configView = message.config;
        this.#pools = configuredPools(this.effective);
        this.#configChanged.emit(this.effective);
        this.#refresh();
        return;
      case "updates": {
        const before = this.#updates;
        this.#updates = message.updates;
        this.#tellUpdates(before);
        return;
      }
      case "answer":
        this.#asked.get(message.id)?.(message.answer);
        return;
      case "start":
      case "log":
      case "stop":
        return;
      default:
        message satisfies never;
    }
  }

  #takeMachine(machine: MachineSnapshot | null, guard: GuardView): void {
    const { clock } = this.#parts;
    this.#guard = guard;
    this.#machine = machine;
    this.#machineAtMs =
      machine === null || guard.lastWordAgoS === null
        ? null
        : clock.nowMs() - guard.lastWordAgoS * 1_000;
    const boards = machine?.boards ?? [];
    const sensors = boards.flatMap((board) => board.sensors);
    const unknown = sensors.filter(({ temperatureC }) => temperatureC === null);
    const hashing = boards.filter(
      (board, index) => boardState(board, machine?.miner?.chains[index]) === "hashing",
    );
    this.#unknown.note(
      unknown.map(({ name }) => name),
      clock.nowMs(),
    );
    this.#hashing.note(
      hashing.map(({ index }) => index),
      clock.nowMs(),
    );
    if (machine !== null) this.#events.takeRing(machine.events);
    this.#refresh();
  }

  #refresh(): void {
    this.#status = this.#build();
    this.#changed.emit(this.#status);
  }

  #refreshWhenOld(): void {
    if (this.#parts.clock.nowMs() - this.#builtMs >= REFRESH_WHEN_OLD_MS) this.#refresh();
  }

  #build(): Status {
    const { clock, setup, memoryBytes } = this.#parts;
    const nowMs = clock.nowMs();
    this.#builtMs = nowMs;
    const { name, paused, compat } = this.effective;
    return buildStatus({
      nowUnixSeconds: clock.unixSeconds(),
      facts: setup.facts,
      machine: this.#machine,
      machineAgeS: this.#machineAtMs === null ? null : (nowMs - this.#machineAtMs) / 1_000,
      guard: this.#guard,
      name,
      persona: personaOf(compat, setup.facts.persona),
      pools: this.#pools,
      paused,
      waitsForRestart: this.#configView.waitsForRestart,
      operator: { uptimeS: (nowMs - this.#startedMs) / 1_000, memoryBytes: memoryBytes() },
      unknownForS: this.#unknown.at(nowMs),
      hashingForS: this.#hashing.at(nowMs),
    });
  }

  /** Every request gets an answer: the supervisor's, or that there is none. */
  #ask(request: Request): Promise<Answer> {
    if (this.#isClosed) return Promise.resolve(nobody);
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const late = this.#parts.clock.after(ANSWER_WITHIN_MS, () => answer(nobody));
      const answer = (given: Answer) => {
        late[Symbol.dispose]();
        this.#asked.delete(id);
        resolve(given);
      };
      this.#asked.set(id, answer);
      this.#parts.link.send({ tell: "ask", id, request });
    });
  }

  #lose(): void {
    this.#isClosed = true;
    for (const answer of [...this.#asked.values()]) answer(nobody);
  }

  async #takeUpdateStep(step: UpdateStep, actor: Actor): Promise<Outcome> {
    const outcome = (await this.#ask({ ask: "update", step, actor })) as Outcome;
    this.audit(actor, `update-${step.do}`, outcome.text);
    return outcome;
  }

  /** What became of an update happens while nobody looks: it is told as an event. */
  #tellUpdates(before: UpdateState | undefined): void {
    const { versions, problem } = this.#updates;
    if (problem !== null && before !== undefined && before.problem !== problem)
      this.audit(ASICD, "update-failed", problem);
    if (versions === null) return;
    const { state, current, reason, returned } = versions;
    if (before?.versions?.state === "trial" && state === "settled")
      this.audit(ASICD, "update-settled", `version ${current.version} stays: ${reason}`);
    if (returned?.isNew !== true || before?.versions?.returned?.isNew === true) return;
    this.audit(
      ASICD,
      "update-returned",
      `version ${returned.version} did not stay, and ${current.version} runs again: ${returned.reason}`,
    );
    void this.#ask({ ask: "update", step: { do: "told" }, actor: ASICD });
  }

  #configDesk(): ConfigDesk {
    const view = () => this.#configView;
    const ask = async (request: Request): Promise<ConfigResult> =>
      (await this.#ask(request)) as ConfigResult;
    const audited = async (actor: Actor, request: Request): Promise<ConfigResult> => {
      const result = await ask(request);
      if (result.is === "applied")
        this.audit(
          actor,
          "settings-changed",
          changesText(result.differences.map(({ path }) => path)),
        );
      return result;
    };
    return {
      sparse: (options) => (options?.secrets === true ? view().sparse : maskSecrets(view().sparse)),
      effective: () => maskSecrets(view().effective),
      get confirmByUnixSeconds() {
        return view().confirmByUnixSeconds;
      },
      get waitsForRestart() {
        return view().waitsForRestart;
      },
      preview: (changes: readonly ConfigChange[]) => ask({ ask: "config-preview", changes }),
      apply: (changes, actor) => audited(actor, { ask: "config-apply", changes, actor }),
      replace: (config, actor) => audited(actor, { ask: "config-replace", config, actor }),
      confirm: async (actor) => {
        const outcome = (await this.#ask({ ask: "config-confirm", actor })) as Outcome;
        this.audit(actor, "settings-confirmed", outcome.text);
        return outcome;
      },
      revert: (actor) => audited(actor, { ask: "config-revert", actor }),
    };
  }
}

const ASICD: Actor = { name: "asicd", scope: "admin" };

const NO_UPDATES: UpdateState = {
  possible: false,
  text: "This asicd was not started by its launcher, so it cannot replace itself",
  progress: "none",
  problem: null,
  versions: null,
  trial: null,
};

const nobody = {
  is: "refused",
  code: "unavailable",
  text: "asicd did not answer; nothing is known of what became of it",
} as const;

function personaOf({ persona }: CompatConfig, fitting: Persona): Persona {
  return persona === "auto" ? fitting : persona;
}

function changesText(paths: readonly string[]): string {
  return paths.length === 0 ? "nothing changed" : `changed ${paths.join(", ")}`;
}

function actionText(action: Action): string {
  switch (action.do) {
    case "restart-chain":
      return `restart-chain ${action.chain}`;
    case "switch-pool":
      return `switch-pool ${action.pool}`;
    case "identify":
      return `identify for ${action.seconds} s`;
    case "clear-trip":
      return action.chain === null ? "clear all trips" : `clear the trip of board ${action.chain}`;
    default:
      return action.do;
  }
}
