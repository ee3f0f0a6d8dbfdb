/**
 * The configuration as one declaration: types, checks, defaults, bounds, units and descriptions all come from here.
 * What one value alone cannot show (a frequency that the chip does not reach) is checked in load.ts.
 */
import Type, { type Static, type TSchema } from "typebox";
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
import type { SchemaNode } from "./schema-node.ts";

/** Counts changes of the format that an older program would misread. */
export const CONFIG_VERSION = 1;

/** Objects take no unknown keys: a mistyped one would silently leave its default in force. */
const closed = { additionalProperties: false } as const;
/** What taking a change into use costs; a node without it is taken into use at once. */
const onPools = { restart: "pools" } as const;
const onProgram = { restart: "program" } as const;

const standbySchema = Type.Enum(["warm", "probe"], {
  ...onPools,
  default: "warm",
  title: "Standby",
  description:
    "warm: the next pool in order is connected with its channels and jobs, so that a switch takes no time (some hundred bytes a minute, and the pool sees a worker without shares); probe: pools that wait are looked at every 10 minutes only, and a switch takes a connection",
});

const poolSchema = Type.Object(
  {
    url: Type.String({
      title: "URL",
      ...onPools,
      description:
        "Stratum V2 pool with its authority key: stratum2+tcp://HOST:PORT/KEY; without encryption, to a proxy on the same private network only: stratum2+tcp+insecure://HOST:PORT; Stratum V1: stratum+ssl://HOST:PORT, or stratum+tcp://HOST:PORT without encryption",
    }),
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 60,
        title: "Name",
        ...onPools,
        description: "What it is called in logs, counts and events; absent: HOST:PORT",
      }),
    ),
    enabled: Type.Boolean({
      default: true,
      title: "In use",
      ...onPools,
      description: "false: kept in the list, and not used",
    }),
    user: Type.String({
      default: "",
      title: "User",
      ...onPools,
      description:
        "Who the shares are for, as the pool wants it (user_identity, or the V1 worker), at most 255 bytes",
    }),
    password: Type.String({
      default: "x",
      maxLength: 255,
      secret: true,
      title: "Password",
      ...onPools,
      description: "Stratum V1 only; most pools ignore it",
    }),
    versionMask: Type.Enum(["bip320", "bip323"], {
      default: "bip320",
      title: "Version rolling",
      ...onPools,
      description:
        "Version bits that may be rolled: 16 (BIP320), or 24 (BIP323) where the pool allows it",
    }),
    channel: Type.Enum(["standard", "extended", "auto"], {
      default: "auto",
      title: "Channel",
      ...onPools,
      description:
        "Stratum V2: standard channels (the pool builds every header), one extended channel (the device does), or auto: standard unless the pool wants the other",
    }),
    silenceS: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 3_600,
        unit: "s",
        title: "Patience",
        ...onPools,
        description:
          "Without a word for this long a pool counts as dead; absent: 300 on Stratum V2, 120 on V1",
      }),
    ),
    redirectHosts: Type.Array(
      Type.String({
        minLength: 1,
        maxLength: 253,
        title: "Host",
        ...onPools,
        description: "A host name or address",
      }),
      {
        default: [],
        maxItems: 16,
        title: "May redirect to",
        ...onPools,
        description: "Hosts outside the pool's own domain to which it may send us",
      },
    ),
    tlsCertificateSha256: Type.Optional(
      Type.String({
        pattern: "^[0-9a-fA-F]{64}$",
        title: "Pinned certificate",
        ...onPools,
        description:
          "stratum+ssl: believe this certificate alone, by its SHA-256; absent: what the system's authorities vouch for",
      }),
    ),
    suggestDifficulty: Type.Optional(
      Type.Union([Type.Literal("auto"), Type.Number({ minimum: 0.001, maximum: 1e15 })], {
        title: "Suggested difficulty",
        ...onPools,
        description: "Stratum V1: the share difficulty to ask for; auto: by the hash rate",
      }),
    ),
    workerName: Type.String({
      default: "",
      maxLength: 32,
      title: "Worker name",
      ...onPools,
      description:
        "Stratum V2 with an extended channel: told with each share, where the pool has the extension for it",
    }),
    tolerateFlagEcho: Type.Boolean({
      default: false,
      title: "Tolerate a flag echo",
      ...onPools,
      description:
        "Ignore a demand for a fixed version that merely repeats our own flags (pools before 2026)",
    }),
    allowUnauthenticated: Type.Boolean({
      default: false,
      title: "Without authority key",
      ...onPools,
      description: "Take a URL without key: encrypted, but whoever answers is believed",
    }),
    maxTarget: Type.Optional(
      Type.String({
        pattern: "^[0-9a-fA-F]{64}$",
        title: "Easiest target",
        ...onPools,
        description:
          "Easiest share target that we accept, 64 hex digits, highest first; absent: any",
      }),
    ),
  },
  {
    ...closed,
    ...onPools,
    title: "Pool",
    description: "Who gives work, and who the shares are for",
  },
);

