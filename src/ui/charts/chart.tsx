/** A chart with what it says in words, what is under the pointer, and the same numbers as a table. */
import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import type { DeviceEvent } from "../../api/status.ts";
import { useApp } from "../data/app.tsx";
import { useStore } from "../data/store.ts";
import { TableBox, useWordsBound } from "../parts/basics.tsx";
import { openPlot } from "./plot.ts";
import { extentOf, type Line, tableOf } from "./series.ts";

interface ChartProps {
  readonly title: string;
  readonly unixSeconds: readonly number[];
  readonly lines: readonly Line[];
  readonly events: readonly DeviceEvent[];
  readonly fromUnixSeconds: number;
  readonly toUnixSeconds: number;
  readonly show: (value: number) => string;
}

const MAX_ROWS = 60;

export function Chart(props: ChartProps) {
  const { title, unixSeconds, lines, events, show } = props;
  const { t, f } = useWordsBound();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const scheme = useColourScheme();

  // The colours are read anew when the scheme changes.
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const opened = openPlot(element, { ...props, axisText: show }, f, setCursor);
    plot.current = opened;
    const observer = new ResizeObserver(() =>
      opened.setSize({ width: element.clientWidth, height: opened.height }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      opened.destroy();
    };
  }, [unixSeconds, lines, events, f, scheme]);

  const isEmpty = lines.every(({ values }) => values.every((value) => value === null));
  const summary = lines
    .map((line) => summaryOf(line))
    .filter((text) => text !== "")
    .join(" ");
  function summaryOf({ label, values }: Line): string {
    const extent = extentOf(values);
    if (extent === null) return "";
    return t("chart.summary", {
      label,
      least: show(extent.least),
      mean: show(extent.mean),
      greatest: show(extent.greatest),
    });
  }
  const at = cursor === null ? unixSeconds.length - 1 : cursor;
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <ul class="legend" aria-hidden="true">
          {lines.map(({ label, look, values }) => (
            <li key={label}>
              <svg viewBox="0 0 24 6" aria-hidden="true" class={`swatch look-${look}`}>
                <path d="M0 3h24" />
              </svg>
              {label} <b>{valueAt(values, at, cursor !== null, show) ?? "–"}</b>
            </li>
          ))}
          <li class="at">{cursor !== null && f.dateTime(unixSeconds[at] ?? 0)}</li>
        </ul>
      </figcaption>
      {isEmpty ? <p class="empty">{t("chart.empty")}</p> : null}
      <div
        ref={host}
        class={isEmpty ? "plot gone" : "plot"}
        role="img"
        aria-label={`${title}. ${summary} ${t("chart.events", { count: events.length })}`}
      />
      {!isEmpty && (
        <details class="data">
          <summary>{t("chart.table")}</summary>
          <DataTable {...props} />
        </details>
      )}
    </figure>
  );
}

/** Under the pointer; without one, the last that is known. */
function valueAt(
  values: readonly (number | null)[],
  at: number,
  isExact: boolean,
  show: (value: number) => string,
): string | undefined {
  const value = isExact ? values[at] : values.findLast((one) => one !== null);
  return value === null || value === undefined ? undefined : show(value);
}

function DataTable({ title, unixSeconds, lines, events, show }: ChartProps) {
  const { t, f } = useWordsBound();
  return (
    <TableBox label={title}>
      <table>
        <caption class="sr-only">{title}</caption>
        <thead>
          <tr>
            <th scope="col">{t("time")}</th>
            {lines.map(({ label }) => (
              <th scope="col" class="num" key={label}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {tableOf(unixSeconds, lines, MAX_ROWS).map((row) => (
            <tr key={row.unixSeconds}>
              <th scope="row">{f.dateTime(row.unixSeconds)}</th>
              {row.values.map((value, i) => (
                <td class="num" key={lines[i]?.label}>
                  {value === null ? t("unknown") : show(value)}
                </td>
              ))}
            </tr>
          ))}
          {events.map(({ id, unixSeconds: at, reason }) => (
            <tr key={`event-${id}`}>
              <th scope="row">{f.dateTime(at)}</th>
              <td colSpan={lines.length}>{reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

/** Changes when canvases have to be drawn in other colours. */
function useColourScheme(): string {
  const { theme } = useStore(useApp().preferences);
  const [isDark, setDark] = useState(() => matchMedia("(prefers-color-scheme: dark)").matches);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const change = () => setDark(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  return `${theme}-${isDark}`;
}
