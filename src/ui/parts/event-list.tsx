/** Events as a list: when, how serious, where, and the whole sentence. */
import type { DeviceEvent } from "../../api/status.ts";
import { Pill, useWordsBound } from "./basics.tsx";
import { severityTone } from "./tones.ts";

export function EventList({ events }: { events: readonly DeviceEvent[] }) {
  const { words, t, f } = useWordsBound();
  if (events.length === 0) return <p class="empty">{t("events.none")}</p>;
  return (
    <ul class="events">
      {events.map(({ id, unixSeconds, severity, where, what, reason, measured, limit }) => (
        <li key={id}>
          <time dateTime={new Date(unixSeconds * 1_000).toISOString()}>
            {f.dateTime(unixSeconds)}
          </time>
          <Pill tone={severityTone[severity]}>{words.code("severity", severity)}</Pill>
          <div>
            <p>{reason}</p>
            <p class="soft">
              {words.code("what", what)} · {where}
              {measured !== null && limit !== null && (
                <> · {t("event.measured", { measured: shown(measured), limit: shown(limit) })}</>
              )}
            </p>
          </div>
        </li>
      ))}
    </ul>
  );

  function shown(value: number | string): string {
    return typeof value === "number" ? f.number(value, Number.isInteger(value) ? 0 : 1) : value;
  }
}
