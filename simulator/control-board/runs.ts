/** What happens to the emulated computer, as a table: each run starts it anew. */
import { sabreLite, sabreLiteSingle } from "../../boards/sabrelite.ts";
import { runGuestContracts } from "./guest-contracts.ts";
import { heatSensor, removeSensor } from "./harm.ts";
import { measureMemory } from "./memory-goal.ts";
import { playScene, type RunContext } from "./scene.ts";

export interface Run {
  readonly name: string;
  readonly does: string;
  /** Rejects when a step of it failed. */
  readonly play: (context: RunContext) => Promise<void>;
}

export const runs: readonly Run[] = [
  {
    name: "contracts",
    does: "the contract suites of drivers/linux on the real kernel's devices",
    play: playContracts,
  },
  {
    name: "heat",
    does: "three chains; a sensor is heated past dangerous",
    play: (context) => playScene({ spec: sabreLite, memoryMB: 512, harm: heatSensor }, context),
  },
  {
    name: "sensor",
    does: "one chain, 256 MB, page open, one client polls: memory; then the sensor disappears",
    play: (context) =>
      playScene(
        {
          spec: sabreLiteSingle,
          memoryMB: 256,
          async harm(scene) {
            await measureMemory(scene, context);
            await removeSensor(scene, context);
          },
        },
        context,
      ),
  },
];

const CONTRACTS_WITHIN_S = 240;

function playContracts({ stage, asicdTree, log }: RunContext): Promise<void> {
  return stage.step("contract suites", CONTRACTS_WITHIN_S, async (signal) => {
    const result = await runGuestContracts({ asicdTree, log, signal });
    const text = `${result.passed} passed, ${result.failed} failed`;
    if (result.failed > 0 || result.passed === 0) throw new Error(text);
    return `${text} in the guest, by one bundle without vitest`;
  });
}
