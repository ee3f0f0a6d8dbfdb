/** Commands that act on the machine. What asicd does not do that way is refused, never pretended. */
import type { Action } from "../../api/device.ts";
import type { BoardStatus } from "../../api/status.ts";
import type { Ask, Command } from "./ask.ts";
import { answer, type MessageCode, message, type Reply } from "./messages.ts";
import { onBoard } from "./read-commands.ts";
import { summaryRow } from "./summary-section.ts";

/** cgminer names none; long enough to walk along a row of racks. */
const IDENTIFY_S = 60;

export const machineCommands: Readonly<Record<string, Command>> = {
  privileged: write(() => message(46)),
  save: write(() => message(44)),
  restart: write((ask) => ending(ask, "RESTART")),
  // A firmware that ends for good leaves a machine that nobody reaches: it starts again.
  quit: write((ask) => ending(ask, "BYE")),
  zero: write(zero),
  debug: write(() => answer(79, "DEBUG", [debugRow])),
  setconfig: write(setConfig),
  hotplug: write(() => message(102)),
  lockstats: { writes: true, joins: true, run: () => message(124) },
  ascenable: write((ask) => onBoard(ask, (board) => enableBoard(ask, board))),
  ascdisable: write((ask) => onBoard(ask, (board) => disableBoard(ask, board))),
  ascidentify: write((ask) => onBoard(ask, () => identify(ask))),
  ascset: write((ask) => onBoard(ask, (board) => setBoard(ask, board))),
  ...Object.fromEntries(
    ["pgaenable", "pgadisable", "pgaidentify", "pgaset"].map((name) => [
      name,
      write(() => message(56)),
    ]),
  ),
};

function write(run: Command["run"]): Command {
  return { writes: true, joins: false, run };
}

async function act(ask: Ask, action: Action, done: Reply, failed: MessageCode): Promise<Reply> {
  const outcome = await ask.device.act(action, ask.actor);
  return outcome.is === "refused" ? message(failed, outcome.text) : done;
}

function ending(ask: Ask, goodbye: "BYE" | "RESTART"): Promise<Reply> {
  return act(ask, { do: "restart" }, { goodbye }, 45);
}

function zero({ device, parameter = "", status, zero: mark }: Ask): Reply {
  const [which = "", showsSummary = ""] = parameter.toLowerCase().split(",");
  if (which === "" || showsSummary === "") return message(94);
  if (which !== "all" && which !== "bestshare") return message(95, which.slice(0, 40));
  // From what is really counted, not from what an earlier mark left of it.
  mark.set(which, device.status());
  return showsSummary === "true"
    ? answer(96, "SUMMARY", [summaryRow(status)], which)
    : message(97, which);
}

const debugRow = {
  Silent: false,
  Quiet: false,
  Verbose: false,
  Debug: false,
  RPCProto: false,
  PerDevice: false,
  WorkTime: false,
};

/** cgminer's own names (queue, scantime, expiry) have no meaning here; `paused` is the one that has. */
async function setConfig(ask: Ask): Promise<Reply> {
  const [name = "", text = ""] = (ask.parameter ?? "").split(",").map((part) => part.trim());
  if (name === "") return message(85);
  if (name !== "paused") return message(83, `${name.slice(0, 40)}; known: paused (0 or 1)`);
  if (text === "") return message(86, name);
  if (text !== "0" && text !== "1") return message(84, `${text.slice(0, 40)}; allowed: 0, 1`);
  return act(ask, { do: text === "1" ? "pause" : "resume" }, message(82, ask.parameter), 45);
}

/** Boards have no switch of their own: the machine is paused as a whole, and a board that is not well waits for a person. */
async function enableBoard(ask: Ask, { index, state }: BoardStatus): Promise<Reply> {
  if (state === "latched" || state === "faulted" || state === "absent") return message(112, index);
  if (!ask.status.paused) return message(108, index);
  return isOnlyBoard(ask)
    ? act(ask, { do: "resume" }, message(110, index), 45)
    : message(45, `the machine is paused as a whole; ${PAUSE_HINT}`);
}

async function disableBoard(ask: Ask, { index }: BoardStatus): Promise<Reply> {
  if (ask.status.paused) return message(109, index);
  return isOnlyBoard(ask)
    ? act(ask, { do: "pause" }, message(111, index), 45)
    : message(45, `a board is not switched off by itself; ${PAUSE_HINT}`);
}

const PAUSE_HINT = "setconfig|paused,1 and setconfig|paused,0 pause and resume all of it";

function isOnlyBoard({ status }: Ask): boolean {
  return status.boards.length === 1;
}

function identify(ask: Ask): Promise<Reply> {
  const done = message(113, `${IDENTIFY_S} s`);
  return act(ask, { do: "identify", seconds: IDENTIFY_S }, done, 114);
}

async function setBoard(ask: Ask, { index }: BoardStatus): Promise<Reply> {
  const [, option = ""] = (ask.parameter ?? "").split(",").map((part) => part.trim());
  switch (option.toLowerCase()) {
    case "":
      return message(116);
    case "help":
      return message(118);
    case "reset":
      return act(
        ask,
        { do: "restart-chain", chain: index },
        message(119, `board ${index} restarts`),
        120,
      );
    default:
      return message(117, option.slice(0, 40));
  }
}
