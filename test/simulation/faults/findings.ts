/** What the referee can find fault with, beside what became of the struck chains. Each finds nothing, or says what it is. */
import type { PlantChainState, PlantState } from "../../../simulator/plant/plant-state.ts";
import type { Expected, Shown } from "./fault-row.ts";
import { isAtLimit, struckChains } from "./replay.ts";
import type { Watched } from "./run-cell.ts";

/** An event may be written down in the tick after the act. */
const TOLD_WITHIN_MS = 500;
const SAMPLE_MS = 100;

/** Why it happened, about every struck chain. */
export function untold(
  { machine, faultAtMs }: Watched,
  expected: Expected,
  fromMs: number,
): readonly string[] {
  const { outcome, rules } = expected;
  const later = machine.events.filter(({ atMs }) => atMs >= faultAtMs);
  if (rules.length === 0) {
    const trips = outcome === "nothing" ? later.filter(({ what }) => what === "trip") : [];
    return trips.map(({ where, rule }) => `${where} tripped: ${rule}`);
  }
  const { limitS, toldWithinS = limitS } = expected;
  const byMs = fromMs + toldWithinS * 1_000 + TOLD_WITHIN_MS;
  let firstToldMs = Number.POSITIVE_INFINITY;
  const problems = struckChains(machine.spec, expected).flatMap((index) => {
    const about = later.filter(
      ({ where, rule }) =>
        rules.some((allowed) => allowed === rule) &&
        (where === `chain ${index}` || where === "miner" || where === "guard"),
    );
    const told = about.find(({ reason, action }) => reason !== "" && action !== "");
    if (told === undefined) {
      const others = [...new Set(later.map(({ where, rule }) => `${where} ${rule}`))].join(", ");
      return [`no event about chain ${index} says ${rules.join(" or ")} (there are: ${others})`];
    }
    firstToldMs = Math.min(firstToldMs, told.atMs);
    return [];
  });
  // Who loses a supply that all share with who is struck has a reason of his own later, or none.
  return firstToldMs <= byMs || problems.length > 0
    ? problems
    : [`told only ${((firstToldMs - fromMs) / 1_000).toFixed(1)} s later`];
}

/** Whatever the guard switches off, the miner is told in the same moment: no later than a tick of the guard. */
const TICK_MS = 100;

export function minerNotTold(
  { machine, faultAtMs }: Watched,
  expected: Expected,
  safeAtMs: number,
): readonly string[] {
  const { outcome, rules } = expected;
  const isGuardsDoing =
    rules.length > 0 && !rules.some((rule) => rule === "miner-ended" || rule === "guard-died");
  if (outcome !== "power off" || !isGuardsDoing) return [];
  const told = machine.hashingOffs.filter(
    ({ atMs }) => atMs >= faultAtMs && atMs <= safeAtMs + TICK_MS,
  );
  return struckChains(machine.spec, expected)
    .filter((index) => !told.some((message) => message.chains.includes(index)))
    .map((index) => `the miner was not told that chain ${index} is off`);
}

export function notLatched(
  { machine, faultAtMs }: Watched,
  { latchesAfter }: Expected,
): readonly string[] {
  if (latchesAfter === undefined) return [];
  const powerOns = machine.plant.record.entries.filter(
    ({ atMs, what, on, chain }) => atMs > faultAtMs && what === "power" && on && chain === 0,
  );
  const isLatched = machine.events.some(
    ({ atMs, what, action }) => atMs > faultAtMs && what === "trip" && action.includes("clears it"),
  );
  return powerOns.length <= latchesAfter.powerOns && isLatched
    ? []
    : [`${powerOns.length} power-ons afterwards, ${isLatched ? "" : "not "}latched`];
}

/** Of a cell in which nothing may happen. */
export function disturbances(watched: Watched, expected: Expected): readonly string[] {
  const { machine, faultAtMs } = watched;
  const problems = machine.plant.record.entries
    .filter(({ atMs, what }) => atMs > faultAtMs && ["power", "reset", "hashing"].includes(what))
    .map(({ atMs, what, chain, on }) => {
      const afterS = ((atMs - faultAtMs) / 1_000).toFixed(1);
      return `${what} of chain ${chain} ${on ? "on" : "off"} after ${afterS} s`;
    });
  const struck = struckChains(machine.spec, expected);
  const isStill = struck.some((index) => machine.chains[index]?.activeMHz === 0);
  return isStill ? [...problems, "a chain does not hash"] : problems;
}

