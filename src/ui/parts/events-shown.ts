/** Events by what is looked for, newest first. */
import type { DeviceEvent } from "../../api/status.ts";

export type Least = DeviceEvent["severity"];

const ORDER: readonly Least[] = ["info", "warning", "error"];
export function eventsShown(
  events: readonly DeviceEvent[],
  least: Least,
  where: string,
  words: string,
): DeviceEvent[] {
  const wanted = words.trim().toLowerCase();
  return events
    .filter(
      (event) =>
        ORDER.indexOf(event.severity) >= ORDER.indexOf(least) &&
        (where === "" || event.where === where) &&
        (wanted === "" ||
          `${event.reason} ${event.what} ${event.action} ${event.where}`
            .toLowerCase()
            .includes(wanted)),
    )
    .reverse();
}
