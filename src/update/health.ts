/**
 * Whether a version on trial is fit to stay: its guard is alive, its API answers, and each board hashes or has a reason not
 * to that is no fault of the version. What was so before the update is no fault of it either.
 */
import { boardState } from "../api/build-status.ts";
import type { GuardView } from "../api/operator-link.ts";
import type { BoardStatus } from "../api/status.ts";
import type { MachineSnapshot } from "../telemetry/machine-snapshot.ts";

/** Four bring-ups, the longest of which take 480 s with their ramp (src/hashing/chain-lifecycle.ts), rarely all come. */
export const HEALTHY_WITHIN_S = 600;
/** A version that falls over after half a minute is not fit. */
export const STEADY_S = 60;
/** It tells its state twice a second. */
const GUARD_SILENT_AFTER_S = 10;

export interface Observation {
  readonly guard: GuardView;
  readonly machine: MachineSnapshot | null;
  /** Why nobody knows which machine this is; absent: it is known. */
  readonly unnamed?: string;
  /** off: the operator wants no API. */
  readonly api: "answers" | "silent" | "off";
  /** Any pool is enabled in the settings. */
  readonly hasPools: boolean;
  /** Processes that died and were started again, all together. */
  readonly restarts: number;
}

/** As the version before left the machine; what cannot be known is missing. */
export interface BeforeUpdate {
  readonly refused: boolean;
  readonly hashing: readonly number[];
  readonly latched: readonly number[];
  /** No pool gave work. */
  readonly withoutPool: boolean;
  /** Versions before these two were kept have told neither. */
  readonly paused?: boolean;
  readonly hasPools?: boolean;
}

export interface Judgement {
  /** never: waiting changes nothing. */
  readonly is: "fit" | "not-yet" | "never";
  readonly reason: string;
}

export function judgeHealth(
  { guard, machine, unnamed, api, hasPools }: Observation,
  before: BeforeUpdate | null,
): Judgement {
  if (api === "silent") return notYet("the API does not answer");
  // A board behind USB may still be found; where nothing was driven before, the version can do no better.
  if (unnamed !== undefined)
    return before?.refused === true
      ? fits(`nothing is driven, as before: ${unnamed}`)
      : notYet(`nothing is driven: ${unnamed}`);
  if (guard.reason !== null)
    return before?.refused === true
      ? fits(`the guard does not drive this machine, as before: ${guard.reason}`)
      : { is: "never", reason: `the guard does not drive this machine: ${guard.reason}` };
  if (guard.state !== "running") return notYet(`the guard is ${guard.state}`);
  if (guard.lastWordAgoS === null || guard.lastWordAgoS > GUARD_SILENT_AFTER_S || machine === null)
    return notYet("the guard says nothing");
  if (machine.paused !== (before?.paused ?? machine.paused))
    return notYet(
      `it ${machine.paused ? "is paused now" : "was paused"}, which the update changed`,
    );
  if (machine.paused) return fits("the operator has paused it");
  if (!hasPools)
    return before?.hasPools === true ? notYet("the pools are gone") : fits("no pool is set");
  const miner = machine.minerProcess;
  const boards = machine.boards.map((board) => ({
    index: board.index,
    state: boardState(board, machine.miner?.chains[board.index]),
    reason: board.reason,
  }));
  const lost = before?.hashing.find((index) => boards.every((board) => board.index !== index));
  if (lost !== undefined) return notYet(`board ${lost} is no part of the machine any more`);
  const excuses = boards.map((board) => excuse(board, before));
  const missing = boards.filter((_, i) => excuses[i] === undefined);
  if (missing.length === 0) {
    const hashing = boards.filter(({ state }) => state === "hashing").length;
    return fits(
      hashing > 0
        ? `${hashing} of ${boards.length} boards hash`
        : `nothing hashes, for reasons of the machine: ${excuses[0] ?? "it has no boards"}`,
    );
  }
  if (miner.state !== "running")
    return notYet(`the miner is ${miner.state}: ${miner.reason ?? ""}`);
  const [first] = missing;
  return notYet(
    `board ${first?.index} is ${first?.state}${first?.reason ? `: ${first.reason}` : ""}`,
  );
}

/** Why this board speaks for the version, or at least not against it. */
function excuse(
  { index, state, reason }: Pick<BoardStatus, "index" | "state" | "reason">,
  before: BeforeUpdate | null,
): string | undefined {
  // A version that misreads presence, or makes boards too hot, finds a reason for each of them.
  const hashedBefore = before?.hashing.includes(index) === true;
  switch (state) {
    case "hashing":
      return "it hashes";
    case "absent":
      return hashedBefore ? undefined : `board ${index} is not plugged in`;
    case "resting":
      // The guard took its power, and will give it back: a board that hashed before has until then.
      return hashedBefore ? undefined : `board ${index} is protected: ${reason ?? "it rests"}`;
    case "latched":
      return before?.latched.includes(index) === true
        ? `board ${index} had latched before: ${reason ?? ""}`
        : undefined;
    case "idle":
      return before?.withoutPool === true ? "no pool gives work, as before" : undefined;
    case "faulted":
      return before !== null && !hashedBefore
        ? `board ${index} did not hash before either`
        : undefined;
    case "off":
    case "starting":
      return undefined;
    default:
      state satisfies never;
      return undefined;
  }
}

export type Verdict =
  | { readonly is: "waiting"; readonly reason: string }
  | { readonly is: "healthy"; readonly reason: string }
  | { readonly is: "unhealthy"; readonly reason: string };

/** Judgements over time: fit for a while without a restart is healthy, not fit in time is not. */
export class Trial {
  #before: BeforeUpdate | null;
  readonly #startedS: number;
  #fitSinceS: number | undefined;
  #restarts = 0;

  /** Times are monotonic, s. */
  constructor(before: BeforeUpdate | null, nowS: number) {
    this.#before = before;
    this.#startedS = nowS;
  }

  take(seen: Observation, nowS: number): Verdict {
    this.#learn(seen);
    const { is, reason } = judgeHealth(seen, this.#before);
    if (is === "never") return { is: "unhealthy", reason };
    const isSteady = is === "fit" && seen.restarts === this.#restarts;
    this.#restarts = seen.restarts;
    if (!isSteady) this.#fitSinceS = undefined;
    if (is === "fit") this.#fitSinceS ??= nowS;
    if (this.#fitSinceS !== undefined && nowS - this.#fitSinceS >= STEADY_S)
      return { is: "healthy", reason };
    if (nowS - this.#startedS < HEALTHY_WITHIN_S) return { is: "waiting", reason };
    const why = is === "fit" ? `it was not steady for ${STEADY_S} s` : reason;
    return { is: "unhealthy", reason: `not healthy within ${HEALTHY_WITHIN_S} s: ${why}` };
  }

  /** What was once as before the update and is so no more, the operator has changed: whoever pauses must not be undone. */
  #learn({ machine, hasPools }: Observation): void {
    if (this.#before === null || machine === null) return;
    const { paused, hasPools: hadPools, ...rest } = this.#before;
    this.#before = {
      ...rest,
      ...(paused === undefined || paused === machine.paused ? {} : { paused }),
      ...(hadPools === undefined || hadPools === hasPools ? {} : { hasPools: hadPools }),
    };
  }
}

function fits(reason: string): Judgement {
  return { is: "fit", reason };
}

function notYet(reason: string): Judgement {
  return { is: "not-yet", reason };
}
