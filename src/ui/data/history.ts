/** What was: fetched for a range, and again as it grows. */
import { useEffect, useState } from "preact/hooks";
import type { HistoryAnswer } from "../../api/device.ts";
import { useApp } from "./app.tsx";
import { useStore } from "./store.ts";

export type Range = "1h" | "24h" | "30d";

export const rangeSeconds: Readonly<Record<Range, number>> = {
  "1h": 3_600,
  "24h": 86_400,
  "30d": 30 * 86_400,
};

const MAX_POINTS = 360;
/** A new point each so often is as much as a screen shows. */
const REFRESH_PART = 1 / 240;

export interface SeriesName {
  readonly name: string;
  readonly unit: string;
}

export function useSeriesNames(): readonly SeriesName[] | null {
  const { api, live } = useApp();
  const [names, setNames] = useState<readonly SeriesName[] | null>(null);
  const isLost = useStore(live.connection).is === "lost";
  useEffect(() => {
    if (isLost) return;
    void api
      .get<{ series: readonly SeriesName[] }>("/history/series")
      .then((reply) =>
        setNames((before) =>
          reply.ok ? reply.value.series : reply.httpStatus === 0 ? before : [],
        ),
      );
  }, [api, isLost]);
  return names;
}

export interface History {
  readonly answer: HistoryAnswer | null;
  readonly fromUnixSeconds: number;
  readonly toUnixSeconds: number;
}

/** null while it is fetched for the first time. */
export function useHistory(series: readonly string[], range: Range): History | null {
  const { api, live } = useApp();
  const [history, setHistory] = useState<History | null>(null);
  const wanted = series.join(",");
  useEffect(() => {
    if (wanted === "") return;
    let isWanted = true;
    const fetchIt = async () => {
      // By the device's clock, which its history is kept by.
      const to = Math.ceil(live.status.value?.unixSeconds ?? Date.now() / 1_000);
      const from = to - rangeSeconds[range];
      const query = new URLSearchParams({
        series: wanted,
        from: `${from}`,
        to: `${to}`,
        maxPoints: `${MAX_POINTS}`,
      });
      const reply = await api.get<HistoryAnswer>(`/history?${query}`);
      if (isWanted)
        setHistory({
          answer: reply.ok ? reply.value : null,
          fromUnixSeconds: from,
          toUnixSeconds: to,
        });
    };
    void fetchIt();
    const timer = setInterval(() => void fetchIt(), rangeSeconds[range] * 1_000 * REFRESH_PART);
    return () => {
      isWanted = false;
      clearInterval(timer);
    };
  }, [api, live, wanted, range]);
  return history;
}
