/** The whole status on one page of text. */
import type { Status } from "../../../src/api/status.ts";
import { formatDuration, formatScale } from "../format.ts";
import { boardRows } from "./board-text.ts";
import { celsius, percent, poolState, power, rate } from "./figures.ts";
import { type Cell, line, type Page, plain, type Tone } from "./terminal-text.ts";

const SEVERITY_TONES: Readonly<Record<Status["problems"][number]["severity"], Tone>> = {
  info: "dim",
  warning: "warning",
  error: "bad",
};

export function statusText(status: Status, page: Page): string {
  const { device, summary, problems, boards } = status;
  const lines: (Cell | string)[] = [
    {
      text: `${device.name}: ${device.model}, asicd ${device.version}, up ${formatDuration(device.uptimeS)}`,
      tone: "strong",
    },
    ...(device.simulated
      ? [
          {
            text: `SIMULATED HARDWARE${device.scale === 1 ? "" : `, rates ${formatScale(device.scale)}`}`,
            tone: "warning" as const,
          },
        ]
      : []),
  ];
  const sentence = wrap(plain(summary.sentence), page.columns).map(
    (text): Cell => ({ text, tone: summary.state === "lost" ? "bad" : "plain" }),
  );
  return [
    ...[...lines, ...sentence, "", ...figures(status, page)].map((one) => line(one, page)),
    "\n",
    boardRows(boards, page),
    ...(problems.length === 0 ? [] : ["\n", line({ text: "Problems", tone: "strong" }, page)]),
    ...problems.flatMap(({ severity, where, text }) =>
      wrap(plain(`${severity}, ${where}: ${text}`), page.columns).map((part) =>
        line({ text: part, tone: SEVERITY_TONES[severity] }, page),
      ),
    ),
  ].join("");
}

/** Of a silent guard they are the last that it told, and look so. */
function figures(status: Status, { columns }: Page): Cell[] {
  const { hashrate, power: watts, temperature, fans, shares, pools, summary } = status;
  const { m5, m15, h24 } = hashrate.hashrateHps;
  const { accepted, rejected } = shares.run;
  const answered = accepted + rejected;
  const share = answered === 0 ? "" : ` (${percent((rejected / answered) * 100)})`;
  const rpm = fans.fans.map(({ rpm: value }) => value?.toFixed(0) ?? "?").join(" ");
  const rows: readonly (readonly [string, string])[] = [
    ["Hashrate", `${rate(m5)} of ${rate(hashrate.expectedHps)} expected`],
    ["", `15 min ${rate(m15)}, 24 h ${rate(h24)}`],
    ["Power", power(watts)],
    [
      "Hottest",
      `${celsius(temperature.hottestC)}${temperature.where === null ? "" : `, ${temperature.where}`}`,
    ],
    [
      "Fans",
      `${fans.mode}, ${fans.targetDutyPercent.toFixed(0)} %, ${fans.turning} of ${fans.required} turn${rpm === "" ? "" : `, rpm ${rpm}`}`,
    ],
    ["Shares", `${accepted} accepted, ${rejected} rejected${share}`],
    ["Pools", pools.map((pool) => `${pool.name} ${poolState(pool).text}`).join(", ") || "none"],
  ];
  return rows.flatMap(([name, value]) =>
    wrap(plain(value), columns - LABEL).map(
      (part, i): Cell => ({
        text: `${(i === 0 ? name : "").padEnd(LABEL)}${part}`,
        tone: summary.state === "lost" ? "dim" : "plain",
      }),
    ),
  );
}

/** Columns of the names of figures. */
const LABEL = 10;

/** A word that is longer than a line stays whole here, and is cut with its line. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(" ")) {
    if (current !== "" && current.length + 1 + word.length > columns) {
      lines.push(current);
      current = word;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  return [...lines, current];
}
