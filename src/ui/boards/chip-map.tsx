/** The chips of a board in the order of the chain, each a number that can be opened; arrow keys go from one to the next. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { BoardStatus, ChipStatus } from "../../api/status.ts";
import { useWordsBound } from "../parts/basics.tsx";
import { columnsFor } from "./columns.ts";
import { healthClasses, healthOf, healthSigns } from "./health.ts";

export function ChipMap({
  board,
  chips,
  selected,
}: {
  board: BoardStatus;
  chips: readonly ChipStatus[] | null;
  selected: number | null;
}) {
  const { t, f } = useWordsBound();
  const [focused, setFocused] = useState(selected ?? 0);
  const map = useRef<HTMLDivElement>(null);
  const count = chips?.length ?? 0;
  useColumns(map, count);
  if (chips === null || chips.length === 0) return <p class="empty">{t("chips.none")}</p>;

  const move = (event: KeyboardEvent) => {
    const next = nextChip(event.key, focused, chips.length, columnsOf(map.current));
    if (next === null) return;
    event.preventDefault();
    setFocused(next);
    map.current?.querySelectorAll<HTMLElement>("a").item(next).focus();
  };
  const counts = new Map(healthClasses.map((name) => [name, 0]));
  for (const chip of chips) {
    const health = healthOf(chip);
    counts.set(health, (counts.get(health) ?? 0) + 1);
  }
  return (
    <div class="chip-box">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields; these are links. */}
      <div
        class="chips"
        ref={map}
        role="group"
        aria-label={t("chips.map", { index: board.index })}
        onKeyDown={move}
      >
        {chips.map((chip) => {
          const health = healthOf(chip);
          return (
            <a
              key={chip.index}
              href={`#/boards/${board.index}/${chip.index}`}
              class={`chip ${health}`}
              tabIndex={chip.index === focused ? 0 : -1}
              aria-current={chip.index === selected ? "true" : undefined}
              aria-label={t("chip.label", {
                index: chip.index,
                health:
                  chip.health === null
                    ? t("health.unknown")
                    : `${t(`health.${health}`)}, ${f.percent(chip.health, 0)}`,
              })}
              onFocus={() => setFocused(chip.index)}
            >
              <span>{chip.index}</span>
              <i>{healthSigns[health]}</i>
            </a>
          );
        })}
      </div>
      <ul class="chip-legend">
        {healthClasses
          .filter((name) => (counts.get(name) ?? 0) > 0)
          .map((name) => (
            <li key={name}>
              <span class={`chip ${name}`} aria-hidden="true">
                <i>{healthSigns[name]}</i>
              </span>
              {t(`health.${name}`)} <b>{counts.get(name)}</b>
            </li>
          ))}
        <li class="soft">{t("chips.order")}</li>
      </ul>
    </div>
  );
}

/** As many columns as there is room for, and no ragged last row where that can be. */
function useColumns(map: { readonly current: HTMLDivElement | null }, count: number): void {
  useEffect(() => {
    const element = map.current;
    if (element === null) return;
    const observer = new ResizeObserver(() =>
      element.style.setProperty("--columns", `${columnsFor(count, element.clientWidth)}`),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [map, count]);
}

function columnsOf(map: HTMLElement | null): number {
  return map === null ? 1 : getComputedStyle(map).gridTemplateColumns.split(" ").length;
}

function nextChip(key: string, at: number, count: number, columns: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -at,
    End: count - 1 - at,
  };
  const next = at + (steps[key] ?? 0);
  return steps[key] === undefined || next < 0 || next >= count ? null : next;
}
