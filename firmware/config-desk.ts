/**
 * Where settings are changed: checked before anything is saved, saved before anything is taken into use. A change that could
 * cut the operator off is in force at once and on trial: unless somebody confirms it, everything goes back.
 */
import type { Actor, ConfigChange, ConfigResult, Outcome } from "../src/api/device.ts";
import type { ConfigView } from "../src/api/operator-link.ts";
import { differences, mustBeConfirmed } from "../src/config/differences.ts";
import { type ConfigurableChip, type LoadedConfig, loadConfig } from "../src/config/load.ts";
import { ConfigError } from "../src/lib/errors.ts";
import { Signal } from "../src/lib/signal.ts";
import type { Clock } from "../src/ports/clock.ts";
import {
  type Candidate,
  changedCandidate,
  keptCandidate,
  replacedCandidate,
} from "./config-candidate.ts";
import type { ConfigStore } from "./config-store.ts";

/** Time enough to open the page at its new address. */
const CONFIRM_WITHIN_S = 60;
/** Whoever sends more at once is no person. */
const MAX_WAITING = 32;

export interface SettingsDeskParts {
  readonly store: ConfigStore;
  readonly clock: Clock;
  readonly chips: readonly ConfigurableChip[];
  /** Takes a configuration into use; it is saved already. */
  readonly apply: (loaded: LoadedConfig, before: LoadedConfig) => void;
  /** What only this machine knows, e.g. its limits. Throws ConfigError with every problem. */
  readonly check?: (loaded: LoadedConfig) => void;
  /** Pools are given later, on the page. */
  readonly mayLackPools?: boolean;
}

export class SettingsDesk implements Disposable {
  readonly #parts: SettingsDeskParts;
  readonly #changed = new Signal<ConfigView>();
  /** As asicd was started with. */
  readonly #atStart: LoadedConfig;
  /** In the file. */
  #saved: Candidate;
  /** In force, although no disk takes it. */
  #held: Candidate | undefined;
  #isReset = false;
  #trial: { readonly candidate: Candidate; readonly confirmByUnixSeconds: number } | undefined;
  #timer: Disposable | undefined;
  /** Before the last change, for a revert. */
  #previous: string | null;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Throws ConfigError when the stored configuration cannot be used. */
  constructor(parts: SettingsDeskParts) {
    const { store, clock } = parts;
    this.#parts = parts;
    this.#saved = keptCandidate(store.text, this.#load);
    this.#previous = store.kept.previous;
    const { staged } = store.kept;
    const leftS = (staged?.confirmByUnixSeconds ?? 0) - clock.unixSeconds();
    // A clock that was set back gives nobody more time than there ever is.
    if (staged !== null && leftS > 0)
      this.#try(keptCandidate(staged.text, this.#load), Math.min(leftS, CONFIRM_WITHIN_S));
    this.#atStart = this.loaded;
  }

  /** In force when asicd was started. */
  get started(): LoadedConfig {
    return this.#atStart;
  }

  /** In force now. */
  get loaded(): LoadedConfig {
    return this.#inForce.loaded;
  }

  view(): ConfigView {
    const { sparse, loaded } = this.#inForce;
    return {
      sparse,
      effective: effective(loaded),
      confirmByUnixSeconds: this.#trial?.confirmByUnixSeconds ?? null,
      waitsForRestart: differences(this.#atStart, loaded)
        .filter(({ restart }) => restart === "program")
        .map(({ path }) => path),
    };
  }

  onChange(listener: (view: ConfigView) => void): Disposable {
    return this.#changed.on(listener);
  }

  /** What would come of it; a time to confirm by means that it would have to be. */
  preview(changes: readonly ConfigChange[]): Promise<ConfigResult> {
    return this.#judged(async () => {
      const before = this.#inForce;
      const candidate = changedCandidate(before, changes, this.#load);
      const isRisky = mustBeConfirmed(before.loaded, candidate.loaded);
      return this.#applied(before, candidate, isRisky ? this.#deadline() : null);
    });
  }

