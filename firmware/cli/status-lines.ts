/** The live status as lines of text: pure, so that a test can read it and a narrow terminal can have it. */
import { printable } from "../../src/lib/bytes.ts";
import type {
  ChainSnapshot,
  ChannelSnapshot,
  MinerSnapshot,
  NonceCounts,
  PoolSnapshot,
} from "../../src/telemetry/snapshot.ts";
import {
  cut,
  formatDifficulty,
  formatDuration,
  formatHashrate,
  formatMs,
  formatScale,
} from "./format.ts";

export type Tone = "plain" | "strong" | "dim" | "warning" | "bad";

/** What a line is worth on a terminal with too few rows; the first go first. */
export const importance = ["channel", "blocks", "gap", "chain", "context", "sum"] as const;

export interface StatusLine {
  readonly text: string;
  readonly tone: Tone;
  readonly weight: (typeof importance)[number];
}

/** The status, no line wider than `width` columns. */
export function statusLines(snapshot: MinerSnapshot, width: number): StatusLine[] {
  const lines: StatusLine[] = [
    line(`asicd  up ${formatDuration(snapshot.uptimeS)}`, "strong"),
    ...(snapshot.simulated
      ? [
          line(
            `SIMULATED ${formatScale(snapshot.scale)}: real hashing, every rate is nominal ${formatScale(snapshot.scale)}`,
            "warning",
          ),
        ]
      : []),
    line("", "plain", "gap"),
    ...poolLines(snapshot.pool),
    ...snapshot.pools.filter(({ name }) => name !== snapshot.pool.name).map(otherPoolLine),
    line("", "plain", "gap"),
    ...chainLines(snapshot, width),
  ];
  return lines.map((one) => ({ ...one, text: cut(one.text, width) }));
}

/** "stratum2+tcp://host:port/KEY" without most of the key: it is public, long, and says little to the eye. */
export function shortPoolUrl(url: string): string {
  const shown = printable(url);
  return shown.replace(/\/([^/]{12})[^/]{8,}$/, "/$1…");
}

