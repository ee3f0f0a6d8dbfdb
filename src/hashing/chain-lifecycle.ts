/**
 * The life of one chain as a pure function: what it is at, what happens, what follows. Power is the guard's to give; a chain
 * that fails is tried again with pauses, and gives power back in between, so that every attempt begins with a reset.
 */
import type { UntimedEvent } from "../telemetry/event.ts";

export interface ChainLifecycleRules {
  /** Bring-ups in a row before the chain is given up. */
  readonly attempts: number;
  /** From this attempt on fewer chips are accepted, where the board allows it. */
  readonly acceptFewerFrom: number;
  /** Between attempts. Long enough for the guard to take the power back. */
  readonly retryAfterMs: number;
  /** Of chains that hashed and then went silent or away, within an hour. */
  readonly restartsPerHour: number;
  /** Before the first, second, … of those restarts; the last holds on. */
  readonly restartPausesMs: readonly number[];
  /** After this long a chain that was given up is tried again; absent: never by itself. */
  readonly faultedForMs?: number;
  readonly deadlinesMs: Readonly<Record<"enumerating" | "configuring" | "ramping", number>>;
}

/** A chain whose power nobody here switches gets one attempt: without a reset a second one would be no different. */
export const alwaysOnRules: ChainLifecycleRules = {
  attempts: 1,
  acceptFewerFrom: 1,
  retryAfterMs: 0,
  restartsPerHour: 0,
  restartPausesMs: [],
  deadlinesMs: { enumerating: 60_000, configuring: 180_000, ramping: 180_000 },
};

/**
 * The numbers are ours, smaller than bosminer's ten tries in 100 s: fewer chips are a failure in the first half of the
 * tries and accepted later, as there.
 */
export const guardedChainRules: ChainLifecycleRules = {
  attempts: 4,
  acceptFewerFrom: 3,
  retryAfterMs: 5_000,
  restartsPerHour: 5,
  restartPausesMs: [2_000, 10_000, 30_000, 60_000],
  faultedForMs: 3_600_000,
  // BM1368 chains are configured for 54 s: half a second for each of 108 chips.
  deadlinesMs: { enumerating: 60_000, configuring: 180_000, ramping: 180_000 },
};

const HOUR_MS = 3_600_000;

type BringUpPhase = keyof ChainLifecycleRules["deadlinesMs"];

interface History {
  /** Of the present row of attempts, from 1. */
  readonly attempt: number;
  /** Restarts of the last hour. */
  readonly restartsMs: readonly number[];
  /** No later attempt goes above what the chain failed at. */
  readonly maxMHz: number | undefined;
}

export type ChainState = History &
  (
    | { readonly at: "off"; readonly reason: string }
    /** Waits for the guard, for as long as that takes: its reasons are its own. */
    | { readonly at: "powering"; readonly sinceMs: number }
    | { readonly at: BringUpPhase; readonly sinceMs: number }
    | { readonly at: "hashing"; readonly sinceMs: number; readonly chipsFound: number }
    | { readonly at: "resting"; readonly untilMs: number; readonly reason: string }
    | { readonly at: "faulted"; readonly sinceMs: number; readonly reason: string }
  );

export type ChainEvent =
  | { readonly on: "wanted" }
  | { readonly on: "unwanted"; readonly reason: string }
  /** An operator does not want to wait for the next attempt, or for one at all. */
  | { readonly on: "retried" }
  | { readonly on: "granted"; readonly grant: number }
  | { readonly on: "revoked"; readonly reason: string }
  /** What bring-up is at, as the driver calls it. */
  | { readonly on: "phase"; readonly phase: string }
  | { readonly on: "up"; readonly chipsFound: number }
  | { readonly on: "failed"; readonly code: string; readonly reason: string }
  | { readonly on: "gone"; readonly reason: string }
  | { readonly on: "tick"; readonly silentForMs: number; readonly silentAfterMs: number };

export type ChainEffect =
  | { readonly do: "bring-up"; readonly acceptFewerChips: boolean }
  | { readonly do: "abort-bring-up" }
  | { readonly do: "close" };

/** What the chain is, beside its state. */
export interface ChainFacts {
  readonly chipsExpected: number;
  readonly mayRunWithFewerChips: boolean;
  readonly frequencyMHz: number;
}

export interface ChainStep {
  readonly state: ChainState;
  readonly effects: readonly ChainEffect[];
  /** `where` is the caller's to fill in. */
  readonly events: readonly Omit<UntimedEvent, "where">[];
}