  /** A change to `undefined` or null gives the node back to its default. */
  apply(changes: readonly ConfigChange[], _actor?: Actor): Promise<ConfigResult> {
    return this.#judged(async () => {
      const before = this.#inForce;
      const candidate = changedCandidate(before, changes, this.#load);
      if (this.#trial === undefined || mustBeConfirmed(before.loaded, candidate.loaded))
        return this.#take(candidate);
      // What is no part of the trial stays, however the trial ends.
      const saved = changedCandidate(this.#saved, changes, this.#load);
      const refused = await this.#save(saved);
      if (refused !== undefined) return refused;
      this.#trial = { ...this.#trial, candidate };
      await this.#keep().catch(() => {});
      return this.#use(before);
    });
  }

  /** As `apply`, and kept nowhere: for what must happen although no disk takes it. The next change that is saved has it. */
  hold(changes: readonly ConfigChange[]): Promise<ConfigResult> {
    return this.#judged(async () => {
      const before = this.#inForce;
      const candidate = changedCandidate(before, changes, this.#load);
      if (this.#trial === undefined) this.#held = candidate;
      else this.#trial = { ...this.#trial, candidate };
      return this.#use(before);
    });
  }

  /** With a whole sparse configuration; what it does not mention gets its default. */
  replace(config: unknown, _actor?: Actor): Promise<ConfigResult> {
    return this.#judged(async () =>
      this.#trial === undefined
        ? this.#take(replacedCandidate(this.#inForce, config, this.#load))
        : waitsForConfirmation,
    );
  }