/** "stale-share 3, difficulty-too-low 1", most frequent first; the reasons are the pool's words. */
export function describeRejections(byReason: Readonly<Record<string, number>>): string {
  return Object.entries(byReason)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${printable(reason, 40)} ${count}`)
    .join(", ");
}

/** Shares to which the pool said neither yes nor no, whether it still can or not. */
export function countUnanswered(pool: PoolSnapshot): number {
  return pool.unacknowledged + pool.lostUnacknowledged;
}

function poolLines(pool: PoolSnapshot): StatusLine[] {
  const mining = pool.phase === "mining";
  const reason = pool.reason === null || mining ? "" : `: ${printable(pool.reason)}`;
  const security = pool.encrypted ? "" : "  NOT ENCRYPTED";
  const rejections = describeRejections(pool.rejectedByReason);
  const latency = pool.newBlockLatencyMs;
  return [
    line(`Pool     ${shortPoolUrl(pool.url)}${security}`, security === "" ? "plain" : "warning"),
    line(`         ${pool.phase}${reason}`, mining ? "plain" : "warning"),
    ...byChain(pool.channels).map((channel) =>
      line(
        `Channel  ${channel.channelId} for chain ${channel.chainIndexes.join(", ")}  difficulty ${formatDifficulty(channel.shareDifficulty)}  ${channel.accepted} accepted  ${channel.rejected} rejected`,
        "dim",
        "channel",
      ),
    ),
    line(
      `Shares   ${pool.accepted} accepted  ${pool.rejected} rejected  ${countUnanswered(pool)} unanswered${pool.lostUnacknowledged > 0 ? ` (${pool.lostUnacknowledged} lost with a connection)` : ""}`,
      "strong",
      "sum",
    ),
    ...(rejections === "" ? [] : [line(`Rejected ${rejections}`, "bad")]),
    line(
      `Blocks   ${pool.blocksSeen} seen${latency === null ? "" : `  new block to the last chain's job: p50 ${formatMs(latency.p50)}  p99 ${formatMs(latency.p99)}`}`,
      "plain",
      "blocks",
    ),
  ];
}

/** One line for each pool beside the one above. */
function otherPoolLine(pool: PoolSnapshot): StatusLine {
  const security = pool.encrypted ? "" : "  NOT ENCRYPTED";
  const shares = pool.state === "active" || pool.accepted > 0 ? `, ${pool.accepted} accepted` : "";
  return line(
    `         ${shortPoolUrl(pool.url)}${security}  ${pool.state}${shares}: ${printable(pool.why)}`,
    pool.state === "down" ? "warning" : "dim",
    "context",
  );
}

/** Pools number channels as they open them, which says nothing to anyone. */
function byChain(channels: readonly ChannelSnapshot[]): ChannelSnapshot[] {
  return [...channels].sort((a, b) => (a.chainIndexes[0] ?? 0) - (b.chainIndexes[0] ?? 0));
}

interface Column {
  readonly title: string;
  readonly of: (chain: ChainSnapshot) => string;
  readonly total: (snapshot: MinerSnapshot) => string;
}

/** From the left in order of importance: a narrow terminal loses those on the right. */
const columns: readonly Column[] = [
  { title: "chain", of: (chain) => String(chain.index), total: () => "total" },
  { title: "chip", of: (chain) => chain.chip, total: () => "" },
  {
    title: "chips",
    of: (chain) => `${chain.chipsFound}/${chain.chipsExpected}`,
    total: ({ total, chains }) =>
      `${total.chipsFound}/${chains.reduce((sum, { chipsExpected }) => sum + chipsExpected, 0)}`,
  },
  {
    title: "MHz",
    of: ({ frequencyMHz }) => String(Math.round(frequencyMHz * 100) / 100),
    total: () => "",
  },
  {
    title: "hashrate",
    of: (chain) => formatHashrate(chain.hashrateHps),
    total: ({ total }) => formatHashrate(total.hashrateHps),
  },
  {
    title: "nominal",
    of: (chain) => formatHashrate(chain.nominalHps),
    total: ({ total }) => formatHashrate(total.nominalHps),
  },
  {
    title: "accepted",
    of: (chain) => String(chain.accepted),
    total: ({ total }) => String(total.accepted),
  },
  {
    title: "rejected",
    of: (chain) => String(chain.rejected),
    total: ({ total }) => String(total.rejected),
  },
  {
    title: "errors",
    of: (chain) => String(chain.hardwareErrors),
    total: ({ total }) => String(total.hardwareErrors),
  },
  {
    title: "nonces",
    of: (chain) => String(countNonces(chain)),
    total: ({ total }) => String(countNonces(total)),
  },
];

/** Every nonce that the chips reported, whatever became of it. */
export function countNonces(counts: NonceCounts): number {
  return (
    counts.submitted +
    counts.belowShareTarget +
    counts.duplicate +
    counts.stale +
    counts.hardwareErrors +
    counts.unknownJob
  );
}

function chainLines(snapshot: MinerSnapshot, width: number): StatusLine[] {
  const rows = snapshot.chains.map((chain) => columns.map((column) => column.of(chain)));
  const total = columns.map((column) => column.total(snapshot));
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...[...rows, total].map((row) => row[i]?.length ?? 0)),
  );
  const visible = columnsThatFit(widths, width);
  const join = (row: readonly string[]) =>
    row
      .slice(0, visible)
      .map((cell, i) => cell.padStart(widths[i] ?? 0))
      .join("  ");
  return [
    line(join(columns.map(({ title }) => title)), "dim"),
    ...snapshot.chains.flatMap((chain, i) => [
      line(join(rows[i] ?? []), chain.phase === "hashing" ? "plain" : "warning", "chain"),
      ...notes(chain),
    ]),
    ...(snapshot.chains.length > 1 ? [line(join(total), "strong", "sum")] : []),
  ];
}

function columnsThatFit(widths: readonly number[], width: number): number {
  let used = -2;
  for (const [i, columnWidth] of widths.entries()) {
    used += columnWidth + 2;
    if (used > width) return Math.max(1, i);
  }
  return widths.length;
}

function notes(chain: ChainSnapshot): StatusLine[] {
  const note = (text: string, tone: Tone) => line(`       ${text}`, tone, "chain");
  const found: StatusLine[] = [];
  if (chain.phase !== "hashing") {
    const step = chain.bringUpStep === null ? "" : `, ${printable(chain.bringUpStep, 40)}`;
    const reason = chain.reason === null ? "" : `: ${printable(chain.reason)}`;
    found.push(
      note(`${chain.phase}${step}${reason}`, chain.phase === "faulted" ? "bad" : "warning"),
    );
  }
  const wire = describeWireErrors(chain.wire);
  if (wire !== "") found.push(note(`wire: ${wire}`, "warning"));
  if (chain.repeatedWork > 0)
    found.push(
      note(
        `search space exhausted, ${(100 * chain.repeatedWork).toFixed(1)} % of work repeats`,
        "bad",
      ),
    );
  return found;
}

/** "12 bytes dropped, 1 bad CRC"; empty when nothing went wrong. */
function describeWireErrors(wire: ChainSnapshot["wire"]): string {
  const counts: readonly (readonly [count: number, one: string, many: string])[] = [
    [wire.bytesDropped, "byte dropped", "bytes dropped"],
    [wire.crcErrors, "bad CRC", "bad CRCs"],
    [wire.wrongChipIds, "wrong chip id", "wrong chip ids"],
    [wire.unexpectedFrames, "unexpected frame", "unexpected frames"],
  ];
  return counts
    .filter(([count]) => count > 0)
    .map(([count, one, many]) => `${count} ${count === 1 ? one : many}`)
    .join(", ");
}

function line(
  text: string,
  tone: Tone = "plain",
  weight: StatusLine["weight"] = "context",
): StatusLine {
  return { text, tone, weight };
}
