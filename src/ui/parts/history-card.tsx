/** How it came here: hashrate, temperatures and power over an hour, a day or a month, with what happened marked. */
import { useMemo, useState } from "preact/hooks";
import { Chart } from "../charts/chart.tsx";
import { type Line, markedEvents } from "../charts/series.ts";
import { useApp } from "../data/app.tsx";
import { type Range, type SeriesName, useHistory, useSeriesNames } from "../data/history.ts";
import { useStore } from "../data/store.ts";
import { Card, Segments, useWordsBound } from "./basics.tsx";

const LOOKS = [0, 1, 2, 3] as const;

interface Subject {
  readonly key: "hashrate" | "temperature" | "power";
  readonly has: (series: SeriesName) => boolean;
}

/** One chart for each, of the series of the device that belong to it. */
const subjects: readonly Subject[] = [
  { key: "hashrate", has: ({ name }) => name === "hashrate" || name === "expectedHashrate" },
  { key: "temperature", has: ({ name }) => /^board\.\d+\.temperature$/.test(name) },
  { key: "power", has: ({ name }) => name === "power" },
];

export function HistoryCard() {
  const { t } = useWordsBound();
  const [range, setRange] = useState<Range>("1h");
  const names = useSeriesNames();
  return (
    <Card
      title={t("history")}
      class="history"
      aside={
        <Segments<Range>
          label={t("history.range")}
          value={range}
          options={[
            ["1h", t("range.1h")],
            ["24h", t("range.24h")],
            ["30d", t("range.30d")],
          ]}
          onChange={setRange}
        />
      }
    >
      {names === null ? (
        <p class="loading">{t("loading")}</p>
      ) : (
        <Charts names={names} range={range} />
      )}
    </Card>
  );
}

function Charts({ names, range }: { names: readonly SeriesName[]; range: Range }) {
  const { words, t, f } = useWordsBound();
  const events = useStore(useApp().live.events);
  const wanted = useMemo(
    () =>
      subjects
        .map(({ key, has }) => ({ key, names: names.filter(has).map(({ name }) => name) }))
        .filter((subject) => subject.names.length > 0),
    [names],
  );
  const history = useHistory(
    useMemo(() => wanted.flatMap((subject) => subject.names), [wanted]),
    range,
  );
  const shows = {
    hashrate: (value: number) => f.rate(value),
    temperature: (value: number) => f.temperature(value),
    power: (value: number) => f.withUnit(value, "W"),
  };
  const lines = useMemo(
    () =>
      wanted.map((subject) => ({
        key: subject.key,
        lines: subject.names.map((name, i): Line => {
          const board = /^board\.(\d+)/.exec(name)?.[1];
          return {
            label:
              board === undefined
                ? t(`series.${name === "expectedHashrate" ? "expected" : subject.key}`)
                : t("board", { index: board }),
            values: history?.answer?.series[name] ?? [],
            look: name === "expectedHashrate" ? "expected" : (LOOKS[i % LOOKS.length] ?? 0),
          };
        }),
      })),
    [wanted, history, words],
  );
  const from = history?.fromUnixSeconds ?? 0;
  const to = history?.toUnixSeconds ?? 0;
  const marks = useMemo(() => markedEvents(events, from, to), [events, from, to]);
  if (names.length === 0) return <p class="empty">{t("history.none")}</p>;
  if (history === null) return <p class="loading">{t("loading")}</p>;
  if (history.answer === null) return <p class="empty">{t("error.no-answer")}</p>;
  const { unixSeconds } = history.answer;
  return (
    <div class="charts">
      {lines.filter(isWorthDrawing).map((subject) => (
        <Chart
          key={subject.key}
          title={t(subject.key)}
          unixSeconds={unixSeconds}
          lines={subject.lines}
          events={marks}
          fromUnixSeconds={from}
          toUnixSeconds={to}
          show={shows[subject.key]}
        />
      ))}
      <p class="marks-legend">{t("chart.marks")}</p>
    </div>
  );
}

/** Where nothing in the machine measures power, there is no past of it. */
function isWorthDrawing({ key, lines }: { readonly key: string; readonly lines: readonly Line[] }) {
  return key !== "power" || lines.some(({ values }) => values.some((value) => value !== null));
}
