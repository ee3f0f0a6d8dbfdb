/** What `asicd probe` sees on a simulated machine: everything but the chips, and nothing has power. */
import type { CommandContext } from "../firmware/cli/command.ts";
import { SystemClock } from "../firmware/platform/system-clock.ts";
import { showProbe } from "../firmware/probe.ts";
import { probeFacts } from "../firmware/probe-facts.ts";
import type { PoweredChain } from "./plant/board-model.ts";
import { parseFaults } from "./plant/fault-script.ts";
import { Plant } from "./plant/plant.ts";
import type { SimulateOptions } from "./simulate-options.ts";

/** Shows it on stdout. Faults of a later time have not come yet. */
export async function simulateProbe(
  { spec, faults, seed, json }: Pick<SimulateOptions, "spec" | "faults" | "seed" | "json">,
  context: CommandContext,
): Promise<void> {
  const chains = spec.chains.map(() => WITHOUT_CHIPS);
  using plant = new Plant({ spec, chains, clock: new SystemClock(), seed });
  for (const { fault, fromMs } of parseFaults(faults, spec))
    if (fromMs === 0) plant.addFault(fault);
  showProbe(await probeFacts(plant.machine), json, context);
}

const WITHOUT_CHIPS: PoweredChain = {
  activeMHz: 0,
  setPower() {},
  setReset() {},
  setChipTemperatureC() {},
  addFault() {},
  removeFault() {},
};
