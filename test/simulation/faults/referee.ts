/** Judges a cell by what physically happened, and by whether it was told why; not by what the firmware thinks of itself. */
import type { PlantState } from "../../../simulator/plant/plant-state.ts";
import type { Expected, Shown } from "./fault-row.ts";
import {
  disturbances,
  harmToOthers,
  minerNotTold,
  notLatched,
  tooLongDangerous,
  unseen,
  unsettled,
  untold,
} from "./findings.ts";
import { isAtLimit, isSlower, replay, type Switches, struckChains } from "./replay.ts";
import type { Watched } from "./run-cell.ts";
import { lostShares } from "./shares.ts";

export interface Verdict {
  /** From when the deadline counts; `undefined`: never, or nothing had to happen. */
  readonly safeAfterS: number | undefined;
  readonly problems: readonly string[];
}

const TURNING_RPM = 300;

export function judge(watched: Watched, expected: Expected, shows?: readonly Shown[]): Verdict {
  const problems: string[] = [];
  const { machine, againAtMs } = watched;
  const fromMs = deadlineStart(watched, expected);
  if (fromMs === undefined) problems.push(`${expected.from} never came`);
  const safeAtMs = fromMs === undefined ? undefined : whenSafe(watched, expected, fromMs);
  const safeAfterS =
    safeAtMs === undefined || fromMs === undefined
      ? undefined
      : Math.max(0, safeAtMs - fromMs) / 1_000;
  if (expected.outcome === "nothing") problems.push(...disturbances(watched, expected));
  else if (safeAfterS === undefined) problems.push(`never ${expected.outcome}`);
  else if (safeAfterS > expected.limitS)
    problems.push(`${expected.outcome} after ${safeAfterS.toFixed(2)} s`);
  if (safeAtMs !== undefined) {
    problems.push(...notKept(watched, expected, safeAtMs));
    problems.push(...minerNotTold(watched, expected, safeAtMs));
  }
  problems.push(...untold(watched, expected, fromMs ?? watched.faultAtMs));
  problems.push(...notLatched(watched, expected));
  problems.push(...harmToOthers(watched, expected));
  problems.push(...tooLongDangerous(watched));
  if (expected.againWithinS !== undefined && againAtMs === undefined)
    problems.push(
      `not hashing again ${expected.againWithinS} s after the fault (${stateText(machine.plant.state())})`,
    );
  problems.push(...lostShares(machine));
  if (expected.settles) problems.push(...unsettled(watched));
  if (shows !== undefined) problems.push(...unseen(watched, shows));
  if (JSON.stringify(machine.settings) !== machine.settingsAtStart)
    problems.push("the operator's settings were changed");
  if (machine.plant.record.entries.some(({ what }) => what === "eeprom-write"))
    problems.push("a hashboard's memory was written to");
  return { safeAfterS, problems };
}

/** When that condition was first true, by the plant. */
function deadlineStart(watched: Watched, expected: Expected): number | undefined {
  const { machine, faultAtMs, samples } = watched;
  const { from = "fault" } = expected;
  if (from === "fault") return faultAtMs;
  const { spec } = machine;
  const struck = struckChains(spec, expected);
  const isTrue = (state: PlantState): boolean => {
    if (from === "fans") {
      const turning = state.fans.flatMap(({ rpm }) => rpm).filter((rpm) => rpm >= TURNING_RPM);
      return turning.length < spec.fansRequired;
    }
    return struck.some((index) => {
      const chain = state.chains[index];
      return chain !== undefined && isAtLimit(spec, chain, from === "hot" ? "hotC" : "dangerousC");
    });
  };
  return samples.find(isTrue)?.atMs;
}

function whenSafe(watched: Watched, expected: Expected, fromMs: number): number | undefined {
  const { machine, before, samples, faultAtMs } = watched;
  const struck = struckChains(machine.spec, expected);
  switch (expected.outcome) {
    case "nothing":
    case "no power":
      return faultAtMs;
    case "fewer chips":
      return samples.find(({ chains }) => chains.every(({ activeMHz }) => activeMHz > 0))?.atMs;
    case "slower":
      return samples.find(({ atMs, chains }) => atMs >= fromMs && isSlower(before, chains, struck))
        ?.atMs;
    default: {
      let safeAtMs: number | undefined;
      replay(watched, (switches, atMs) => {
        const isSafe = struck.every((index) => isSafeNow(expected, switches[index]));
        if (isSafe) safeAtMs = atMs;
        return isSafe;
      });
      return safeAtMs;
    }
  }
}

function isSafeNow({ outcome }: Expected, switches: Switches | undefined): boolean {
  if (switches === undefined) return false;
  const { hasPower, isHeld, isHashing } = switches;
  if (outcome === "power off") return !hasPower && isHeld;
  if (outcome === "power gone") return !hasPower;
  if (outcome === "restart") return isHeld && !isHashing;
  return !isHashing;
}

/** What was safe stays so while the fault lasts. */
function notKept(watched: Watched, expected: Expected, safeAtMs: number): readonly string[] {
  const { machine, faultEndMs } = watched;
  const { outcome } = expected;
  const struck = struckChains(machine.spec, expected);
  const problems = new Set<string>();
  if (expected.retries || outcome === "nothing" || outcome === "slower") return [];
  if (outcome === "restart" || outcome === "fewer chips") return [];
  replay(watched, (switches, atMs) => {
    if (atMs > faultEndMs) return true;
    if (atMs < safeAtMs) return false;
    for (const index of struck) {
      const { hasPower, isHashing, isHeld } = switches[index] as Switches;
      if (isHashing) problems.add(`chain ${index} hashes again while the fault is there`);
      if (!hasPower) continue;
      // Where others need a supply that is shared, what is struck is held in reset.
      const mayHavePower = outcome === "power off" && expected.others !== undefined && isHeld;
      if (outcome === "no power" || outcome === "power gone" || outcome === "power off")
        if (!mayHavePower) problems.add(`chain ${index} has power while the fault is there`);
    }
    return false;
  });
  return [...problems];
}

function stateText({ chains }: PlantState): string {
  return chains
    .map((chain) =>
      [chain.hasPower ? "power" : "no power", chain.isHeldInReset ? "held" : "released"].join(" "),
    )
    .join(", ");
}