const poolListSchema = Type.Array(poolSchema, {
  minItems: 1,
  maxItems: 8,
  ...onPools,
  title: "Pools",
  description: "In order: the first that gives work has the hash power",
});

const groupSchema = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 60,
        title: "Name",
        ...onPools,
        description: "What it is called in status and counts; absent: by its place",
      }),
    ),
    quota: Type.Optional(
      Type.Number({
        minimum: 0.01,
        maximum: 1_000,
        title: "Quota",
        ...onPools,
        description: "Parts of the hash power, against the quotas of the other groups; absent: 1",
      }),
    ),
    share: Type.Optional(
      Type.Number({
        minimum: 0.01,
        maximum: 1,
        title: "Share",
        ...onPools,
        description:
          "A fixed part of all hash power, 0.05 for 5 %; the groups with quotas divide the rest",
      }),
    ),
    standby: standbySchema,
    pools: poolListSchema,
  },
  {
    ...closed,
    ...onPools,
    title: "Group",
    description: "A list of pools, and its part of the hash power",
  },
);

const fastBaudSchema = Type.Object(
  {
    register: Type.String({
      pattern: "^0x[0-9a-fA-F]{1,8}$",
      title: "Register",
      ...onProgram,
      description: "What the chips get written into their baud register 0x28, e.g. 0x11300000",
    }),
    hostBaud: Type.Integer({
      minimum: 9_600,
      maximum: 6_250_000,
      unit: "baud",
      title: "Rate",
      ...onProgram,
      description: "Rate of the UART afterwards",
    }),
  },
  {
    ...closed,
    ...onProgram,
    title: "A rate of one's own",
    description: "What chips and UART are set to",
  },
);

const chainSchema = Type.Object(
  {
    uart: Type.String({
      minLength: 1,
      title: "UART",
      ...onProgram,
      description: "Serial device, e.g. /dev/ttyS1",
    }),
    chip: Type.String({
      title: "Chip",
      ...onProgram,
      description: "What the chain is made of, e.g. BM1362",
    }),
    chips: Type.Integer({
      minimum: 1,
      maximum: 256,
      unit: "chips",
      title: "Chips",
      ...onProgram,
      description: "How many there are",
    }),
    layout: Type.Optional(
      Type.Enum(["single", "s19jpro", "s19xp", "s19kpro", "s21", "s21pro", "s21xp"], {
        title: "Layout",
        ...onProgram,
        description:
          "How the chain is brought up: as a board with one or a few chips, or as this machine; absent: by chip and number",
      }),
    ),
    frequencyMHz: Type.Optional(
      Type.Number({
        minimum: 50,
        maximum: 1_000,
        unit: "MHz",
        title: "Frequency",
        ...onProgram,
        description: "Hash clock",
      }),
    ),
    ticketDifficulty: Type.Integer({
      minimum: 1,
      maximum: 2 ** 24,
      default: 256,
      title: "Ticket difficulty",
      ...onProgram,
      description: "Chips report only hashes of at least this difficulty; a power of two",
    }),
    fastBaud: Type.Optional(
      Type.Union(
        [
          Type.Literal(false, { title: "As after reset", description: "Stays at 115200 baud" }),
          fastBaudSchema,
        ],
        {
          title: "Fast baud",
          ...onProgram,
          description:
            "Rate after bring-up; false keeps 115200; absent: as the chain's stock firmware",
        },
      ),
    ),
    addressInterval: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 256,
        title: "Address interval",
        ...onProgram,
        description: "Step between chip addresses",
      }),
    ),
    chipsPerDomain: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 256,
        unit: "chips",
        title: "Chips per domain",
        ...onProgram,
        description: "Size of a voltage domain",
      }),
    ),
    experimental: Type.Boolean({
      default: false,
      title: "Experimental",
      ...onProgram,
      description: "Drive a chip for which the evidence is thin; the error tells why it is",
    }),
    acceptFewerChips: Type.Boolean({
      default: false,
      title: "Accept fewer chips",
      ...onProgram,
      description:
        "Hash with the chips that answer when some are missing, instead of giving the chain up",
    }),
  },
  { ...closed, ...onProgram, title: "Chain", description: "Chips on one UART" },
);

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