export const initialChainState: ChainState = {
  at: "off",
  reason: "not started",
  attempt: 1,
  restartsMs: [],
  maxMHz: undefined,
};

/** Whether the chain has a use for power in this state. */
export function wantsPower({ at }: ChainState): boolean {
  return at === "powering" || at === "hashing" || isBringUp(at);
}

export function stepChain(
  state: ChainState,
  event: ChainEvent,
  nowMs: number,
  rules: ChainLifecycleRules,
  facts: ChainFacts,
): ChainStep {
  switch (event.on) {
    case "wanted":
      if (state.at !== "off" && state.at !== "faulted") return stay(state);
      // Who asks for a chain that was given up gives it its restarts back.
      return go(powering({ ...state, restartsMs: [] }, nowMs, 1));
    case "unwanted":
      return go({ ...historyOf(state), at: "off", reason: event.reason }, stopping(state));
    case "retried":
      if (state.at !== "resting" && state.at !== "faulted") return stay(state);
      return go(powering({ ...state, restartsMs: [] }, nowMs, 1));
    case "granted":
      if (state.at !== "powering") return stay(state);
      return go({ ...historyOf(state), at: "enumerating", sinceMs: nowMs }, [
        {
          do: "bring-up",
          acceptFewerChips: facts.mayRunWithFewerChips && state.attempt >= rules.acceptFewerFrom,
        },
      ]);
    case "revoked":
      // The guard's decision is no failure of the chain: it waits for the next grant.
      if (!isBringUp(state.at) && state.at !== "hashing") return stay(state);
      return go(powering(state, nowMs, state.attempt), stopping(state));
    case "phase":
      return phase(state, event.phase, nowMs);
    case "up":
      return up(state, event.chipsFound, nowMs, facts);
    case "failed":
      return isBringUp(state.at) ? failed(state, event.reason, nowMs, rules) : stay(state);
    case "gone":
      if (isBringUp(state.at)) return failed(state, event.reason, nowMs, rules);
      if (state.at !== "hashing") return stay(state);
      return restart(state, "chain-gone", event.reason, null, null, nowMs, rules, facts);
    case "tick":
      return tick(state, event, nowMs, rules, facts);
    default:
      return event satisfies never;
  }
}

function tick(
  state: ChainState,
  { silentForMs, silentAfterMs }: ChainEvent & { on: "tick" },
  nowMs: number,
  rules: ChainLifecycleRules,
  facts: ChainFacts,
): ChainStep {
  switch (state.at) {
    case "enumerating":
    case "configuring":
    case "ramping": {
      const allowedMs = rules.deadlinesMs[state.at];
      if (nowMs - state.sinceMs < allowedMs) return stay(state);
      return failed(state, `${state.at} took longer than ${allowedMs / 1_000} s`, nowMs, rules);
    }
    case "hashing": {
      // Without a reset to come a restart is the end of the chain: a silent one may still find its voice.
      if (silentForMs >= silentAfterMs && rules.restartsPerHour > 0) {
        const seconds = (silentForMs / 1_000).toFixed(0);
        const reason = `no valid nonce for ${seconds} s while work is dispatched`;
        const limitS = silentAfterMs / 1_000;
        const measuredS = silentForMs / 1_000;
        return restart(state, "silent-chain", reason, measuredS, limitS, nowMs, rules, facts);
      }
      // An hour without trouble: what was held against it is forgotten.
      if (nowMs - state.sinceMs < HOUR_MS || isSpotless(state)) return stay(state);
      return go({ ...state, attempt: 1, restartsMs: [], maxMHz: undefined });
    }
    case "resting":
      return nowMs < state.untilMs ? stay(state) : go(powering(state, nowMs, state.attempt));
    case "faulted": {
      const { faultedForMs } = rules;
      if (faultedForMs === undefined || nowMs - state.sinceMs < faultedForMs) return stay(state);
      return go(powering({ ...state, restartsMs: [] }, nowMs, 1));
    }
    default:
      return stay(state);
  }
}

function phase(state: ChainState, name: string, nowMs: number): ChainStep {
  const at = phaseOfStep[name];
  if (at === undefined || !isBringUp(state.at) || state.at === at) return stay(state);
  return go({ ...historyOf(state), at, sinceMs: nowMs });
}

