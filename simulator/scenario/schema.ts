/** The head of a scenario as one declaration; its steps are declared by their verbs. */
import Type from "typebox";
import { certificateSchema } from "./certificates.ts";
import { poolSchema, quirksSchema } from "./served-pool.ts";
import { duration } from "./verb.ts";

const closed = { additionalProperties: false } as const;
const optional = Type.Optional;
const WORD_PATTERN = "^[A-Za-z][A-Za-z0-9]{0,30}$";
const word = Type.String({ pattern: WORD_PATTERN, description: "a short word" });
const protocol = Type.Enum(["sv2", "sv1"]);

const serverSchema = Type.Object(
  {
    protocol: optional(protocol),
    certificate: optional(certificateSchema),
    /** Signs with a key that the device was not told. */
    foreign: optional(Type.Boolean()),
    plaintext: optional(Type.Boolean()),
    elsewhere: optional(Type.Boolean()),
    serve: optional(Type.Union([Type.Literal("pool"), poolSchema])),
  },
  closed,
);

const deviceSchema = Type.Object(
  {
    channel: optional(Type.Enum(["standard", "extended", "auto"])),
    user: optional(Type.String({ maxLength: 255 })),
    pools: optional(Type.Array(word, { minItems: 1, maxItems: 8 })),
    mayFollowTo: optional(Type.Array(word, { maxItems: 8 })),
    versionMask: optional(Type.Enum(["bip320", "bip323"])),
    tolerateFlagEcho: optional(Type.Boolean()),
    workerName: optional(Type.String({ maxLength: 32 })),
    suggestDifficulty: optional(
      Type.Union([Type.Literal("auto"), Type.Number({ minimum: 1e-9, maximum: 1e15 })]),
    ),
    silence: optional(duration),
    chains: optional(Type.Integer({ minimum: 1, maximum: 8 })),
    hashing: optional(Type.Boolean()),
  },
  closed,
);

export const headSchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 120, description: "what it is about" }),
    description: optional(Type.String({ maxLength: 4_000 })),
    proves: Type.Union([
      Type.String({ minLength: 1, maxLength: 300 }),
      Type.Array(Type.String({ minLength: 1, maxLength: 300 }), { minItems: 1, maxItems: 20 }),
    ]),
    protocol,
    device: optional(deviceSchema),
    certificate: optional(certificateSchema),
    plaintext: optional(Type.Boolean()),
    quirks: optional(quirksSchema),
    servers: optional(Type.Record(Type.String({ pattern: WORD_PATTERN }), serverSchema)),
    ignore: optional(Type.Array(Type.String({ maxLength: 60 }), { maxItems: 30 })),
    sharesPerMinute: optional(Type.Number({ minimum: 0.01, maximum: 60_000 })),
    difficulty: optional(Type.Number({ minimum: 1e-9, maximum: 1e15 })),
    grace: optional(duration),
    limit: optional(duration),
    connectWithin: optional(duration),
    steps: Type.Array(Type.Unknown(), { minItems: 1, maxItems: 1_000 }),
    assert: optional(Type.Record(Type.String(), Type.Unknown())),
  },
  closed,
);

/** Shares and updates come whenever the device likes; steps that want them name them. */
export const ALWAYS_IGNORED = {
  sv2: ["SubmitSharesStandard", "SubmitSharesExtended", "UpdateChannel"],
  sv1: ["mining.submit", "mining.suggest_difficulty", "mining.suggest_target"],
} as const;
