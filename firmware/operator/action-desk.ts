/** What an operator may ask for, turned into messages for the guard and changes of settings; each request gets its outcome. */
import type { Action, Actor, ConfigChange, ConfigResult, Outcome } from "../../src/api/device.ts";
import { movedFirst } from "../../src/config/pool-order.ts";
import { describeProblem } from "../../src/lib/errors.ts";
import type { Supervisor } from "../supervisor.ts";

/** Longer than anybody looks for a machine. */
const MAX_IDENTIFY_S = 600;

export interface ActionDeskParts {
  readonly supervisor: Pick<
    Supervisor,
    "machine" | "clear" | "restartChain" | "restartMiner" | "identify"
  >;
  /** Why there is nothing that could be reached; absent: there is. */
  readonly undriven?: string;
  readonly settings: {
    sparse(): unknown;
    apply(changes: readonly ConfigChange[], actor: Actor): Promise<ConfigResult>;
    replace(config: unknown, actor: Actor): Promise<ConfigResult>;
    /** In force, and kept nowhere. */
    hold(changes: readonly ConfigChange[]): Promise<ConfigResult>;
    /** As `replace`, and nothing is left of what stood anywhere before. */
    reset(config: unknown): Promise<ConfigResult>;
  };
  /** Ends everything in order, then begins anew; "reboot" the operating system where it can. */
  restart(how: "restart" | "reboot"): void;
  /** History, events, passwords and tokens are to be gone when the operator process has ended. */
  forget(): void;
  /** What is left when everything that an operator has set is gone. */
  factoryConfig(): unknown;
}

export class ActionDesk {
  readonly #parts: ActionDeskParts;

  constructor(parts: ActionDeskParts) {
    this.#parts = parts;
  }

  act(action: Action, actor: Actor): Promise<Outcome> | Outcome {
    const { supervisor, undriven } = this.#parts;
    if (undriven !== undefined && needHardware.has(action.do))
      return refused("not-driven", `nothing is driven: ${undriven}`);
    switch (action.do) {
      case "pause":
        return this.#pause(true, actor);
      case "resume":
        return this.#pause(false, actor);
      case "restart-chain":
        return this.#restartChain(action.chain, actor);
      case "restart-miner":
        supervisor.restartMiner(`${actor.name} asked for it`);
        return accepted("the miner is started again");
      case "restart":
        this.#parts.restart("restart");
        return accepted("asicd ends in order and starts again");
      case "reboot":
        this.#parts.restart("reboot");
        return accepted("asicd ends in order, then the system starts again");
      case "identify":
        return this.#identify(action.seconds);
      case "switch-pool":
        return this.#switchPool(action.pool, actor);
      case "clear-trip":
        return this.#clear(action.chain, action.reason);
      case "factory-reset":
        return this.#factoryReset();
      default:
        action satisfies never;
        return refused("unknown-action", "there is no such action");
    }
  }

  async #pause(paused: boolean, actor: Actor): Promise<Outcome> {
    const { settings } = this.#parts;
    const changes = [{ path: "paused", value: paused }];
    const text = this.#pauseText(paused);
    const result = await settings.apply(changes, actor);
    if (result.is !== "refused" || result.code !== "not-saved") return outcomeOf(result, text);
    // A machine that should stop stops, whatever its disk says.
    const held = await settings.hold(changes);
    return outcomeOf(held, `${text}; not kept over a restart, as ${result.text}`);
  }

  #pauseText(paused: boolean): string {
    if (this.#parts.undriven !== undefined)
      return paused ? "it will not hash once it is driven" : "it may hash once it is driven";
    return paused ? "paused; boards lose their power in order" : "mining again";
  }

  #restartChain(chain: number, actor: Actor): Outcome {
    const { supervisor } = this.#parts;
    const boards = supervisor.machine?.boards.length ?? 0;
    if (!(Number.isInteger(chain) && chain >= 0 && chain < boards)) return noBoard(chain, boards);
    supervisor.restartChain(chain, `${actor.name} asked for it`);
    return accepted(`board ${chain} is switched off, reset and started again`);
  }

  #identify(seconds: number): Outcome {
    if (!(seconds >= 0 && seconds <= MAX_IDENTIFY_S))
      return refused("out-of-range", `seconds: ${seconds}; allowed: 0 to ${MAX_IDENTIFY_S}`);
    this.#parts.supervisor.identify(seconds);
    return done(seconds === 0 ? "the lamp no longer blinks" : `the lamp blinks for ${seconds} s`);
  }

  async #switchPool(pool: number, actor: Actor): Promise<Outcome> {
    const { settings } = this.#parts;
    const moved = movedFirst(settings.sparse(), pool);
    if (typeof moved === "string") return refused("no-such-pool", moved);
    return outcomeOf(
      await settings.replace(moved, actor),
      `pool ${pool} is the first of its group`,
    );
  }

  #clear(chain: number | null, reason: string | undefined): Outcome {
    const { supervisor } = this.#parts;
    const boards = supervisor.machine?.boards ?? [];
    if (chain !== null && boards[chain] === undefined) return noBoard(chain, boards.length);
    const latched = boards.filter(
      ({ index, state }) => state === "latched" && (chain === null || chain === index),
    );
    if (latched.length === 0) return refused("nothing-latched", "no board waits to be cleared");
    if (reason === undefined)
      return refused("reason-needed", "reason: the one that is shown must be named");
    // Who clears has read why; meanwhile it may have tripped for something else.
    const other = latched.find((board) => (board.reason ?? "") !== reason);
    if (other !== undefined)
      return refused("reason-changed", `board ${other.index} is off because: ${other.reason}`);
    supervisor.clear(chain);
    return accepted(`board ${latched.map(({ index }) => index).join(", ")} may have power again`);
  }

  async #factoryReset(): Promise<Outcome> {
    const { settings, factoryConfig } = this.#parts;
    const result = await settings.reset(factoryConfig());
    if (result.is === "applied") {
      this.#parts.forget();
      this.#parts.restart("restart");
    }
    return outcomeOf(result, "settings are as on the first day; asicd starts again");
  }
}

/** The others change settings, or start asicd again. */
const needHardware: ReadonlySet<Action["do"]> = new Set([
  "restart-chain",
  "restart-miner",
  "identify",
  "clear-trip",
]);

function noBoard(chain: number, boards: number): Outcome {
  return refused("no-such-board", `there is no board ${chain}; allowed: 0 to ${boards - 1}`);
}

function outcomeOf(result: ConfigResult, text: string): Outcome {
  if (result.is === "applied") return done(text);
  if (result.is === "refused") return result;
  return refused("invalid", result.problems.map(describeProblem).join("; "));
}

function done(text: string): Outcome {
  return { is: "done", text };
}

function accepted(text: string): Outcome {
  return { is: "accepted", text };
}

function refused(code: string, text: string): Outcome {
  return { is: "refused", code, text };
}
