/** What only the running machine can say about its settings. */
import type { MachineSpec } from "../boards/machine-spec.ts";
import { machineById } from "../boards/machines.ts";
import type { LoadedConfig } from "../src/config/load.ts";
import { highestFrequencyMHz } from "../src/control/frequency-bounds.ts";
import { limitsWithin } from "../src/control/limits-within.ts";
import { printable } from "../src/lib/bytes.ts";
import { ConfigError, type ConfigProblem } from "../src/lib/errors.ts";
import { declaredIds, type NoMachine } from "./find-machine.ts";

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
 * As above, for a change that comes over page or API. What leads root to other folders is for whoever may edit the file. A
 * name may be taken back, as it may have been wrong: after the next restart page and API ask for it. Throws ConfigError with
 * every problem.
 */
export function checkChangedSettings(
  spec: Spec,
  running: Pick<LoadedConfig, "paths" | "machine">,
  changed: Pick<LoadedConfig, "paths" | "machine">,
): void {
  const problems = pathProblems(running, changed);
  const board = changed.machine?.board;
  if (board !== undefined && board !== running.machine?.board && board !== spec.id)
    problems.push({
      path: "machine.board",
      problem: `${printable(board, 40)} is not the machine that runs`,
      allowed: `"${spec.id}", or none and a restart of asicd, after which another one can be named`,
    });
  try {
    checkMachineSettings(spec, changed);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

/**
 * As above, while nobody knows which machine this is: it may be named, and what depends on the machine is set with its name
 * or later. Throws ConfigError with every problem.
 */
export function checkNaming(
  { refusal }: Pick<NoMachine, "refusal">,
  running: Pick<LoadedConfig, "paths" | "machine">,
  changed: Pick<LoadedConfig, "paths" | "machine">,
): void {
  const problems = pathProblems(running, changed);
  const { board, frequencyMHz, limits } = changed.machine ?? {};
  const spec = board === undefined ? undefined : machineById(board);
  const isNew = board !== running.machine?.board;
  if (isNew && board !== undefined && spec === undefined)
    problems.push({
      path: "machine.board",
      problem: `"${printable(board, 40)}" is no declared machine`,
      allowed: declaredIds(),
    });
  if (isNew && refusal !== null && spec !== undefined && spec.match.usb === undefined)
    problems.push({ path: "machine.board", problem: refusal, allowed: "a board on USB" });
  if (spec === undefined) {
    // Nobody can say whether they fit: the machine that is found would refuse to start with them.
    const early = [
      ["frequencyMHz", frequencyMHz, running.machine?.frequencyMHz],
      ["limits", limits, running.machine?.limits],
    ] as const;
    for (const [name, is, was] of early)
      if (is !== undefined && (isNew || JSON.stringify(is) !== JSON.stringify(was)))
        problems.push({
          path: `machine.${name}`,
          problem: "cannot be checked while nobody knows which machine this is",
          allowed: "with machine.board, or after it",
        });
  } else
    try {
      checkMachineSettings(spec, changed);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  if (problems.length > 0) throw new ConfigError(problems);
}

function pathProblems(
  running: Pick<LoadedConfig, "paths">,
  { paths }: Pick<LoadedConfig, "paths">,
): ConfigProblem[] {
  if (JSON.stringify(paths) === JSON.stringify(running.paths)) return [];
  const allowed = `${running.paths.stateDir}, ${running.paths.runtimeDir}`;
  return [{ path: "paths", problem: "can be changed in the configuration file only", allowed }];
}
