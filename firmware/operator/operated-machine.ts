/**
 * The operator's side of the supervisor: keeps the operator process, tells it how the machine does, answers what it asks,
 * and takes changed settings into use.
 */
import { readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Answer, OperatorSetup, Request } from "../../src/api/operator-link.ts";
import type { LoadedConfig } from "../../src/config/load.ts";
import { poolGroups } from "../../src/config/pool-groups.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { SettingsDesk } from "../config-desk.ts";
import { machineSettings } from "../machine-settings.ts";
import { asUser } from "../service-user.ts";
import type { Supervisor } from "../supervisor.ts";
import { type Launched, launchedBy } from "../update/boot-file.ts";
import type { Updates } from "../update/supervised-updates.ts";
import { ActionDesk } from "./action-desk.ts";
import type { LastingFacts } from "./device-facts.ts";
import { OperatorKeeper } from "./operator-keeper.ts";
import { OPERATOR_FOLDER } from "./secrets-file.ts";
import { UPLOADED_UPDATE } from "./update-upload.ts";

const TELL_EVERY_MS = 1_000;
/** Whoever changed where the page is served still gets the answer from there. */
const ANSWERED_AFTER_MS = 500;

/** As much of a supervisor as operators need: what it tells, and what it takes. */
export type Driver = Pick<
  Supervisor,
  | "machine"
  | "restarts"
  | "guardView"
  | "changed"
  | "changeSettings"
  | "changePools"
  | "clear"
  | "restartChain"
  | "restartMiner"
  | "identify"
>;

export interface OperatedMachineParts {
  readonly supervisor: Driver;
  /** Why there is nothing that an action could reach; absent: there is. */
  readonly undriven?: string;
  readonly settings: SettingsDesk;
  readonly facts: LastingFacts;
  readonly surroundings: Omit<OperatorSetup, "facts" | "config">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onLogLine: (line: string) => void;
  readonly restart: (how: "restart" | "reboot") => void;
  readonly factoryConfig: () => unknown;
  /** Absent where asicd cannot be replaced, as in a simulation. */
  readonly updates?: { readonly configFile: string };
}

export class OperatedMachine {
  readonly #parts: OperatedMachineParts;
  readonly #keeper: OperatorKeeper;
  readonly #actions: ActionDesk;
  readonly #open: Disposable[] = [];
  #isStopped = false;
  #updates: Updates | undefined;
  #isToForget = false;
  #restarting: Disposable | undefined;

