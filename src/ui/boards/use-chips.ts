/** The chips of a board, asked for as long as somebody looks. */
import { useEffect, useState } from "preact/hooks";
import type { ChipStatus } from "../../api/status.ts";
import { useApp } from "../data/app.tsx";

/** Health is of 15 minutes: more often shows nothing more. */
const PERIOD_MS = 10_000;

export function useChips(board: number): readonly ChipStatus[] | null {
  const { api } = useApp();
  const [chips, setChips] = useState<readonly ChipStatus[] | null>(null);
  useEffect(() => {
    let isWanted = true;
    const ask = async () => {
      const reply = await api.get<{ chips: readonly ChipStatus[] }>(`/boards/${board}/chips`);
      if (isWanted && reply.ok) setChips(reply.value.chips);
    };
    void ask();
    const timer = setInterval(() => void ask(), PERIOD_MS);
    return () => {
      isWanted = false;
      clearInterval(timer);
    };
  }, [api, board]);
  return chips;
}
