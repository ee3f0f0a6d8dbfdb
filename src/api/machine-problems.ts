/** What an operator should look at, each with where, since when and in words. */
import { isGuardComing } from "./machine-state.ts";
import type { Problem, Status, UnnamedMachine } from "./status.ts";
import type { StatusSource } from "./status-source.ts";

/** Of a running machine: less than this part of what its chips should do is worth a look. */
const LOW_RATE = 0.8;
const LOW_RATE_AFTER_S = 900;

export function machineProblems(
  source: StatusSource,
  isFresh: boolean,
  status: Pick<Status, "unnamed" | "boards" | "fans" | "pools" | "processes">,
): Problem[] {
  const problems: Problem[] = [];
  const { machine, guard, nowUnixSeconds } = source;
  const note = (
    code: string,
    severity: Problem["severity"],
    where: string,
    text: string,
    more: Partial<Pick<Problem, "sinceUnixSeconds" | "chain">> = {},
  ) => problems.push({ code, severity, where, text, sinceUnixSeconds: null, chain: null, ...more });

  const { lastWordAgoS } = status.processes.guard;
  if (status.unnamed !== null)
    note("machine-unnamed", "error", "machine", problemText(status.unnamed));
  else if (guard.reason !== null)
    note("guard-refused", "error", "guard", `The guard does not drive it: ${guard.reason}`);
  else if (isGuardComing(guard) || (machine !== null && !isFresh && guard.state !== "stopped"))
    note(
      "guard-silent",
      "error",
      "guard",
      guard.state === "stopped"
        ? "The guard died and is started again: nothing shown here is fresh"
        : "The guard does not answer: nothing shown here is fresh",
      {
        sinceUnixSeconds: lastWordAgoS === null ? null : Math.round(nowUnixSeconds - lastWordAgoS),
      },
    );
  const miner = machine?.minerProcess;
  if (miner?.state === "waiting" || miner?.state === "silent")
    note("miner-down", "error", "miner", `The miner is not running: ${miner.reason ?? "it ended"}`);
  for (const {
    index,
    state,
    reason,
    protection,
    protectionReason,
    chipsFound,
    chipsExpected,
    sensors,
  } of status.boards) {
    const where = `board ${index}`;
    if (state === "absent")
      note("board-absent", "warning", where, `Board ${index} is not plugged in`);
    if (state === "latched")
      note(
        "board-latched",
        "error",
        where,
        `Board ${index} is off until you have looked at it: ${reason ?? ""}`,
        { chain: index },
      );
    if (state === "resting")
      note("board-resting", "warning", where, `Board ${index} rests: ${reason ?? ""}`, {
        chain: index,
      });
    if (state === "faulted")
      note("board-faulted", "error", where, `Board ${index} does not hash: ${reason ?? ""}`, {
        chain: index,
      });
    if (state === "hashing" && reason !== null)
      note("board-limited", "info", where, `Board ${index} runs slower than asked for: ${reason}`);
    if (state === "hashing" && chipsFound < chipsExpected)
      note(
        "chips-missing",
        "warning",
        where,
        `Board ${index} hashes with ${chipsFound} of ${chipsExpected} chips`,
      );
    if (protection === "blind")
      note(
        "board-blind",
        "warning",
        where,
        `Board ${index} is not fully protected: ${protectionReason}`,
      );
    for (const { name, temperatureC, reason: why, unknownSinceUnixSeconds } of sensors)
      if (temperatureC === null && state !== "off" && state !== "absent")
        note(
          "sensor-unknown",
          "warning",
          where,
          `${name} on board ${index} is unknown: ${why ?? ""}`,
          {
            sinceUnixSeconds: unknownSinceUnixSeconds,
          },
        );
  }
  const { required, turning } = status.fans;
  if (machine !== null && turning < required)
    note("fans-missing", "error", "fans", `${turning} of ${required} fans turn`);
  if (!status.pools.some(({ enabled }) => enabled))
    note("no-pools", "warning", "pools", "No pool is set: nothing can hash");
  for (const { name, state, reason, why, enabled } of status.pools)
    if (enabled && state === "down")
      note("pool-down", "warning", `pool ${name}`, `${name} gives no work: ${reason ?? why}`);
  // A board that began later was still off in a part of its 15 minutes.
  const settled = status.boards.filter(
    ({ index }) => (source.hashingForS.get(index) ?? 0) > LOW_RATE_AFTER_S,
  );
  const expectedHps = settled.reduce((sum, board) => sum + board.expectedHps, 0);
  const doneHps = settled.reduce((sum, board) => sum + board.hashrateHps.m15, 0);
  if (isFresh && doneHps < LOW_RATE * expectedHps)
    note(
      "low-hashrate",
      "warning",
      "machine",
      `The chips do ${Math.round((100 * doneHps) / expectedHps)} % of what their clock should give`,
    );
  if (source.waitsForRestart.length > 0)
    note(
      "restart-needed",
      "info",
      "settings",
      `Restart asicd for: ${source.waitsForRestart.join(", ")}`,
    );
  return problems;
}

/** "It may be this or that. Name the board." */
function problemText({ why, advice }: UnnamedMachine): string {
  return `${why.charAt(0).toUpperCase()}${why.slice(1)}. ${advice}`;
}
