/** What an operator has changed, in words, for the record of events. */
import type { FanMode } from "../../src/control/fan-control.ts";
import type { OperatorLimits } from "../../src/control/limits-within.ts";
import type { MachineSettings } from "./guard-setup.ts";

/** Empty when nothing but `paused` differs. */
export function settingsChanges(
  before: MachineSettings,
  after: MachineSettings,
): readonly string[] {
  const changes: string[] = [];
  const tell = (what: string, was: string, is: string) => {
    if (was !== is) changes.push(`${what}: ${was} → ${is}`);
  };
  tell("fans", fansText(before.fans), fansText(after.fans));
  tell("frequency", quantity(before.frequencyMHz, "MHz"), quantity(after.frequencyMHz, "MHz"));
  tell("voltage", quantity(before.voltageV, "V"), quantity(after.voltageV, "V"));
  tell("temperature limits", limitsText(before.limits), limitsText(after.limits));
  return changes;
}

function fansText(fans: FanMode): string {
  return fans.mode === "manual" ? `manual ${fans.dutyPercent} %` : fans.mode;
}

function quantity(value: number | undefined, unit: string): string {
  return value === undefined ? "as declared" : `${value} ${unit}`;
}

function limitsText(limits: OperatorLimits = {}): string {
  const texts = Object.entries(limits).flatMap(([place, limit]) =>
    limit === undefined ? [] : [`${place} ${limit.targetC}/${limit.hotC}/${limit.dangerousC} °C`],
  );
  return texts.length === 0 ? "as declared" : texts.sort().join(", ");
}
