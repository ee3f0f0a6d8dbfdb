/** What the machine as a whole is at, in one word. */
import type { BoardStatus, MachineState } from "./status.ts";
import type { StatusSource } from "./status-source.ts";

/** Of a board without pools: only a reason of its own is worth more than that there is none. */
const KEPT_OFF: readonly BoardStatus["state"][] = ["resting", "latched", "faulted"];

export function machineState(
  source: Pick<StatusSource, "machine" | "guard" | "paused" | "pools">,
  isFresh: boolean,
  boards: readonly BoardStatus[],
): MachineState {
  const { machine, guard, paused, pools } = source;
  if (isGuardComing(guard)) return "lost";
  if (guard.state === "stopped") return "stopped";
  if (machine === null) return guard.lastWordAgoS === null ? "starting" : "lost";
  if (!isFresh) return "lost";
  const states = boards.map(({ state }) => state);
  if (states.includes("hashing")) return "mining";
  if (paused) return "paused";
  if (states.includes("idle")) return "no-pool";
  if (states.includes("starting")) return "starting";
  const hasPools = pools.some(({ enabled }) => enabled);
  if (!hasPools && !states.some((state) => KEPT_OFF.includes(state))) return "no-pool";
  const isWaiting = states.some(
    (state) => state === "off" && machine.minerProcess.state !== "stopped",
  );
  if (isWaiting && machine.minerProcess.state !== "running") return "starting";
  return "protected";
}

/** It died, and is started again: one that ended as it should has not been counted. */
export function isGuardComing({ state, restarts, reason }: StatusSource["guard"]): boolean {
  return state === "stopped" && reason === null && restarts > 0;
}
