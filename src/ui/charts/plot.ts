/** uPlot in the colours of the page, with events as marks above the lines. */
import uPlot from "uplot";
import type { DeviceEvent } from "../../api/status.ts";
import type { Formats } from "../words/format.ts";
import { type Line, paddedRange } from "./series.ts";

export interface PlotContent {
  readonly unixSeconds: readonly number[];
  readonly lines: readonly Line[];
  readonly events: readonly DeviceEvent[];
  readonly fromUnixSeconds: number;
  readonly toUnixSeconds: number;
  readonly axisText: (value: number) => string;
}

const HEIGHT_PX = 220;
const DAY_S = 86_400;
/** Lines are told apart without colour too. */
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [9, 3, 2, 3]];

export function openPlot(
  host: HTMLElement,
  content: PlotContent,
  f: Formats,
  onCursor: (index: number | null) => void,
): uPlot {
  const style = getComputedStyle(host);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--text-2"),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  const isLong = content.toUnixSeconds - content.fromUnixSeconds > 2 * DAY_S;
  return new uPlot(
    {
      width: host.clientWidth,
      height: HEIGHT_PX,
      padding: [18, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { range: () => [content.fromUnixSeconds, content.toUnixSeconds] },
        y: { range: (_, least, greatest) => [...paddedRange(least ?? 0, greatest ?? 1)] },
      },
      axes: [
        {
          ...axis,
          space: 70,
          size: 30,
          values: (_, splits) => splits.map((at) => (isLong ? f.day(at) : f.clock(at))),
        },
        {
          ...axis,
          size: (plot, texts) => widestPx(plot, texts ?? []) + 18,
          space: 40,
          values: (_, splits) => splits.map((value) => content.axisText(value)),
        },
      ],
      series: [{}, ...content.lines.map((line) => lookOf(line, colour))],
      hooks: {
        setCursor: [({ cursor }) => onCursor(cursor.idx ?? null)],
        draw: [(plot) => drawMarks(plot, content.events, colour)],
      },
    },
    [content.unixSeconds, ...content.lines.map(({ values }) => values)] as uPlot.AlignedData,
    host,
  );
}

function widestPx({ ctx }: uPlot, texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => ctx.measureText(text).width)) / uPlot.pxRatio;
}

function lookOf({ label, look }: Line, colour: (name: string) => string): uPlot.Series {
  const points = { show: false };
  if (look === "expected")
    return { label, stroke: colour("--text-3"), width: 1.5, dash: [4, 4], points };
  const stroke = colour(`--series-${look}`);
  const dash = [...(DASHES[look] ?? [])];
  const fill = look === 0 ? { fill: colour("--series-fill") } : {};
  return { label, stroke, width: 2, dash, points, ...fill };
}

/** A stem and a head: ring, triangle or diamond by how serious it is. */
function drawMarks(
  plot: uPlot,
  events: readonly DeviceEvent[],
  colour: (name: string) => string,
): void {
  const { ctx } = plot;
  const ratio = uPlot.pxRatio;
  const { top, height } = plot.bbox;
  ctx.save();
  ctx.lineWidth = ratio;
  for (const { unixSeconds, severity } of events) {
    const x = plot.valToPos(unixSeconds, "x", true);
    const tone = { info: "--info", warning: "--warning", error: "--bad" }[severity];
    ctx.strokeStyle = colour(tone);
    ctx.fillStyle = colour(tone);
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.globalAlpha = severity === "info" ? 0.35 : 0.8;
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
    drawHead(ctx, severity, x, top - 7 * ratio, 4.5 * ratio);
  }
  ctx.restore();
}

function drawHead(
  ctx: CanvasRenderingContext2D,
  severity: DeviceEvent["severity"],
  x: number,
  y: number,
  r: number,
): void {
  ctx.beginPath();
  if (severity === "info") {
    ctx.arc(x, y, r * 0.75, 0, 2 * Math.PI);
    ctx.stroke();
    return;
  }
  ctx.moveTo(x, y - r);
  ctx.lineTo(x + r, severity === "error" ? y : y + r);
  if (severity === "error") ctx.lineTo(x, y + r);
  ctx.lineTo(x - r, severity === "error" ? y : y + r);
  ctx.closePath();
  ctx.fill();
}
