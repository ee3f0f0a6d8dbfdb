/** Paints the live status on a terminal, at most twice a second, and gives the terminal back as it was. */
import type { Clock } from "../../src/ports/clock.ts";
import type { MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import type { MinerSnapshot } from "../../src/telemetry/snapshot.ts";
import type { CommandContext } from "./command.ts";
import { cut } from "./format.ts";
import { machineStatusLines } from "./machine-lines.ts";
import { importance, type StatusLine, statusLines, type Tone } from "./status-lines.ts";

export interface LiveStatusSource {
  snapshot(): MinerSnapshot;
  /** The hardware around the chips; absent where nobody watches it. */
  machine?(): MachineSnapshot | undefined;
  /** Where page and API are served. */
  pages?(): readonly string[];
  /** What the log said last, oldest first; shown under the figures. */
  recentEvents(): readonly string[];
}

const PERIOD_MS = 500;
/** The alternate screen leaves what the terminal showed before untouched. */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const ERASE_LINE = "\x1b[K";
const ERASE_BELOW = "\x1b[J";
const RESET = "\x1b[0m";
const COLOR_OF_TONE: Readonly<Record<Tone, string>> = {
  plain: "",
  strong: "\x1b[1m",
  dim: "\x1b[2m",
  warning: "\x1b[33m",
  bad: "\x1b[31m",
};

/** Paints until disposed. The terminal is restored even when the process ends without disposing. */
export function showLiveStatus(
  context: Pick<CommandContext, "stdout" | "terminalSize" | "env">,
  clock: Pick<Clock, "every">,
  source: LiveStatusSource,
): Disposable {
  const inColor = (context.env["NO_COLOR"] ?? "") === "";
  let shown = true;

  const paint = () => context.stdout(frame(source, context.terminalSize(), inColor));
  const restore = () => {
    if (shown) context.stdout(LEAVE);
    shown = false;
  };

  context.stdout(ENTER);
  paint();
  const repainting = clock.every(PERIOD_MS, paint);
  process.once("exit", restore);
  return {
    [Symbol.dispose]() {
      repainting[Symbol.dispose]();
      process.off("exit", restore);
      restore();
    },
  };
}

/** One picture: the bytes that replace whatever the screen shows. */
export function frame(
  source: LiveStatusSource,
  { columns, rows }: { readonly columns: number; readonly rows: number },
  inColor: boolean,
): string {
  const machine = source.machine?.();
  const pages = source.pages?.() ?? [];
  const status = [
    ...statusLines(source.snapshot(), columns),
    ...(pages.length === 0
      ? []
      : [
          {
            text: cut(`Page     ${pages.join("  ")}`, columns),
            tone: "plain",
            weight: "chain",
          } as const,
        ]),
    ...(machine === undefined ? [] : machineStatusLines(machine, columns)),
  ];
  const events = source
    .recentEvents()
    .map((text) => ({ text: cut(text, columns), tone: "dim" as Tone }));
  const room = rows - 1;
  const shownStatus = fitInto(status, room);
  const eventRoom = Math.max(0, room - shownStatus.length - 1);
  const shownEvents = eventRoom === 0 ? [] : events.slice(-eventRoom);
  const separator = shownEvents.length > 0 ? [{ text: "", tone: "plain" as Tone }] : [];
  const painted = [...shownStatus, ...separator, ...shownEvents].map(({ text, tone }) => {
    const color = inColor ? COLOR_OF_TONE[tone] : "";
    return color === "" ? text : `${color}${text}${RESET}`;
  });
  return `${HOME}${painted.map((text) => `${text}${ERASE_LINE}\r\n`).join("")}${ERASE_BELOW}`;
}

/** A low terminal loses the least important lines, of equals the lowest. */
function fitInto(lines: readonly StatusLine[], room: number): readonly StatusLine[] {
  const weights = lines.map(({ weight }) => importance.indexOf(weight));
  const dropped = lines
    .map((_, i) => i)
    .sort((a, b) => (weights[a] ?? 0) - (weights[b] ?? 0) || b - a)
    .slice(0, Math.max(0, lines.length - room));
  return lines.filter((_, i) => !dropped.includes(i));
}
