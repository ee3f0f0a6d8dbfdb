/** The command `asicd events`: what the guard did to protect the machine, and why. */
import { join } from "node:path";
import type { DeviceEvent } from "../src/api/status.ts";
import type { MachineEvent } from "../src/telemetry/event.ts";
import { type Command, exitCodes } from "./cli/command.ts";
import { readConfigFile } from "./cli/config-file.ts";
import { connectionOptions, readConnection, withApi } from "./cli/operator-commands/connection.ts";
import { plain } from "./cli/operator-commands/terminal-text.ts";
import type { ParsedArgs } from "./cli/parse-args.ts";
import { readEvents } from "./event-file.ts";

const DEFAULT_STATE_DIR = "/var/lib/asicd";
/** What the API gives at once. */
const API_EVENTS_MAX = 1_000;

export const eventsCommand: Command = {
  name: "events",
  summary: "show what was done to protect the machine, and why",
  usage: "[--config FILE | --state-dir DIR | --url URL] [options]",
  description: `Prints the protective actions and the changes in the life of chains that were kept on disk, the oldest first;
with --socket or --url those that a running asicd tells, with what operators did. Exit code 3: it cannot be reached.`,
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
    ...connectionOptions,
    socket: {
      type: "string",
      value: "FILE",
      description: "ask the asicd of this machine, at its Unix socket",
    },
    json: { type: "boolean", description: "one JSON object a line" },
  },
  examples: [
    "asicd events --last 20",
    "asicd events --json",
    "asicd events --url http://192.0.2.7",
  ],
  run,
};

async function run(args: ParsedArgs, context: Parameters<Command["run"]>[1]): Promise<number> {
  const config = args.string("config", undefined);
  const stateDir = args.string("state-dir", undefined);
  const last = args.integer("last", { min: 1, max: 100_000 }, undefined);
  const asks = args.has("socket") || args.has("url");
  // A file is read where neither is given, whatever the environment says.
  const connection = readConnection(args, asks ? context.env : {});
  const { json } = connection;
  if (asks && (config !== undefined || stateDir !== undefined))
    args.problem({
      path: "--state-dir",
      problem: "is on this machine's disk; --socket and --url ask",
    });
  if (config !== undefined && stateDir !== undefined)
    args.problem({ path: "--state-dir", problem: "is in the configuration already" });
  args.finish();
  if (asks)
    return withApi(connection, context, async (client) => {
      const limit = last === undefined ? "" : `?limit=${Math.min(last, API_EVENTS_MAX)}`;
      const { events } = (await client.get(`/events${limit}`)) as {
        readonly events: readonly DeviceEvent[];
      };
      for (const event of events)
        context.stdout(
          `${json ? JSON.stringify(event) : plain(eventText({ ...event, time: event.unixSeconds }))}\n`,
        );
      return exitCodes.ok;
    });
  const folder =
    stateDir ?? (config === undefined ? DEFAULT_STATE_DIR : readConfigFile(config).paths.stateDir);
  const events = await readEvents(join(folder, "events.jsonl"));
  for (const event of last === undefined ? events : events.slice(-last))
    context.stdout(`${json ? JSON.stringify(event) : eventText(event)}\n`);
  return exitCodes.ok;
}

/** For people, one line. */
export function eventText(
  event: Pick<MachineEvent, "time" | "where" | "reason" | "rule" | "action">,
): string {
  const when = new Date(event.time * 1_000).toISOString().slice(0, 19).replace("T", " ");
  return `${when}  ${event.where}: ${event.reason} [${event.rule}: ${event.action}]`;
}
