/** Pools and lists of them, as the configuration has them. */
import Type from "typebox";

/** Objects take no unknown keys: a mistyped one would silently leave its default in force. */
const closed = { additionalProperties: false } as const;
/** Connections of changed pools. */
const onPools = { restart: "pools" } as const;

export const standbySchema = Type.Enum(["warm", "probe"], {
  ...onPools,
  default: "warm",
  title: "Standby",
  description:
    "warm: the next pool in order is connected with its channels and jobs, so that a switch takes no time (some hundred bytes a minute, and the pool sees a worker without shares); probe: pools that wait are looked at every 10 minutes only, and a switch takes a connection",
});

export const poolSchema = Type.Object(
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

export const poolListSchema = Type.Array(poolSchema, {
  minItems: 1,
  maxItems: 8,
  ...onPools,
  title: "Pools",
  description: "In order: the first that gives work has the hash power",
});

export const groupSchema = Type.Object(
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