  constructor(parts: OperatedMachineParts) {
    const { supervisor, settings, facts, surroundings, clock, log, onLogLine } = parts;
    this.#parts = parts;
    const startedMs = clock.nowMs();
    this.#keeper = new OperatorKeeper({
      setup: () => ({
        ...surroundings,
        facts: { ...facts, upBeforeS: (clock.nowMs() - startedMs) / 1_000 },
        config: settings.view(),
        ...(this.#updates === undefined ? {} : { updates: this.#updates.desk.state }),
      }),
      clock,
      log,
      answer: (request) => this.#answer(request),
      onLogLine: (line) => {
        onLogLine(line);
        this.#keeper.tellLog(line);
      },
    });
    this.#actions = new ActionDesk({
      supervisor,
      ...(parts.undriven === undefined ? {} : { undriven: parts.undriven }),
      settings: {
        sparse: () => settings.view().sparse,
        apply: (changes, actor) => settings.apply(changes, actor),
        replace: (config, actor) => settings.replace(config, actor),
        reset: (config) => settings.reset(config),
        hold: (changes) => settings.hold(changes),
      },
      restart: parts.restart,
      forget: () => {
        this.#isToForget = true;
      },
      factoryConfig: parts.factoryConfig,
    });
  }

  get pid(): number | undefined {
    return this.#keeper.pid;
  }

  get listening(): readonly string[] {
    return this.#keeper.listening;
  }

  start(): void {
    const { supervisor, settings, clock } = this.#parts;
    const launched = this.#parts.updates === undefined ? undefined : launchedBy(process.env);
    if (launched === undefined) this.#keeper.start();
    // Later than its first words nobody could tell the operator process: it reads files before it listens.
    else void this.#startUpdates(launched).then(() => this.#isStopped || this.#keeper.start());
    const tell = () => this.#keeper.tellMachine(supervisor.machine ?? null, supervisor.guardView);
    this.#open.push(
      supervisor.changed.on(tell),
      // Also while the guard says nothing: that is what the operator has to see.
      clock.every(TELL_EVERY_MS, tell),
      settings.onChange((view) => this.#keeper.tellConfig(view)),
    );
  }

  /** Loaded only where there is a launcher: other machines pay nothing for it. */
  async #startUpdates(launched: Launched): Promise<void> {
    const { updates, surroundings, log } = this.#parts;
    try {
      const { startUpdates } = await import("../update/supervised-updates.ts");
      if (this.#isStopped) return;
      this.#updates = startUpdates({
        ...this.#parts,
        launched,
        configFile: updates?.configFile ?? "",
        uploadedFile: join(surroundings.stateDir, OPERATOR_FOLDER, UPLOADED_UPDATE),
        socket: join(surroundings.runtimeDir, "operator.sock"),
        restarts: () => this.#keeper.restarts,
        restart: () => this.#parts.restart("restart"),
      });
      this.#open.push(
        this.#updates,
        this.#updates.desk.changed.on((state) => this.#keeper.tellUpdates(state)),
      );
    } catch (error) {
      log.error({ err: error }, "updates are not possible");
    }
  }

  /** A line of the log of guard, miner or supervisor. */
  tellLog(line: string): void {
    this.#keeper.tellLog(line);
  }

  /** Changed settings come into force: to be called by the settings desk. */
  take(loaded: LoadedConfig, before: LoadedConfig): void {
    const { supervisor } = this.#parts;
    const settings = machineSettings(loaded);
    if (differs(settings, machineSettings(before))) supervisor.changeSettings(settings);
    const pools = poolGroups(loaded);
    if (differs(pools, poolGroups(before))) supervisor.changePools(pools);
    if (differs(operatorPart(loaded), operatorPart(before))) {
      // Of several changes in a row the last one counts.
      this.#restarting?.[Symbol.dispose]();
      this.#restarting = this.#parts.clock.after(
        ANSWERED_AFTER_MS,
        () => void this.#keeper.restart(),
      );
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const one of this.#open.splice(0)) one[Symbol.dispose]();
    this.#restarting?.[Symbol.dispose]();
    await this.#keeper.stop();
    // Not before: it writes what it knows when it ends.
    if (!this.#isToForget) return;
    await forget(this.#parts.surroundings).catch((error: unknown) =>
      this.#parts.log.error({ err: error }, "history and passwords could not be removed"),
    );
  }

  async #answer(request: Request): Promise<Answer> {
    const { settings } = this.#parts;
    switch (request.ask) {
      case "act":
        return this.#actions.act(request.action, request.actor);
      case "config-preview":
        return settings.preview(request.changes);
      case "config-apply":
        return settings.apply(request.changes, request.actor);
      case "config-replace":
        return settings.replace(request.config, request.actor);
      case "config-confirm":
        return settings.confirm(request.actor);
      case "config-revert":
        return settings.revert(request.actor);
      case "update":
        return (
          this.#updates?.desk.take(request.step) ?? {
            is: "refused",
            code: "no-slots",
            text: "this asicd was not started by its launcher, so it cannot replace itself",
          }
        );
      default:
        request satisfies never;
        return { is: "refused", code: "unknown-request", text: "there is no such request" };
    }
  }
}

/** As the account that owns it: links that somebody planted there lead nowhere that this account may not go. */
async function forget({ stateDir, dropTo }: OperatedMachineParts["surroundings"]): Promise<void> {
  const folder = join(stateDir, OPERATOR_FOLDER);
  const empty = async () => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  };
  try {
    await (dropTo === undefined ? empty() : asUser(dropTo, empty));
    rmdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** What the operator process opens its ports and connections by; the rest it is told as it changes. */
function operatorPart({ name, api, compat, metrics, mdns, mqtt, webhook }: LoadedConfig): unknown {
  const { publicRead: _, sessionHours: __, ...listening } = api;
  return { name, listening, compat, metrics, mdns, mqtt, webhook };
}

function differs(one: unknown, other: unknown): boolean {
  return text(one) !== text(other);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part instanceof Uint8Array ? [...part] : part,
  );
}
