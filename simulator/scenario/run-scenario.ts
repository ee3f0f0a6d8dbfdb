/** Plays one scenario from its first step to its last assertion, and says how it went. */
import { describeProblem } from "../../src/lib/errors.ts";
import { alwaysChecked, facts, MESSAGES, messagesOf } from "./facts.ts";
import { Interrupted, PlacedFailure } from "./failures.ts";
import { mismatch } from "./matchers.ts";
import { readNumber } from "./numbers.ts";
import type { AssertedFact, Scenario } from "./scenario.ts";
import { ValueProblem } from "./scope.ts";
import { shown } from "./shown.ts";
import { type ScenarioPorts, Stage } from "./stage.ts";

export interface ScenarioResult {
  readonly id: string;
  readonly name: string;
  readonly proves: readonly string[];
  readonly verdict: "passed" | "failed" | "interrupted";
  /** With file and line; empty when passed. */
  readonly failures: readonly string[];
  readonly durationMs: number;
  readonly connections: number;
  readonly sharesAccepted: number;
  readonly sharesLate: number;
}

export async function runScenario(
  scenario: Scenario,
  ports: ScenarioPorts,
): Promise<ScenarioResult> {
  await using stage = new Stage(scenario, ports);
  const startMs = ports.clock.nowMs();
  const failures: string[] = [];
  let isInterrupted = false;
  try {
    await stage.open();
    await stage.runSteps(scenario.steps);
    for (const fact of scenario.asserts) failures.push(...checkFact(fact, stage));
  } catch (error) {
    if (error instanceof Interrupted) isInterrupted = true;
    else if (error instanceof PlacedFailure) failures.push(error.message);
    else throw error;
  }
  for (const offence of alwaysChecked(stage)) failures.push(`${scenario.file}: ${offence}`);
  const places = [...stage.places.values()];
  return {
    id: scenario.id,
    name: scenario.name,
    proves: scenario.proves,
    verdict: isInterrupted ? "interrupted" : failures.length > 0 ? "failed" : "passed",
    failures,
    durationMs: ports.clock.nowMs() - startMs,
    connections: places.reduce((sum, { connections }) => sum + connections, 0),
    sharesAccepted: stage.tally.accepted,
    sharesLate: stage.tally.late,
  };
}

function checkFact({ fact, place, line, expected }: AssertedFact, stage: Stage): string[] {
  const places = [...stage.places.values()].filter(
    ({ spec }) => place === undefined || spec.name === place,
  );
  const value = fact.startsWith(MESSAGES)
    ? messagesOf(places, fact.slice(MESSAGES.length))
    : (facts[fact]?.read(places, stage) ?? 0);
  const label = place === undefined ? fact : `${place}.${fact}`;
  const path = `${stage.scenario.file}:${line}`;
  try {
    const wanted = mismatch(expected, value, readNumber, stage.scope, () => {});
    if (wanted === undefined) return [];
    return [`${path}: assert ${label}: expected ${wanted}, is ${shown(value)}`];
  } catch (error) {
    if (!(error instanceof ValueProblem)) throw error;
    const { message: problem, allowed } = error;
    return [describeProblem({ path, problem, allowed })];
  }
}