const temperatureLimits = (title: string, description: string) =>
  Type.Object(
    {
      targetC: Type.Number({
        minimum: 20,
        maximum: 110,
        unit: "°C",
        title: "Target",
        description: "What the fans aim at",
      }),
      hotC: Type.Number({
        minimum: 20,
        maximum: 110,
        unit: "°C",
        title: "Hot",
        description: "From here the clock slows down",
      }),
      dangerousC: Type.Number({
        minimum: 20,
        maximum: 110,
        unit: "°C",
        title: "Dangerous",
        description: "From here power goes off; never above what the machine's declaration allows",
      }),
    },
    { ...closed, title, description },
  );

const modeText = {
  title: "Mode",
  description: "auto: to the target temperature; manual: a fixed duty; immersion: no fans",
} as const;

const machineSchema = Type.Object(
  {
    board: Type.Optional(
      Type.String({
        title: "Machine",
        ...onProgram,
        description: "Name of the machine, as asicd probe lists them; absent: what is detected",
      }),
    ),
    voltageV: Type.Optional(
      Type.Number({
        minimum: 0.5,
        maximum: 60,
        unit: "V",
        title: "Voltage",
        description:
          "What the chains are fed with, on your word: needed with board where no voltage is known for certain",
      }),
    ),
    frequencyMHz: Type.Optional(
      Type.Number({
        minimum: 56.25,
        maximum: 1_000,
        unit: "MHz",
        title: "Frequency",
        description: "Hash clock",
      }),
    ),
    fans: Type.Union(
      [
        Type.Object(
          { mode: Type.Enum(["auto", "immersion"], modeText) },
          { ...closed, title: "By itself", description: "auto or immersion" },
        ),
        Type.Object(
          {
            mode: Type.Literal("manual", modeText),
            dutyPercent: Type.Number({
              minimum: 0,
              maximum: 100,
              unit: "%",
              title: "Duty",
              description: "Of full speed",
            }),
          },
          { ...closed, title: "Manual", description: "A fixed duty" },
        ),
      ],
      {
        default: { mode: "auto" },
        title: "Fans",
        description:
          "auto: to the target temperature; manual: a fixed duty, full speed all the same when it gets hot; immersion: no fans",
      },
    ),
    limits: Type.Optional(
      Type.Object(
        {
          board: Type.Optional(temperatureLimits("Boards", "Sensors on the boards")),
          chip: Type.Optional(temperatureLimits("Chips", "Sensors in or at the chips")),
          regulator: Type.Optional(
            temperatureLimits("Regulators", "Sensors at the voltage regulators"),
          ),
        },
        { ...closed, title: "Limits", description: "Lower limits than the machine's own" },
      ),
    ),
    experimental: Type.Boolean({
      default: false,
      title: "Experimental",
      ...onProgram,
      description: "Drive chips for which the evidence is thin; the log says why it is",
    }),
  },
  {
    ...closed,
    title: "Machine",
    description: "A whole machine, which asicd powers, cools and watches; instead of chains",
  },
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
