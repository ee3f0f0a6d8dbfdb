/** Text for a terminal or a pipe: tables that fit, tones, and nothing that a stranger wrote to play with the terminal. */
import type { CommandContext } from "../command.ts";
import { cut } from "../format.ts";

export type Tone = "plain" | "strong" | "dim" | "warning" | "bad" | "good";

const COLOR_OF_TONE: Readonly<Record<Tone, string>> = {
  plain: "",
  strong: "\x1b[1m",
  dim: "\x1b[2m",
  warning: "\x1b[33m",
  bad: "\x1b[31m",
  good: "\x1b[32m",
};
const RESET = "\x1b[0m";

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** On a narrow terminal the column with the highest number goes first; absent: it stays. */
  readonly drop?: number;
}

/** What the output may look like. */
export interface Page {
  /** Infinite where nobody watches: a script gets everything. */
  readonly columns: number;
  readonly inColor: boolean;
}

export function pageOf({ isTerminal, terminalSize, env }: CommandContext): Page {
  return {
    columns: isTerminal ? terminalSize().columns : Number.POSITIVE_INFINITY,
    inColor: isTerminal && (env["NO_COLOR"] ?? "") === "",
  };
}

/** Pools choose their own error texts, and a terminal obeys control characters. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "?");
}

export function paint({ text, tone = "plain" }: Cell, { inColor }: Page): string {
  const color = inColor ? COLOR_OF_TONE[tone] : "";
  return color === "" ? text : `${color}${text}${RESET}`;
}

/** One line, cut to the page. */
export function line(cell: Cell | string, page: Page): string {
  const { text, tone = "plain" } = typeof cell === "string" ? { text: cell } : cell;
  return `${paint({ text: cut(plain(text), page.columns), tone }, page)}\n`;
}

const GAP = "  ";

/** Titles and rows, one column under the other; ends with a line end. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly (Cell | string)[])[],
  page: Page,
): string {
  const cells = rows.map((row) =>
    row.map((cell): Cell => {
      const { text, tone = "plain" } = typeof cell === "string" ? { text: cell } : cell;
      return { text: plain(text), tone };
    }),
  );
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...cells.map((row) => row[i]?.text.length ?? 0)),
  );
  const shown = fitting(columns, widths, page.columns);
  const write = (row: readonly Cell[]): string => {
    let leftOver = page.columns;
    const parts = shown.map((i, place) => {
      const { text, tone = "plain" } = row[i] ?? { text: "" };
      const isLast = place === shown.length - 1;
      const aligned =
        columns[i]?.align === "right"
          ? text.padStart(widths[i] ?? 0)
          : isLast
            ? text
            : text.padEnd(widths[i] ?? 0);
      const fitted = cut(aligned, leftOver);
      leftOver = Math.max(0, leftOver - fitted.length - GAP.length);
      return paint({ text: fitted, tone }, page);
    });
    return `${parts.join(GAP).trimEnd()}\n`;
  };
  const titles = columns.map(({ title }): Cell => ({ text: title, tone: "dim" }));
  return [titles, ...cells].map(write).join("");
}

/** Indexes of the columns that there is room for. */
function fitting(columns: readonly Column[], widths: readonly number[], room: number): number[] {
  const shown = columns.map((_, i) => i);
  const width = () => shown.reduce((sum, i) => sum + (widths[i] ?? 0) + GAP.length, -GAP.length);
  while (width() > room) {
    const dropped = shown
      .filter((i) => columns[i]?.drop !== undefined)
      .sort((a, b) => (columns[b]?.drop ?? 0) - (columns[a]?.drop ?? 0))[0];
    if (dropped === undefined) break;
    shown.splice(shown.indexOf(dropped), 1);
  }
  return shown;
}
