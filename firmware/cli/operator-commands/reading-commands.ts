/** Commands that look: status, boards, pools, logs. */
import type { BoardStatus, ChipStatus, PoolStatus, Status } from "../../../src/api/status.ts";
import { SystemClock } from "../../platform/system-clock.ts";
import { type Command, type CommandContext, exitCodes } from "../command.ts";
import { formatMs } from "../format.ts";
import { type ApiClient, ApiUnreachable } from "./api-client.ts";
import { boardRows, chipRows } from "./board-text.ts";
import {
  connectionNote,
  connectionOptions,
  jsonText,
  readConnection,
  withApi,
} from "./connection.ts";
import { percent, poolState, UNKNOWN, utcText } from "./figures.ts";
import { statusText } from "./status-text.ts";
import { line, pageOf, type Tone, table } from "./terminal-text.ts";

const WATCH_S = 2;
/** Cursor home, and what is left of the last picture goes. */
const CLEAR = "\x1b[H\x1b[2J";

export const statusCommand: Command = {
  name: "status",
  summary: "show what the machine does now",
  usage: "[options]",
  description: `Shows the sentence, the figures, the boards and what needs you.\n\n${connectionNote}`,
  options: {
    watch: { type: "boolean", description: `again every ${WATCH_S} s, until Ctrl-C` },
    ...connectionOptions,
  },
  examples: ["asicd status", "asicd status --watch", "asicd status --json | jq .hashrate"],
  async run(args, context) {
    const isWatching = args.flag("watch");
    const connection = readConnection(args, context.env);
    args.finish();
    return withApi(connection, context, async (client) => {
      if (isWatching) return watch(client, context, connection.json);
      const status = (await client.get("/status")) as Status;
      context.stdout(connection.json ? jsonText(status) : statusText(status, pageOf(context)));
      return exitCodes.ok;
    });
  },
};

/** Once it was reached, goes on when asicd is away for a while: it may be restarting. */
async function watch(client: ApiClient, context: CommandContext, json: boolean): Promise<number> {
  const clock = new SystemClock();
  const { signal } = context;
  let wasReached = false;
  while (!signal.aborted) {
    const page = pageOf(context);
    const text = await client.get("/status").then(
      (status) => {
        wasReached = true;
        return json ? `${JSON.stringify(status)}\n` : statusText(status as Status, page);
      },
      (error: unknown) => {
        if (!(error instanceof ApiUnreachable) || !wasReached) throw error;
        return json ? "" : line({ text: `cannot be reached: ${error.message}`, tone: "bad" }, page);
      },
    );
    if (signal.aborted) break;
    context.stdout(json ? text : context.isTerminal ? `${CLEAR}${text}` : `${text}\n`);
    await clock.sleep(WATCH_S * 1_000, signal).catch(() => {});
  }
  return exitCodes.ok;
}

export const boardsCommand: Command = {
  name: "boards",
  summary: "show the hash boards, or the chips of one",
  usage: "[options]",
  description: connectionNote,
  options: {
    chips: { type: "string", value: "N", description: "the chips of board N" },
    ...connectionOptions,
  },
  examples: ["asicd boards", "asicd boards --chips 1"],
  async run(args, context) {
    const board = args.integer("chips", { min: 0, max: 255 }, undefined);
    const connection = readConnection(args, context.env);
    args.finish();
    return withApi(connection, context, async (client) => {
      const page = pageOf(context);
      if (board === undefined) {
        const answer = (await client.get("/boards")) as { readonly boards: readonly BoardStatus[] };
        context.stdout(connection.json ? jsonText(answer) : boardRows(answer.boards, page));
        return exitCodes.ok;
      }
      const answer = (await client.get(`/boards/${board}/chips`)) as {
        readonly chips: readonly ChipStatus[];
      };
      context.stdout(connection.json ? jsonText(answer) : chipRows(answer.chips, page));
      return exitCodes.ok;
    });
  },
};

export const poolsCommand: Command = {
  name: "pools",
  summary: "show the pools in their order, and why each is where it is",
  usage: "[options]",
  description: connectionNote,
  options: connectionOptions,
  async run(args, context) {
    const connection = readConnection(args, context.env);
    args.finish();
    return withApi(connection, context, async (client) => {
      const answer = (await client.get("/pools")) as { readonly pools: readonly PoolStatus[] };
      context.stdout(connection.json ? jsonText(answer) : poolRows(answer.pools, context));
      return exitCodes.ok;
    });
  },
};

function poolRows(pools: readonly PoolStatus[], context: CommandContext): string {
  return table(
    [
      { title: "#", align: "right" },
      { title: "NAME" },
      { title: "STATE" },
      { title: "SHARE", align: "right", drop: 3 },
      { title: "ACCEPTED", align: "right" },
      { title: "REJECTED", align: "right" },
      { title: "ANSWER", align: "right", drop: 4 },
      { title: "LINK", drop: 5 },
      { title: "USER", drop: 6 },
      { title: "WHY", drop: 1 },
      { title: "URL", drop: 7 },
    ],
    pools.map((pool) => [
      String(pool.index),
      pool.name,
      poolState(pool),
      percent(pool.part * 100),
      String(pool.accepted),
      String(pool.rejected),
      pool.roundTripMs === null ? UNKNOWN : formatMs(pool.roundTripMs),
      `${pool.protocol}${pool.encrypted ? " encrypted" : ""}`,
      pool.user,
      pool.reason === null ? pool.why : `${pool.why}; ${pool.reason}`,
      pool.url,
    ]),
    pageOf(context),
  );
}

interface LogLine {
  readonly unixSeconds: number | null;
  readonly level: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const LEVEL_TONES: Readonly<Record<string, Tone>> = { warn: "warning", error: "bad", debug: "dim" };

export const logsCommand: Command = {
  name: "logs",
  summary: "show the newest lines of the log",
  usage: "[options]",
  description: `Oldest first, without secrets. With --json one object a line.\n\n${connectionNote}`,
  options: {
    lines: { type: "string", value: "N", description: "how many", defaultText: "100" },
    ...connectionOptions,
  },
  async run(args, context) {
    const lines = args.integer("lines", { min: 1, max: 2_000 }, 100);
    const connection = readConnection(args, context.env);
    args.finish();
    return withApi(connection, context, async (client) => {
      const answer = (await client.get(`/logs?lines=${lines}`)) as {
        readonly lines: readonly LogLine[];
      };
      const page = pageOf(context);
      for (const one of answer.lines)
        context.stdout(
          connection.json
            ? `${JSON.stringify(one)}\n`
            : line({ text: logText(one), tone: LEVEL_TONES[one.level] ?? "plain" }, page),
        );
      return exitCodes.ok;
    });
  },
};

function logText({ unixSeconds, level, text, fields }: LogLine): string {
  const when = unixSeconds === null ? "" : `${utcText(unixSeconds)}  `;
  const values = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return `${when}${level.padEnd(5)}  ${[text, ...values].join("  ")}`;
}
