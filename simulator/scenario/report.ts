/** What people and programs read of scenarios: the list, how to set the device, the verdicts. */
import { printable } from "../../src/lib/bytes.ts";
import { showDuration } from "./duration.ts";
import type { ScenarioResult } from "./run-scenario.ts";
import type { Scenario } from "./scenario.ts";

export function describeList(scenarios: readonly Scenario[], json: boolean): string {
  if (json)
    return scenarios
      .map(({ id, name, description, proves, protocol }) =>
        line({ id, name, description, proves, protocol }),
      )
      .join("");
  const width = Math.max(0, ...scenarios.map(({ id }) => id.length));
  return scenarios
    .map(({ id, name }) => `${id.padEnd(width)}  ${printable(name)}\n`)
    .join("")
    .concat(`${scenarios.length} scenarios\n`);
}

/** `urls` by place. */
export function describeDevice(
  scenario: Scenario,
  urls: ReadonlyMap<string, string>,
  mainUrl: string,
): string {
  const { id, name, device } = scenario;
  const pools = device.pools.map((pool) => urls.get(pool) ?? "").join(" then ");
  const wishes = [
    `pool ${pools || mainUrl}`,
    scenario.protocol === "sv2" ? `${device.channel} channels` : undefined,
    device.chains > 1 ? `${device.chains} hash boards` : undefined,
    device.versionMask === "bip323" ? "24 version bits" : undefined,
    device.tolerateFlagEcho ? "flag echo tolerated" : undefined,
    device.workerName === "" ? undefined : `worker name ${device.workerName}`,
    device.suggestDifficulty === undefined
      ? undefined
      : `suggested difficulty ${device.suggestDifficulty}`,
    device.silenceMs === undefined ? undefined : `silence limit ${showDuration(device.silenceMs)}`,
    device.mayFollowTo.length === 0
      ? undefined
      : `redirects allowed to ${device.mayFollowTo.map((place) => urls.get(place)).join(", ")}`,
  ];
  const hints = wishes.filter((wish) => wish !== undefined).join("; ");
  return `${id}: ${printable(name)}\n  device: ${hints}\n`;
}

export function describeResult(result: ScenarioResult, json: boolean): string {
  if (json) return line({ event: "scenario", ...result });
  const { id, verdict, failures, durationMs, connections, sharesAccepted, sharesLate } = result;
  const facts = [
    showDuration(durationMs),
    count(connections, "connection"),
    `${count(sharesAccepted, "share")}${sharesLate > 0 ? ` (${sharesLate} more late)` : ""}`,
  ];
  const head = `${verdict.padEnd(11)} ${id.padEnd(36)} ${facts.join(", ")}\n`;
  return head + failures.map((failure) => `            ${printable(failure, 1_000)}\n`).join("");
}

export function describeSummary(
  results: readonly ScenarioResult[],
  wanted: number,
  json: boolean,
): string {
  const counts = { passed: 0, failed: 0, interrupted: 0 };
  for (const { verdict } of results) counts[verdict]++;
  const notPlayed = wanted - results.length;
  if (json) return line({ event: "summary", ...counts, notPlayed });
  const parts = Object.entries({ ...counts, "not played": notPlayed });
  return `${parts
    .filter(([name, number]) => number > 0 || name === "passed")
    .map(([name, number]) => `${number} ${name}`)
    .join(", ")}\n`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
