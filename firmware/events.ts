/** The command `asicd events`: what the guard did to protect the machine, and why. */
import { join } from "node:path";
import type { MachineEvent } from "../src/telemetry/event.ts";
import { type Command, exitCodes } from "./cli/command.ts";
import { readConfigFile } from "./cli/config-file.ts";
import type { ParsedArgs } from "./cli/parse-args.ts";
import { readEvents } from "./event-file.ts";

const DEFAULT_STATE_DIR = "/var/lib/asicd";

export const eventsCommand: Command = {
  name: "events",
  summary: "show what was done to protect the machine, and why",
  usage: "[--config FILE | --state-dir DIR] [options]",
  description: `Prints the protective actions and the changes in the life of chains that were kept on disk, the oldest first.`,
  options: {
    config: {
      type: "string",
      value: "FILE",
      description: "take the folder from this configuration",
    },
    "state-dir": {
      type: "string",
      value: "DIR",
      description: "where events are kept",
      defaultText: DEFAULT_STATE_DIR,
    },
    last: { type: "string", value: "N", description: "only the last N", defaultText: "all" },
    json: { type: "boolean", description: "one JSON object a line" },
  },
  examples: ["asicd events --last 20", "asicd events --json"],
  run,
};

async function run(args: ParsedArgs, context: Parameters<Command["run"]>[1]): Promise<number> {
  const config = args.string("config", undefined);
  const stateDir = args.string("state-dir", undefined);
  const last = args.integer("last", { min: 1, max: 100_000 }, undefined);
  const json = args.flag("json");
  if (config !== undefined && stateDir !== undefined)
    args.problem({ path: "--state-dir", problem: "is in the configuration already" });
  args.finish();
  const folder =
    stateDir ?? (config === undefined ? DEFAULT_STATE_DIR : readConfigFile(config).paths.stateDir);
  const events = await readEvents(join(folder, "events.jsonl"));
  for (const event of last === undefined ? events : events.slice(-last))
    context.stdout(`${json ? JSON.stringify(event) : eventText(event)}\n`);
  return exitCodes.ok;
}

/** For people, one line. */
export function eventText(event: MachineEvent): string {
  const when = new Date(event.time * 1_000).toISOString().slice(0, 19).replace("T", " ");
  return `${when}  ${event.where}: ${event.reason} [${event.rule}: ${event.action}]`;
}