export function harmToOthers(watched: Watched, expected: Expected): readonly string[] {
  const { machine, before, samples, faultAtMs } = watched;
  const struck = struckChains(machine.spec, expected);
  const healthy = before.chains.flatMap((_, index) => (struck.includes(index) ? [] : [index]));
  const { backWithinS = 0 } = expected.others ?? {};
  return healthy.flatMap((index) => {
    const wantedMHz = before.chains[index]?.activeMHz ?? 0;
    const isFine = ({ chains }: PlantState) => (chains[index]?.activeMHz ?? 0) >= 0.99 * wantedMHz;
    const first = samples.find((state) => state.atMs > faultAtMs && !isFine(state));
    if (first === undefined) return [];
    if (expected.others === undefined) {
      const afterS = ((first.atMs - faultAtMs) / 1_000).toFixed(1);
      return [`healthy chain ${index} was disturbed after ${afterS} s`];
    }
    const isHashing = ({ chains }: PlantState) => (chains[index]?.activeMHz ?? 0) > 0;
    const back = samples.find((state) => state.atMs > first.atMs && isFine(state));
    const lateMs = first.atMs + backWithinS * 1_000;
    if (back !== undefined && back.atMs <= lateMs) return [];
    const last = samples.at(-1);
    if (back === undefined && last !== undefined && last.atMs < lateMs) return [];
    const how = last !== undefined && isHashing(last) ? "slower" : "not hashing";
    return [`healthy chain ${index} is ${how} ${backWithinS} s after it was disturbed`];
  });
}

/** Nothing that has power stands at its dangerous limit for longer than the deadline. */
export function tooLongDangerous(watched: Watched): readonly string[] {
  const { machine, samples } = watched;
  const { spec } = machine;
  const allowedMs = spec.pollMs + 500;
  return spec.chains.flatMap((_, index) => {
    let longestMs = 0;
    let sinceMs: number | undefined;
    for (const { chains, atMs } of samples) {
      const chain = chains[index] as PlantChainState;
      const isDangerous =
        chain.hasPower && isAtLimit(spec, chain, "dangerousC") && !chain.isHeldInReset;
      sinceMs = isDangerous ? (sinceMs ?? atMs) : undefined;
      if (sinceMs !== undefined) longestMs = Math.max(longestMs, atMs - sinceMs);
    }
    if (longestMs <= allowedMs + SAMPLE_MS) return [];
    return [`chain ${index} was dangerously hot under power for ${longestMs / 1_000} s`];
  });
}

const AT_REST_MS = 120_000;
const REST_C = 1.5;
const REST_PERCENT = 6;

/** In the last minutes: near the target, and no fan that goes up and down. */
export function unsettled({ machine, samples }: Watched): readonly string[] {
  const { spec } = machine;
  const late = samples.filter(({ atMs }) => atMs >= machine.nowMs - AT_REST_MS);
  const place = spec.chains[0]?.sensors[0]?.place === "chip" ? "chip" : "board";
  const targetC = spec.limits[place]?.targetC ?? Number.NaN;
  const hottestC = late.map(({ chains }) =>
    Math.max(...chains.map(({ boardC, dieC }) => (place === "chip" ? dieC : boardC))),
  );
  const duties = late.map(({ fans }) => fans[0]?.dutyPercent ?? 0);
  const offC = Math.max(...hottestC.map((valueC) => Math.abs(valueC - targetC)));
  const swing = Math.max(...duties) - Math.min(...duties);
  return [
    ...(offC <= REST_C ? [] : [`${offC.toFixed(1)} °C away from the target of ${targetC} °C`]),
    ...(swing <= REST_PERCENT ? [] : [`fans still move by ${swing.toFixed(1)} %`]),
  ];
}

/** The fault itself must have been seen by the miner of the first chain. */
export function unseen({ machine }: Watched, shows: readonly Shown[]): readonly string[] {
  const chain = machine.miner?.miner.snapshot().chains[0];
  const counts = chain && { ...chain, ...chain.wire };
  if (shows.some((name) => (counts?.[name] ?? 0) > 0)) return [];
  return [`the miner counts no ${shows.join(", no ")}: was there a fault?`];
}
