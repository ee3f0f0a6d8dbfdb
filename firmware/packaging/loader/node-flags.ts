/**
 * Node's flags for child processes. An executable of Node's SEA takes them for ordinary arguments, but obeys NODE_OPTIONS;
 * so what `fork` is given as `execArgv` goes there, for that one process and not for its children.
 */
import childProcess from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { setFlagsFromString } from "node:v8";

const VARIABLE = "ASICD_FORK_FLAGS";

interface Handover {
  readonly flags: readonly string[];
  /** To be restored. */
  readonly nodeOptions: string | null;
}

/** Ends the hand-over in a child: `process.execArgv` and the environment are then as under Node. */
export function adoptFlags(): void {
  const text = process.env[VARIABLE];
  if (text === undefined) return;
  delete process.env[VARIABLE];
  const { flags, nodeOptions } = JSON.parse(text) as Handover;
  if (nodeOptions === null) delete process.env["NODE_OPTIONS"];
  else process.env["NODE_OPTIONS"] = nodeOptions;
  process.execArgv = [...flags];
  for (const flag of flags) if (!isForEnvironment(flag)) setFlagsFromString(flag);
}

/** From now on `fork` gives its `execArgv` to the child in this way. */
export function forkWithFlags(): void {
  const fork = childProcess.fork;
  const forkWith = (
    modulePath: string | URL,
    given: readonly string[] | childProcess.ForkOptions = [],
    more: childProcess.ForkOptions = {},
  ) => {
    const [args, options] = isList(given) ? [given, more] : [[], given];
    return fork(modulePath, args, {
      ...options,
      execArgv: [],
      env: withFlags(options.env ?? process.env, options.execArgv ?? process.execArgv),
    });
  };
  childProcess.fork = forkWith as typeof fork;
  syncBuiltinESMExports();
}

/** The environment in which a child finds `flags`. */
export function withFlags(
  environment: NodeJS.ProcessEnv,
  flags: readonly string[],
): NodeJS.ProcessEnv {
  if (flags.length === 0) return environment;
  const before = environment["NODE_OPTIONS"];
  const obeyed = flags.filter(isForEnvironment);
  const handover: Handover = { flags, nodeOptions: before ?? null };
  return {
    ...environment,
    NODE_OPTIONS: [before ?? "", ...obeyed].join(" ").trim(),
    [VARIABLE]: JSON.stringify(handover),
  };
}

/** Others end Node with code 9; V8 takes most of them later, too. */
function isForEnvironment(flag: string): boolean {
  return process.allowedNodeEnvironmentFlags.has(flag) && !/[\s"\\]/.test(flag);
}

function isList(value: readonly string[] | childProcess.ForkOptions): value is readonly string[] {
  return Array.isArray(value);
}
