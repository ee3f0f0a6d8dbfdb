/** How much of the guest's memory asicd takes, held against the goal. */
import { memoryInGuest, type ProcessMemory } from "./guest-memory.ts";
import type { RunContext, Scene } from "./scene.ts";

const READ_WITHIN_S = 30;
/** Together; the goal of the issue. */
const MEMORY_GOAL_MB = 80;

export async function measureMemory(
  { board }: Scene,
  { stage, strictMemory, onMemory }: RunContext,
): Promise<void> {
  let memory: readonly ProcessMemory[] = [];
  await stage.step("memory read", READ_WITHIN_S, async () => {
    memory = await memoryInGuest(board);
    return memory.map(({ program, pssMB }) => `${program} ${pssMB.toFixed(1)}`).join(", ");
  });
  onMemory(memory);
  const totalMB = memory.reduce((sum, { pssMB }) => sum + pssMB, 0);
  const isKept = totalMB <= MEMORY_GOAL_MB;
  const detail = `PSS ${totalMB.toFixed(1)} MB of all processes; goal ${MEMORY_GOAL_MB} MB: ${isKept ? "pass" : "MISS"}`;
  stage.tell("memory goal", isKept ? "pass" : strictMemory ? "fail" : "missed", detail);
  if (!isKept && strictMemory) throw new Error(detail);
}
