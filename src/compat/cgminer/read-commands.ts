/** Commands that look. */
import type { BoardStatus } from "../../api/status.ts";
import type { Ask, Command } from "./ask.ts";
import { deviceDetailRow, deviceRow, notifyRow } from "./board-sections.ts";
import { answer, message, type Reply } from "./messages.ts";
import { quotaOf } from "./quota.ts";
import { coinRow, configRow, lcdRow } from "./summary-section.ts";

export const readCommands: Readonly<Record<string, Command>> = {
  version: look(({ dialect, status }) => answer(22, "VERSION", [dialect.version(status)])),
  config: look(({ status }) => answer(33, "CONFIG", [configRow(status)])),
  summary: look(({ dialect, status }) => answer(11, "SUMMARY", [dialect.summary(status)])),
  pools: look(pools),
  devs: look(devices),
  edevs: look(devices),
  devdetails: look(({ status }) =>
    answer(
      69,
      "DEVDETAILS",
      status.boards.map((board) => deviceDetailRow(board, status)),
    ),
  ),
  notify: look(({ status, device }) => {
    const events = device.events();
    return answer(
      60,
      "NOTIFY",
      status.boards.map((board) => notifyRow(board, status, events)),
    );
  }),
  stats: look(statistics),
  estats: look(statistics),
  dbgstats: look(statistics),
  coin: look(({ status }) => answer(78, "COIN", [coinRow(status)])),
  lcd: look(({ status }) => answer(125, "LCD", [lcdRow(status)])),
  usbstats: look(() => message(88)),
  asccount: look(({ status }) => answer(104, "ASCS", [{ Count: status.boards.length }])),
  pgacount: look(() => answer(59, "PGAS", [{ Count: 0 }])),
  asc: {
    writes: false,
    joins: false,
    run: (ask) =>
      onBoard(ask, (board) => answer(106, "ASC", [deviceRow(board, ask.status)], board.index)),
  },
  pga: { writes: false, joins: false, run: () => message(56) },
  check: { writes: false, joins: false, run: check },
};

function look(run: Command["run"]): Command {
  return { writes: false, joins: true, run };
}

function pools({ dialect, device, status }: Ask): Reply {
  const rows = dialect.pools(status, quotaOf(device));
  return rows.length === 0 ? message(8) : answer(7, "POOLS", rows);
}

function devices({ status }: Ask): Reply {
  const rows = status.boards.map((board) => deviceRow(board, status));
  return rows.length === 0 ? message(10) : answer(9, "DEVS", rows);
}

function statistics({ dialect, status, newApi, whenUnixSeconds }: Ask): Reply {
  if (newApi && dialect.newStats !== undefined)
    return { document: dialect.newStats(status, whenUnixSeconds) };
  return answer(70, "STATS", dialect.stats(status));
}

function check({ find, mayWrite, parameter = "" }: Ask): Reply {
  if (parameter === "") return message(71);
  const command = find(parameter);
  const isAllowed = command !== undefined && (mayWrite || !command.writes);
  return answer(72, "CHECK", [
    { Exists: command === undefined ? "N" : "Y", Access: isAllowed ? "Y" : "N" },
  ]);
}

/** The board that the parameter names, or why there is none. */
export function onBoard(
  { parameter = "", status }: Ask,
  run: (board: BoardStatus) => Reply | Promise<Reply>,
): Reply | Promise<Reply> {
  const [text = ""] = parameter.split(",");
  if (text.trim() === "") return message(15);
  const board = /^\d{1,6}$/.test(text.trim()) ? status.boards[Number(text)] : undefined;
  return board === undefined
    ? message(107, `${text.slice(0, 40)}; there are 0 to ${status.boards.length - 1}`)
    : run(board);
}
