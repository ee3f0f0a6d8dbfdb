/** Commands that have something done: pause, resume, identify, restart, switch-pool. */
import type { Action } from "../../../src/api/device.ts";
import type { PoolStatus } from "../../../src/api/status.ts";
import { type Command, type CommandContext, exitCodes } from "../command.ts";
import { type ApiClient, ApiRefusal } from "./api-client.ts";
import {
  type Connection,
  connectionNote,
  connectionOptions,
  jsonText,
  readConnection,
  withApi,
} from "./connection.ts";
import { plain } from "./terminal-text.ts";

export const pauseCommand: Command = {
  name: "pause",
  summary: "stop hashing until resumed; guard, fans and page go on",
  usage: "[options]",
  description: `Stays so over a restart.\n\n${connectionNote}`,
  options: connectionOptions,
  async run(args, context) {
    const connection = readConnection(args, context.env);
    args.finish();
    return perform(connection, context, { do: "pause" });
  },
};

export const resumeCommand: Command = {
  name: "resume",
  summary: "hash again after a pause",
  usage: "[options]",
  description: connectionNote,
  options: connectionOptions,
  async run(args, context) {
    const connection = readConnection(args, context.env);
    args.finish();
    return perform(connection, context, { do: "resume" });
  },
};

export const identifyCommand: Command = {
  name: "identify",
  summary: "let the lamp blink so that somebody finds the machine",
  usage: "[options]",
  description: connectionNote,
  options: {
    seconds: {
      type: "string",
      value: "S",
      description: "how long, at most 600; 0: no more",
      defaultText: "60",
    },
    ...connectionOptions,
  },
  async run(args, context) {
    const seconds = args.integer("seconds", { min: 0, max: 600, unit: "s" }, 60);
    const connection = readConnection(args, context.env);
    args.finish();
    return perform(connection, context, { do: "identify", seconds });
  },
};

export const restartCommand: Command = {
  name: "restart",
  summary: "restart asicd, its miner, or one board",
  usage: "[--miner | --chain N] [options]",
  description: `Without --miner and --chain all of asicd, in order.\n\n${connectionNote}`,
  options: {
    chain: { type: "string", value: "N", description: "board N: power off, reset, power on" },
    miner: { type: "boolean", description: "the miner process alone" },
    ...connectionOptions,
  },
  async run(args, context) {
    const chain = args.integer("chain", { min: 0, max: 255 }, undefined);
    const miner = args.flag("miner");
    const connection = readConnection(args, context.env);
    if (miner && chain !== undefined)
      args.problem({ path: "--miner", problem: "is given with --chain", allowed: "one of them" });
    args.finish();
    if (chain !== undefined) return perform(connection, context, { do: "restart-chain", chain });
    return perform(connection, context, { do: miner ? "restart-miner" : "restart" });
  },
};

export const switchPoolCommand: Command = {
  name: "switch-pool",
  summary: "make a pool the first of its group",
  usage: "N|NAME [options]",
  description: `Stays so over a restart.\n\n${connectionNote}`,
  positionals: "N or NAME: the pool, as asicd pools shows it",
  options: connectionOptions,
  examples: ["asicd switch-pool 1", "asicd switch-pool home"],
  async run(args, context) {
    const [wanted = "", ...more] = args.positionals;
    const connection = readConnection(args, context.env);
    if (wanted === "" || more.length > 0)
      args.problem({
        path: "N",
        problem: "is needed, once",
        allowed: "a number or name of a pool",
      });
    args.finish();
    return withApi(connection, context, async (client) => {
      const { pools } = (await client.get("/pools")) as { readonly pools: readonly PoolStatus[] };
      const pool =
        pools.find(({ name }) => name === wanted) ??
        pools.find(({ index }) => String(index) === wanted);
      if (pool === undefined) throw noSuchPool(wanted, pools);
      return act(client, connection, context, { do: "switch-pool", pool: pool.index });
    });
  },
};

function noSuchPool(wanted: string, pools: readonly PoolStatus[]): ApiRefusal {
  const known = pools.map(({ index, name }) => `${index} (${name})`).join(", ");
  const text = `there is no pool ${wanted}; there are ${known === "" ? "none" : known}`;
  return new ApiRefusal(404, "not-found", text, { error: { code: "not-found", text } });
}

function perform(connection: Connection, context: CommandContext, action: Action): Promise<number> {
  return withApi(connection, context, (client) => act(client, connection, context, action));
}

/** Done and under way are both good; a refusal is thrown by the client. */
async function act(
  client: ApiClient,
  { json }: Connection,
  context: CommandContext,
  action: Action,
): Promise<number> {
  const { do: name, ...body } = action;
  const outcome = (await client.send("POST", `/actions/${name}`, body)) as {
    readonly text?: unknown;
  };
  context.stdout(json ? jsonText(outcome) : `${plain(String(outcome.text ?? "done"))}\n`);
  return exitCodes.ok;
}
