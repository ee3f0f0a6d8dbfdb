/**
 * The configuration as one declaration: types, checks, defaults, bounds, units and descriptions all come from here.
 * What one value alone cannot show (a frequency that the chip does not reach) is checked in load.ts.
 */
import Type, { type Static, type TSchema } from "typebox";
import { chainSchema } from "./chain-schema.ts";
import { machineSchema } from "./machine-schema.ts";
import {
  apiSchema,
  compatSchema,
  mdnsSchema,
  metricsSchema,
  mqttSchema,
  nameSchema,
  pausedSchema,
  webhookSchema,
} from "./operator-schema.ts";
import { groupSchema, poolListSchema, poolSchema, standbySchema } from "./pool-schema.ts";
import type { SchemaNode } from "./schema-node.ts";

/** Counts changes of the format that an older program would misread. */
export const CONFIG_VERSION = 1;

/** Objects take no unknown keys: a mistyped one would silently leave its default in force. */
const closed = { additionalProperties: false } as const;
/** What taking a change into use costs; a node without it is taken into use at once. */
const onPools = { restart: "pools" } as const;
const onProgram = { restart: "program" } as const;

const logSchema = Type.Object(
  {
    level: Type.Enum(["trace", "debug", "info", "warn", "error", "silent"], {
      default: "info",
      title: "Level",
      ...onProgram,
      description: "The least important messages that are logged",
    }),
  },
  { ...closed, ...onProgram, default: {}, title: "Log", description: "What is written to the log" },
);

const pathsSchema = Type.Object(
  {
    stateDir: Type.String({
      default: "/var/lib/asicd",
      title: "State",
      ...onProgram,
      description: "Kept over restarts: events",
    }),
    runtimeDir: Type.String({
      default: "/var/run/asicd",
      title: "Runtime",
      ...onProgram,
      description: "Gone after a boot: which machine a restarted guard has to switch off",
    }),
  },
  { ...closed, ...onProgram, default: {}, title: "Folders", description: "Where asicd keeps what" },
);

export const configSchema = Type.Object(
  {
    version: Type.Literal(CONFIG_VERSION, {
      ...onProgram,
      title: "Version",
      description: "Version of this format",
    }),
    name: nameSchema,
    paused: pausedSchema,
    pool: Type.Optional(poolSchema),
    pools: Type.Optional(poolListSchema),
    groups: Type.Optional(
      Type.Array(groupSchema, {
        minItems: 1,
        maxItems: 8,
        ...onPools,
        title: "Groups",
        description: "Several lists of pools that divide the hash power; instead of pool or pools",
      }),
    ),
    standby: standbySchema,
    machine: Type.Optional(machineSchema),
    chains: Type.Optional(
      Type.Array(chainSchema, {
        minItems: 1,
        maxItems: 16,
        ...onProgram,
        title: "Chains",
        description:
          "Bare hash chains that something else powers, cools and watches, in the order in which they are numbered; instead of machine",
      }),
    ),
    api: apiSchema,
    compat: compatSchema,
    metrics: metricsSchema,
    mdns: mdnsSchema,
    mqtt: Type.Optional(mqttSchema),
    webhook: Type.Optional(webhookSchema),
    paths: pathsSchema,
    log: logSchema,
  },
  { ...closed, title: "Configuration", description: "Everything that an operator decides" },
);

/** The same for those who walk it. */
export const configTree = configSchema as TSchema as SchemaNode;

export type MachineConfig = Static<typeof machineSchema>;
export type Config = Static<typeof configSchema>;
export type PoolConfig = Static<typeof poolSchema>;
export type GroupConfig = Static<typeof groupSchema>;
export type ChainConfig = Static<typeof chainSchema>;
