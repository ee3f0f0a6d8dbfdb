/** A simulated pool's options as plain data, such as a command line or another process can give them. */
import { fromHex } from "../../src/lib/bytes.ts";
import { parseLeniencies } from "./leniencies.ts";
import { defaultPoolOptions, type PoolOptions } from "./options.ts";
import { parseQuirks } from "./quirks.ts";

/** What is absent has its default; `null` means "none". JSON keeps all of it. */
export interface SimulatedPoolSettings
  extends Partial<
    Pick<
      PoolOptions,
      | "sharesPerMinute"
      | "shareBatchSize"
      | "nbits"
      | "height"
      | "versionMask"
      | "prevHashTo"
      | "jobsTo"
      | "channels"
      | "extranonceSize"
      | "extension"
      | "users"
      | "v1Difficulty"
      | "maxConnections"
    >
  > {
  /** "127.0.0.1" when absent. */
  readonly host?: string;
  /** Any free one when absent. */
  readonly port?: number;
  /** Where Stratum V1 is spoken; absent: nowhere. Port 0 takes any free one. */
  readonly v1Listen?: { readonly host: string; readonly port: number };
  /** Output script as hex. */
  readonly coinbaseScript?: string;
  /** 32 bytes as hex; `null`: plaintext. */
  readonly authoritySecret?: string | null;
  readonly acknowledgeWithinMs?: number | null;
  readonly vardiffPeriodMs?: number | null;
  readonly blockIntervalMs?: number | null;
  readonly templateIntervalMs?: number | null;
  /** Such as "ntime-ahead=120s". */
  readonly leniencies?: readonly string[];
  readonly quirks?: readonly string[];
}

/** Throws ConfigError for an unknown leniency or quirk, RangeError for bad hex. */
export function poolOptionsOf(settings: SimulatedPoolSettings): PoolOptions {
  const standard = defaultPoolOptions;
  const { authoritySecret: secret } = settings;
  return {
    authoritySecret:
      secret === null
        ? undefined
        : secret === undefined
          ? standard.authoritySecret
          : fromHex(secret),
    sharesPerMinute: settings.sharesPerMinute ?? standard.sharesPerMinute,
    shareBatchSize: settings.shareBatchSize ?? standard.shareBatchSize,
    acknowledgeWithinMs: orNone(settings.acknowledgeWithinMs, standard.acknowledgeWithinMs),
    vardiffPeriodMs: orNone(settings.vardiffPeriodMs, standard.vardiffPeriodMs),
    blockIntervalMs: orNone(settings.blockIntervalMs, standard.blockIntervalMs),
    templateIntervalMs: orNone(settings.templateIntervalMs, standard.templateIntervalMs),
    nbits: settings.nbits ?? standard.nbits,
    height: settings.height ?? standard.height,
    versionMask: settings.versionMask ?? standard.versionMask,
    prevHashTo: settings.prevHashTo ?? standard.prevHashTo,
    jobsTo: settings.jobsTo ?? standard.jobsTo,
    channels: settings.channels ?? standard.channels,
    extranonceSize: settings.extranonceSize ?? standard.extranonceSize,
    extension: settings.extension ?? standard.extension,
    users: settings.users ?? standard.users,
    coinbaseScript:
      settings.coinbaseScript === undefined
        ? standard.coinbaseScript
        : fromHex(settings.coinbaseScript),
    v1Difficulty: settings.v1Difficulty ?? standard.v1Difficulty,
    maxConnections: settings.maxConnections ?? standard.maxConnections,
    leniencies: parseLeniencies(settings.leniencies ?? []),
    quirks: parseQuirks(settings.quirks ?? []),
  };
}

function orNone(
  value: number | null | undefined,
  standard: number | undefined,
): number | undefined {
  return value === null ? undefined : (value ?? standard);
}
