/** The command `asicd clear`: an operator has looked at what tripped. */
import { type Command, exitCodes } from "./cli/command.ts";
import { readConfigFile } from "./cli/config-file.ts";
import { guardPid } from "./guard-lock.ts";

const DEFAULT_RUNTIME_DIR = "/var/run/asicd";

export const clearCommand: Command = {
  name: "clear",
  summary: "let boards have power again that latched after repeated trips",
  usage: "[--config FILE | --runtime-dir DIR]",
  description: `A board that trips again within five minutes stays off until somebody has looked (asicd events tells what happened).
This command is that somebody's word; the guard still gives power only when nothing speaks against it.`,
  options: {
    config: {
      type: "string",
      value: "FILE",
      description: "take the folder from this configuration",
    },
    "runtime-dir": {
      type: "string",
      value: "DIR",
      description: "where the guard keeps its lock",
      defaultText: DEFAULT_RUNTIME_DIR,
    },
  },
  examples: ["asicd clear"],
  async run(args, context) {
    const config = args.string("config", undefined);
    const given = args.string("runtime-dir", undefined);
    args.finish();
    const runtimeDir =
      given ??
      (config === undefined ? DEFAULT_RUNTIME_DIR : readConfigFile(config).paths.runtimeDir);
    const pid = guardPid(runtimeDir);
    if (pid === undefined) {
      context.stderr(`asicd: no guard runs that keeps its lock in ${runtimeDir}\n`);
      return exitCodes.failed;
    }
    process.kill(pid, "SIGUSR2");
    context.stdout("The guard is told; asicd events shows what it does.\n");
    return exitCodes.ok;
  },
};
