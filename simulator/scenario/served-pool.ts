/** How a scenario writes what the simulated pool is to be like. */
import Type from "typebox";
import { channelChoices, extensionChoices } from "../pool/options.ts";
import { quirkTable } from "../pool/quirks.ts";
import type { SimulatedPoolSettings } from "../pool/settings.ts";
import { durationMs } from "./duration.ts";
import { plain, type SourceNode } from "./source.ts";
import { duration } from "./verb.ts";

const intervalOrNever = Type.Union([Type.Literal("never"), duration]);

export const quirksSchema = Type.Array(
  Type.String({ description: `${Object.keys(quirkTable).join(", ")}; some with =N` }),
  { maxItems: 50 },
);

export const poolProperties = {
  quirks: quirksSchema,
  leniencies: Type.Array(Type.String(), { maxItems: 50 }),
  sharesPerMinute: Type.Number({ minimum: 0.01, maximum: 60_000 }),
  shareBatchSize: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  acknowledgeWithin: intervalOrNever,
  blockInterval: intervalOrNever,
  templateInterval: intervalOrNever,
  vardiff: intervalOrNever,
  versionMask: Type.Enum(["bip320", "bip323"]),
  prevHashTo: Type.Enum(["channel", "group"]),
  jobsTo: Type.Enum(["channel", "group"]),
  channels: Type.Enum([...channelChoices]),
  extension: Type.Enum([...extensionChoices]),
  extranonceSize: Type.Integer({ minimum: 0, maximum: 24 }),
  users: Type.Array(Type.String({ maxLength: 255 }), { maxItems: 100 }),
} as const;

export const poolSchema = Type.Object(
  Object.fromEntries(
    Object.entries(poolProperties).map(([key, schema]) => [key, Type.Optional(schema)]),
  ),
  { additionalProperties: false },
);

/** `of` gives the node of a setting. */
export function poolSettingsOf(
  of: (key: keyof typeof poolProperties) => SourceNode | undefined,
  quirks: readonly string[],
): SimulatedPoolSettings {
  const value = (key: keyof typeof poolProperties) => {
    const node = of(key);
    return node === undefined ? undefined : plain(node);
  };
  const interval = (key: keyof typeof poolProperties) => {
    const text = value(key);
    if (text === undefined) return undefined;
    return text === "never" ? null : (durationMs(String(text)) ?? null);
  };
  const settings = {
    quirks: [...quirks, ...((value("quirks") as string[] | undefined) ?? [])],
    leniencies: value("leniencies"),
    sharesPerMinute: value("sharesPerMinute"),
    shareBatchSize: value("shareBatchSize"),
    acknowledgeWithinMs: interval("acknowledgeWithin"),
    blockIntervalMs: interval("blockInterval"),
    templateIntervalMs: interval("templateInterval"),
    vardiffPeriodMs: interval("vardiff"),
    versionMask: value("versionMask"),
    prevHashTo: value("prevHashTo"),
    jobsTo: value("jobsTo"),
    channels: value("channels"),
    extension: value("extension"),
    extranonceSize: value("extranonceSize"),
    users: value("users"),
  };
  return Object.fromEntries(
    Object.entries(settings).filter(([, one]) => one !== undefined),
  ) as SimulatedPoolSettings;
}
