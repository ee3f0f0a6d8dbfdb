/** One chip: its rates, and its last day. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { HistoryAnswer } from "../../api/device.ts";
import type { ChipStatus } from "../../api/status.ts";
import { Chart } from "../charts/chart.tsx";
import type { Line } from "../charts/series.ts";
import { useApp } from "../data/app.tsx";
import { Fact, Facts, useWordsBound } from "../parts/basics.tsx";

const LOOKS = [0, 1, 2, 3] as const;

export function ChipDetails({
  board,
  chip,
  index,
}: {
  board: number;
  chip: ChipStatus | undefined;
  index: number;
}) {
  const { t, f } = useWordsBound();
  const heading = useRef<HTMLHeadingElement>(null);
  const answer = useChipHistory(board, index);
  // Another chip was opened.
  useEffect(() => heading.current?.scrollIntoView({ block: "nearest" }), [board, index]);
  const lines = useMemo(
    () =>
      Object.entries(answer?.series ?? {}).map(
        ([name, values], i): Line => ({
          label: t(name === "hashrateDaily" ? "series.daily" : "series.hashrate"),
          values,
          look: LOOKS[i % LOOKS.length] ?? 0,
        }),
      ),
    [answer, t],
  );
  const times = answer?.unixSeconds ?? [];
  return (
    <section class="chip-details" aria-label={t("chip", { index })}>
      <h3 ref={heading}>
        {t("chip", { index })}{" "}
        <a class="close" href={`#/boards/${board}`}>
          {t("close")}
        </a>
      </h3>
      {chip !== undefined && (
        <Facts>
          <Fact name={t("rate.m15")}>{f.rate(chip.hashrateHps.m15)}</Fact>
          <Fact name={t("rate.h24")}>{f.rate(chip.hashrateHps.h24)}</Fact>
          <Fact name={t("series.expected")}>{f.rate(chip.expectedHps)}</Fact>
          <Fact name={t("health")}>
            {chip.health === null ? t("health.unknown.more") : f.percent(chip.health)}
          </Fact>
        </Facts>
      )}
      {answer === null ? (
        <p class="loading">{t("loading")}</p>
      ) : lines.length === 0 || times.length === 0 ? (
        <p class="empty">{t("chart.empty")}</p>
      ) : (
        <Chart
          title={t("chip.history")}
          unixSeconds={times}
          lines={lines}
          events={NO_EVENTS}
          fromUnixSeconds={times[0] ?? 0}
          toUnixSeconds={(times.at(-1) ?? 0) + answer.stepS}
          show={(value) => f.rate(value)}
        />
      )}
    </section>
  );
}

const NO_EVENTS = [] as const;

function useChipHistory(board: number, chip: number): HistoryAnswer | null {
  const { api } = useApp();
  const [answer, setAnswer] = useState<HistoryAnswer | null>(null);
  useEffect(() => {
    let isWanted = true;
    setAnswer(null);
    void api.get<HistoryAnswer>(`/boards/${board}/chips/${chip}/history`).then((reply) => {
      if (isWanted) setAnswer(reply.ok ? reply.value : { stepS: 60, unixSeconds: [], series: {} });
    });
    return () => {
      isWanted = false;
    };
  }, [api, board, chip]);
  return answer;
}
