/** The miner talks to the network, so its words are checked like anybody's: shape and range, nothing taken on trust. */
import type { MinerMessage } from "../../src/control/guard-link.ts";

/** What is wrong with it, or `undefined`. */
export function checkMinerMessage(message: MinerMessage, boards: number): string | undefined {
  const given: unknown = message;
  if (!isObject(given)) return "no object";
  switch (given["tell"]) {
    case "stopped":
      return undefined;
    case "snapshot":
      return isObject(given["snapshot"]) ? undefined : "snapshot: no object";
    case "event":
      return checkEvent(given["event"]);
    case "beat":
      return checkBeat(given["chains"], boards);
    default:
      return `tell: ${String(given["tell"])}`;
  }
}

function checkEvent(event: unknown): string | undefined {
  if (!isObject(event)) return "event: no object";
  const texts = ["what", "where", "rule", "action", "reason"];
  const wrong = texts.find((key) => typeof event[key] !== "string" || event[key].length > 2_000);
  return wrong === undefined ? undefined : `event.${wrong}: no text of at most 2000 characters`;
}

function checkBeat(chains: unknown, boards: number): string | undefined {
  if (!Array.isArray(chains)) return "chains: no list";
  for (const [i, chain] of chains.entries()) {
    if (!isObject(chain) || chain["index"] !== i || i >= boards)
      return `chains[${i}]: not chain ${i}`;
    if (typeof chain["wantsPower"] !== "boolean") return `chains[${i}].wantsPower: no boolean`;
    for (const key of ["grant", "frequencyMHz"])
      if (!isFiniteNumber(chain[key])) return `chains[${i}].${key}: no number`;
    if (Number(chain["chipTemperatureAgeMs"]) < 0)
      return `chains[${i}].chipTemperatureAgeMs: in the future`;
    for (const key of ["chipTemperatureC", "chipTemperatureAgeMs"])
      if (chain[key] !== null && !isFiniteNumber(chain[key]))
        return `chains[${i}].${key}: no number`;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isFiniteNumber(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}
