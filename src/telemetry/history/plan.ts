/** How a range of time is answered: from which level, in which steps. */
import { ConfigError } from "../../lib/errors.ts";
import {
  type HistoryStore,
  MINUTE_S,
  MINUTES_KEPT,
  QUARTER_S,
  QUARTERS_ON_DISK,
} from "./history-store.ts";
import { type MeanRing, type StepMeans, WeightedMeans } from "./mean-ring.ts";

export interface RangeQuery {
  readonly fromUnixSeconds: number;
  readonly toUnixSeconds: number;
  readonly maxPoints: number;
}

export interface Plan {
  readonly level: "seconds" | "minutes" | "quarters";
  /** Of the answer: a multiple of the level's. */
  readonly stepS: number;
  /** First and last step of the answer, in units of `stepS`; the last before the first: nothing is asked for. */
  readonly fromStep: number;
  readonly toStep: number;
}

export interface RangeAnswer {
  readonly stepS: number;
  readonly unixSeconds: readonly number[];
  readonly series: Readonly<Record<string, readonly (number | null)[]>>;
}

const MAX_POINTS = 40_000;
const DAY_S = 86_400;
/** Steps that a person can read off an axis; each is a multiple of the level that has it. */
const STEPS_S = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600],
  ...[900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200],
  ...[1, 2, 4, 7, 14, 28, 100, 400].map((days) => days * DAY_S),
];

/** Throws ConfigError for what is no range. Asked for more than is ever kept, it answers what is kept. */
export function planAnswer(query: RangeQuery, store: HistoryStore, nowUnixSeconds: number): Plan {
  checkRange(query);
  const maxPoints = Math.min(query.maxPoints, MAX_POINTS);
  const from = Math.max(
    Math.floor(query.fromUnixSeconds),
    nowUnixSeconds - QUARTERS_ON_DISK * QUARTER_S,
  );
  const to = Math.min(Math.floor(query.toUnixSeconds), nowUnixSeconds);
  const level = levelFor(from, to, store, nowUnixSeconds);
  const levelStepS = level === "quarters" ? QUARTER_S : store[level].stepS;
  const stepS =
    STEPS_S.find(
      (candidate) => candidate >= levelStepS && Math.ceil((to - from) / candidate) <= maxPoints,
    ) ?? 400 * DAY_S;
  const toStep = Math.floor(to / stepS);
  // A range that does not begin with a step has one more of them: the oldest is left out, not the resolution lowered.
  const fromStep = Math.max(Math.floor(from / stepS), toStep - maxPoints + 1);
  return { level, stepS, fromStep, toStep };
}

/** The finest that reaches back as far as anything is known. */
function levelFor(
  from: number,
  to: number,
  { seconds, minutes }: HistoryStore,
  nowUnixSeconds: number,
): Plan["level"] {
  if (from < nowUnixSeconds - MINUTES_KEPT * MINUTE_S) return "quarters";
  if (from < nowUnixSeconds - seconds.capacity) return "minutes";
  const firstMinute = oldestS(minutes, from, to);
  const firstSecond = oldestS(seconds, from, to);
  if (firstSecond === undefined) return firstMinute === undefined ? "seconds" : "minutes";
  return firstMinute === undefined || firstSecond < firstMinute + MINUTE_S ? "seconds" : "minutes";
}

function oldestS(ring: MeanRing, from: number, to: number): number | undefined {
  const { stepS } = ring;
  const step = ring.oldestWithin(Math.floor(from / stepS), Math.floor(to / stepS));
  return step === undefined ? undefined : step * stepS;
}

/** Puts an answer together from steps that come in the order of their time. */
export class AnswerBuilder {
  readonly #plan: Plan;
  readonly #names: readonly string[];
  readonly #indexes: readonly number[];
  readonly #sum: WeightedMeans;
  readonly #unixSeconds: number[] = [];
  readonly #columns: (number | null)[][];
  #step: number;

  /** `names` of the series, and where each stands in a step's means. */
  constructor(plan: Plan, names: readonly string[], indexes: readonly number[], width: number) {
    this.#plan = plan;
    this.#names = names;
    this.#indexes = indexes;
    this.#sum = new WeightedMeans(width);
    this.#columns = names.map(() => []);
    this.#step = plan.fromStep;
  }

  add(means: StepMeans, startUnixSeconds: number): void {
    const step = Math.floor(startUnixSeconds / this.#plan.stepS);
    if (step < this.#step || step > this.#plan.toStep) return;
    while (this.#step < step) this.#end();
    this.#sum.add(means);
  }

  finish(): RangeAnswer {
    while (this.#step <= this.#plan.toStep) this.#end();
    return {
      stepS: this.#plan.stepS,
      unixSeconds: this.#unixSeconds,
      series: Object.fromEntries(this.#names.map((name, i) => [name, this.#columns[i] ?? []])),
    };
  }

  #end(): void {
    this.#unixSeconds.push(this.#step++ * this.#plan.stepS);
    for (const [i, index] of this.#indexes.entries()) this.#columns[i]?.push(this.#sum.mean(index));
    this.#sum.clear();
  }
}

function checkRange({ fromUnixSeconds, toUnixSeconds, maxPoints }: RangeQuery): void {
  const problems = [
    ...(Number.isFinite(fromUnixSeconds) ? [] : [{ path: "from", problem: "is no time" }]),
    ...(Number.isFinite(toUnixSeconds) ? [] : [{ path: "to", problem: "is no time" }]),
    ...(fromUnixSeconds > toUnixSeconds ? [{ path: "from", problem: "lies after to" }] : []),
    ...(Number.isInteger(maxPoints) && maxPoints >= 1
      ? []
      : [{ path: "maxPoints", problem: "is no number of points", allowed: "1 and more" }]),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
}
