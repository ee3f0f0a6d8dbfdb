/** A temperature beside its limits. */
import type { SensorStatus } from "../../api/status.ts";
import { type Tone, useWordsBound } from "./basics.tsx";

type Limits = Pick<SensorStatus, "temperatureC" | "targetC" | "hotC" | "dangerousC">;

export function toneOf({ temperatureC, hotC, dangerousC }: Limits): Tone {
  if (temperatureC === null) return "neutral";
  if (dangerousC !== null && temperatureC >= dangerousC) return "bad";
  if (hotC !== null && temperatureC >= hotC) return "warning";
  return "good";
}

const LEAST_C = 20;
const ROOM_C = 8;

/** A line from cool to dangerous, with the limits as marks and the reading as a pointer. */
export function TemperatureScale({ sensor }: { sensor: Limits }) {
  const { t, f } = useWordsBound();
  const { temperatureC, targetC, hotC, dangerousC } = sensor;
  if (temperatureC === null) return null;
  const most = Math.max(dangerousC ?? 100, temperatureC) + ROOM_C;
  const at = (value: number) =>
    `${Math.min(100, Math.max(0, (100 * (value - LEAST_C)) / (most - LEAST_C)))}%`;
  const marks = [
    ["target", targetC],
    ["hot", hotC],
    ["dangerous", dangerousC],
  ] as const;
  const known = marks.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  const label = [
    f.temperature(temperatureC),
    ...known.map(([name, value]) => `${t(`limit.${name}`)} ${f.withUnit(value, "°C")}`),
  ].join(", ");
  return (
    <div class="scale" role="img" aria-label={label}>
      <div class="scale-line">
        {hotC !== null && (
          <span
            class="zone warning"
            style={{ left: at(hotC), right: `calc(100% - ${at(dangerousC ?? most)})` }}
          />
        )}
        {dangerousC !== null && (
          <span class="zone bad" style={{ left: at(dangerousC), right: "0" }} />
        )}
        {known.map(([name, value]) => (
          <span key={name} class={`tick ${name}`} style={{ left: at(value) }}>
            <span>{f.number(value)}</span>
          </span>
        ))}
        <span class={`pointer ${toneOf(sensor)}`} style={{ left: at(temperatureC) }} />
      </div>
    </div>
  );
}
