/** Our Template Provider for programs of the reference implementation, with blocks that a simulated device can find. */
import {
  type RunningTemplateProvider,
  runTemplateProvider,
} from "../../simulator/template-provider/main.ts";
import { closing } from "./closing.ts";
import { nbitsForOneIn } from "./network-target.ts";
import type { Stage } from "./scenario.ts";

/** A few seconds of what the simulated machine hashes on two cores. */
export const HASHES_PER_BLOCK = 2 ** 22;

/** Blocks and templates come often, so that a short run follows some of each. */
export async function startBusyProvider(
  ports: Stage["ports"],
  hashesPerBlock = HASHES_PER_BLOCK,
): Promise<RunningTemplateProvider & AsyncDisposable> {
  const schedule = { blockIntervalMs: 9_000, templateIntervalMs: 3_500 };
  return closing(
    await runTemplateProvider(
      { host: "127.0.0.1", port: 0 },
      { ...schedule, nbits: nbitsForOneIn(hashesPerBlock) },
      ports,
    ),
  );
}

/** Our Template Provider took the blocks; of those that lost a race against another block, a quarter is bad luck. */
export function blocksHold({ provider }: RunningTemplateProvider): [passed: boolean, said: string] {
  const { blocksFound, solutionsRefused, solutionsLate } = provider.statistics();
  return [
    blocksFound > 0 && solutionsRefused === 0 && solutionsLate <= Math.max(1, blocksFound / 4),
    `${blocksFound} blocks, ${solutionsRefused} refused, ${solutionsLate} late`,
  ];
}
