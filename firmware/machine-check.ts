/** What only the running machine can say about its settings. */
import type { MachineSpec } from "../boards/machine-spec.ts";
import type { LoadedConfig } from "../src/config/load.ts";
import { highestFrequencyMHz } from "../src/control/frequency-bounds.ts";
import { limitsWithin } from "../src/control/limits-within.ts";
import { ConfigError, type ConfigProblem } from "../src/lib/errors.ts";

type Spec = Pick<MachineSpec, "id" | "name" | "limits" | "chains">;

/** Throws ConfigError with every problem: better now than by a guard that gives no power. */
export function checkMachineSettings(spec: Spec, { machine }: Pick<LoadedConfig, "machine">): void {
  const problems: ConfigProblem[] = [];
  try {
    limitsWithin(spec.limits, machine?.limits);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  const mostMHz = Math.min(
    ...spec.chains.map(({ chain }) =>
      highestFrequencyMHz(chain.chip.nominalFrequencyMHz, chain.frequencyMHz),
    ),
  );
  if (machine?.frequencyMHz !== undefined && machine.frequencyMHz > mostMHz)
    problems.push({
      path: "machine.frequencyMHz",
      problem: `${machine.frequencyMHz} MHz is out of bounds for ${spec.name}`,
      allowed: `at most ${mostMHz} MHz`,
    });
  if (problems.length > 0) throw new ConfigError(problems);
}

/**
 * As above, for a change that comes over page or API. What could keep asicd from starting again, or lead root to other
 * folders, is for whoever may edit the file. Throws ConfigError with every problem.
 */
export function checkChangedSettings(
  spec: Spec,
  running: Pick<LoadedConfig, "paths" | "machine">,
  changed: Pick<LoadedConfig, "paths" | "machine">,
): void {
  const problems: ConfigProblem[] = [];
  const { paths, machine } = changed;
  if (JSON.stringify(paths) !== JSON.stringify(running.paths))
    problems.push({
      path: "paths",
      problem: "can be changed in the configuration file only",
      allowed: `${running.paths.stateDir}, ${running.paths.runtimeDir}`,
    });
  const board = machine?.board;
  if (board !== running.machine?.board && board !== spec.id)
    problems.push({
      path: "machine.board",
      problem:
        "is not the machine that runs; another one can be named in the configuration file only",
      allowed: `"${spec.id}"`,
    });
  try {
    checkMachineSettings(spec, changed);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  if (problems.length > 0) throw new ConfigError(problems);
}