/** The driver's words for what it does, by what they mean here. */
const phaseOfStep: Readonly<Record<string, BringUpPhase>> = {
  probing: "enumerating",
  addressing: "enumerating",
  configuring: "configuring",
  "switching-baud": "configuring",
  ramping: "ramping",
  starting: "configuring",
};

function up(
  state: ChainState,
  chipsFound: number,
  nowMs: number,
  { chipsExpected }: ChainFacts,
): ChainStep {
  if (!isBringUp(state.at)) return stay(state);
  const hashing: ChainState = { ...historyOf(state), at: "hashing", sinceMs: nowMs, chipsFound };
  if (chipsFound >= chipsExpected) return go(hashing);
  return go(
    hashing,
    [],
    [
      {
        what: "fewer-chips",
        rule: "chips-missing",
        measured: chipsFound,
        limit: chipsExpected,
        action: "hash with those that answer",
        reason: `${chipsFound} of ${chipsExpected} chips answered after ${state.attempt} attempts`,
      },
    ],
  );
}

function failed(
  state: ChainState,
  reason: string,
  nowMs: number,
  rules: ChainLifecycleRules,
): ChainStep {
  const isLast = state.attempt >= rules.attempts;
  const next: ChainState = isLast
    ? { ...historyOf(state), at: "faulted", sinceMs: nowMs, reason }
    : {
        ...historyOf(state),
        attempt: state.attempt + 1,
        at: "resting",
        untilMs: nowMs + rules.retryAfterMs,
        reason,
      };
  return go(next, stopping(state), [
    {
      what: isLast ? "chain-faulted" : "chain-retry",
      rule: "bring-up-failed",
      measured: state.attempt,
      limit: rules.attempts,
      action: isLast ? "give the chain up" : `try again in ${rules.retryAfterMs / 1_000} s`,
      reason,
    },
  ]);
}

/** A chain that hashed: with growing pauses, and never at more than it failed at. */
function restart(
  state: ChainState,
  rule: string,
  reason: string,
  measured: number | null,
  limit: number | null,
  nowMs: number,
  rules: ChainLifecycleRules,
  { frequencyMHz }: ChainFacts,
): ChainStep {
  const restartsMs = state.restartsMs.filter((atMs) => nowMs - atMs < HOUR_MS);
  const isSpent = restartsMs.length >= rules.restartsPerHour;
  const pauses = rules.restartPausesMs;
  const pauseMs = pauses[Math.min(restartsMs.length, pauses.length - 1)] ?? 0;
  const history: History = {
    attempt: 1,
    restartsMs: [...restartsMs, nowMs],
    maxMHz: frequencyMHz > 0 ? Math.min(frequencyMHz, state.maxMHz ?? frequencyMHz) : state.maxMHz,
  };
  const next: ChainState = isSpent
    ? { ...history, at: "faulted", sinceMs: nowMs, reason }
    : { ...history, at: "resting", untilMs: nowMs + pauseMs, reason };
  return go(next, stopping(state), [
    {
      what: isSpent ? "chain-faulted" : "chain-restart",
      rule,
      measured,
      limit,
      action: isSpent
        ? `give the chain up after ${restartsMs.length} restarts within an hour`
        : `power off, again in ${pauseMs / 1_000} s`,
      reason,
    },
  ]);
}

function powering(state: ChainState, nowMs: number, attempt: number): ChainState {
  return { ...historyOf(state), attempt, at: "powering", sinceMs: nowMs };
}

/** What has to end when this state is left. */
function stopping({ at }: ChainState): readonly ChainEffect[] {
  if (isBringUp(at)) return [{ do: "abort-bring-up" }];
  return at === "hashing" ? [{ do: "close" }] : [];
}

function isBringUp(at: ChainState["at"]): at is BringUpPhase {
  return at === "enumerating" || at === "configuring" || at === "ramping";
}

function isSpotless({ attempt, restartsMs, maxMHz }: ChainState): boolean {
  return attempt === 1 && restartsMs.length === 0 && maxMHz === undefined;
}

function historyOf({ attempt, restartsMs, maxMHz }: ChainState): History {
  return { attempt, restartsMs, maxMHz };
}

function stay(state: ChainState): ChainStep {
  return { state, effects: [], events: [] };
}

function go(
  state: ChainState,
  effects: readonly ChainEffect[] = [],
  events: ChainStep["events"] = [],
): ChainStep {
  return { state, effects, events };
}