  confirm(_actor?: Actor): Promise<Outcome> {
    return this.#inTurn(async () => {
      const trial = this.#trial;
      if (trial === undefined)
        return { is: "refused", code: "nothing-to-confirm", text: "no change waits for it" };
      const previous = this.#saved.text;
      const refused = await this.#save(trial.candidate);
      if (refused !== undefined) return refused;
      this.#previous = previous;
      this.#endTrial();
      await this.#keep().catch(() => {});
      this.#changed.emit(this.view());
      return { is: "done", text: "the change stays" };
    });
  }

  /** Ends a trial; without one, back to what was in force before the last change, and with another revert forth again. */
  revert(_actor?: Actor): Promise<ConfigResult> {
    return this.#judged(async () => {
      if (this.#trial !== undefined) return this.#endTrialBack();
      if (this.#previous === null)
        return { is: "refused", code: "nothing-to-revert", text: "there is no earlier change" };
      return this.#take(keptCandidate(this.#previous, this.#load));
    });
  }

  /** As a machine that nobody has set up: at once, without trial and without a way back. The desk is closed then. */
  reset(config: unknown): Promise<ConfigResult> {
    return this.#judged(async () => {
      const before = this.#inForce;
      const candidate = replacedCandidate(before, config, this.#load, { isNewFile: true });
      try {
        await this.#parts.store.reset(candidate.text);
      } catch (error) {
        return notSaved(error);
      }
      this.#saved = candidate;
      this.#held = undefined;
      this.#previous = null;
      this.#isReset = true;
      this.#endTrial();
      return this.#use(before);
    });
  }

  /** A trial goes on where the next desk over this store begins. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  /** Saved and in force, or on trial. */
  async #take(candidate: Candidate): Promise<ConfigResult> {
    const before = this.#inForce;
    if (mustBeConfirmed(this.#saved.loaded, candidate.loaded)) {
      const earlier = this.#trial;
      this.#try(candidate, CONFIRM_WITHIN_S);
      try {
        await this.#keep();
      } catch (error) {
        this.#endTrial();
        if (earlier !== undefined)
          this.#try(
            earlier.candidate,
            earlier.confirmByUnixSeconds - this.#parts.clock.unixSeconds(),
          );
        return notSaved(error);
      }
      return this.#use(before);
    }
    const previous = this.#saved.text;
    if (candidate.text !== previous) {
      const refused = await this.#save(candidate);
      if (refused !== undefined) return refused;
      this.#previous = previous;
    }
    this.#endTrial();
    // Without it a revert is not possible after a restart, and nothing else is lost.
    await this.#keep().catch(() => {});
    return this.#use(before);
  }

  async #save(candidate: Candidate): Promise<Refused | undefined> {
    try {
      await this.#parts.store.save(candidate.text);
    } catch (error) {
      return notSaved(error);
    }
    this.#saved = candidate;
    this.#held = undefined;
    return undefined;
  }

  #keep(): Promise<void> {
    const trial = this.#trial;
    return this.#parts.store.keep({
      previous: this.#previous,
      staged:
        trial === undefined
          ? null
          : { text: trial.candidate.text, confirmByUnixSeconds: trial.confirmByUnixSeconds },
    });
  }

  #use(before: Candidate): ConfigResult {
    const now = this.#inForce;
    this.#parts.apply(now.loaded, before.loaded);
    this.#changed.emit(this.view());
    return this.#applied(before, now, this.#trial?.confirmByUnixSeconds ?? null);
  }

  #applied(before: Candidate, after: Candidate, confirmByUnixSeconds: number | null): ConfigResult {
    return {
      is: "applied",
      differences: differences(before.loaded, after.loaded),
      confirmByUnixSeconds,
    };
  }

  #try(candidate: Candidate, withinS: number): void {
    this.#timer?.[Symbol.dispose]();
    const { clock } = this.#parts;
    this.#trial = { candidate, confirmByUnixSeconds: clock.unixSeconds() + withinS };
    this.#timer = clock.after(withinS * 1_000, () => {
      const trial = this.#trial;
      // A confirmation that is being saved in this moment has come in time.
      void this.#queued(async () => {
        if (trial?.confirmByUnixSeconds === this.#trial?.confirmByUnixSeconds)
          await this.#endTrialBack();
      });
    });
  }

  async #endTrialBack(): Promise<ConfigResult> {
    const before = this.#inForce;
    this.#endTrial();
    // On disk the time is over by itself.
    await this.#keep().catch(() => {});
    return this.#use(before);
  }

  #endTrial(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#trial = undefined;
  }

  get #inForce(): Candidate {
    return this.#trial?.candidate ?? this.#held ?? this.#saved;
  }

  #deadline(): number {
    return this.#parts.clock.unixSeconds() + CONFIRM_WITHIN_S;
  }

  readonly #load = (value: unknown): LoadedConfig => {
    const { chips, check, mayLackPools = false } = this.#parts;
    const loaded = loadConfig(value, chips, { mayLackPools });
    check?.(loaded);
    return loaded;
  };

  /** Wrong input is an answer. */
  async #judged(act: () => Promise<ConfigResult>): Promise<ConfigResult> {
    try {
      return await this.#inTurn(act);
    } catch (error) {
      if (error instanceof ConfigError) return { is: "invalid", problems: error.problems };
      throw error;
    }
  }

  /** One at a time, in the order in which they came. */
  async #inTurn<T>(act: () => Promise<T>): Promise<T | Refused> {
    if (this.#waiting >= MAX_WAITING) return tooMany;
    // What comes after a reset is meant for a machine that is no more, or for one that is somebody else's.
    return this.#queued<T | Refused>(async () => (this.#isReset ? isReset : act()));
  }

  async #queued<T>(act: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const mine = this.#last.then(act);
    this.#last = mine.catch(() => {});
    try {
      return await mine;
    } finally {
      this.#waiting--;
    }
  }
}

type Refused = Extract<ConfigResult, { readonly is: "refused" }>;

const waitsForConfirmation: Refused = {
  is: "refused",
  code: "unconfirmed",
  text: "an earlier change waits to be confirmed or reverted",
};

const isReset: Refused = {
  is: "refused",
  code: "restarting",
  text: "the settings were reset; asicd starts again",
};

const tooMany: Refused = {
  is: "refused",
  code: "busy",
  text: `${MAX_WAITING} changes wait already`,
};

function notSaved(error: unknown): Refused {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    is: "refused",
    code: "not-saved",
    text: `the configuration could not be saved (${reason}); nothing has changed`,
  };
}

/** As the schema has it: no list of chains where a machine brings its own. */
function effective(loaded: LoadedConfig): unknown {
  const { chains, ...rest } = loaded;
  return chains.length === 0 ? rest : loaded;
}
