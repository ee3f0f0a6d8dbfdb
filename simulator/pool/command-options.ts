/** The options of `asicd simulate-pool`: what they are called, and what they come to. */
import type { Command } from "../../firmware/cli/command.ts";
import type { ParsedArgs } from "../../firmware/cli/parse-args.ts";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { MAX_SCRIPT_BYTES } from "./coinbase.ts";
import { leniencyTable, parseLeniencies } from "./leniencies.ts";
import { channelChoices, extensionChoices, defaultPoolOptions as standard } from "./options.ts";
import { parseQuirks, quirkTable } from "./quirks.ts";
import type { SimulatedPoolSettings } from "./settings.ts";
import { describeSwitches } from "./switches.ts";

const INTERVAL_MS = { min: 10, max: 86_400_000 };
/** With the pool's own eight bytes a B0_32 is full (SV2 §3.1). */
const MAX_EXTRANONCE_SIZE = 24;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export const poolOptionTable: Command["options"] = {
  listen: {
    type: "string",
    value: "HOST:PORT",
    description: "where SV2 devices connect; port 0 takes any free one",
    defaultText: "127.0.0.1:34254",
  },
  "v1-listen": {
    type: "string",
    value: "HOST:PORT",
    description: "where Stratum V1 devices connect",
    defaultText: "nowhere",
  },
  stats: {
    type: "string",
    value: "HOST:PORT",
    description: "figures as JSON over HTTP: / totals, /devices, /users",
    defaultText: "nowhere",
  },
  script: {
    type: "string",
    multiple: true,
    value: "FILE",
    description:
      "play this scenario with the device that connects, instead of being a pool: a file, the name of a shipped one, all, or list",
  },
  json: { type: "boolean", description: "print every event as a line of JSON" },
  plaintext: { type: "boolean", description: "no encryption (devices must be told, too)" },
  channels: {
    type: "string",
    value: "KIND",
    description: `SV2 channels that are opened: ${channelChoices.join(", ")}`,
    defaultText: standard.channels,
  },
  "extranonce-size": {
    type: "string",
    value: "BYTES",
    description: "of the extranonce that devices choose, on extended channels and Stratum V1",
    defaultText: `${standard.extranonceSize}`,
  },
  "channel-jobs": {
    type: "boolean",
    description: "send jobs to each channel, even where one for the group would do",
  },
  "group-prev-hash": {
    type: "boolean",
    description: "send one SetNewPrevHash to a device's group instead of one per channel",
  },
  extension: {
    type: "string",
    value: "KIND",
    description: `worker names on shares (extension 0x0002): ${extensionChoices.join(", ")}`,
    defaultText: standard.extension,
  },
  user: {
    type: "string",
    multiple: true,
    value: "NAME",
    description: "who may mine, alone or as NAME.WORKER",
    defaultText: "everybody",
  },
  "max-connections": {
    type: "string",
    value: "N",
    description: "further devices are turned away",
    defaultText: `${standard.maxConnections}`,
  },
  "shares-per-minute": {
    type: "string",
    value: "N",
    description: "shares that each channel should find",
    defaultText: `${standard.sharesPerMinute}`,
  },
  "share-batch-size": {
    type: "string",
    value: "N",
    description: "accepted shares per acknowledgement",
    defaultText: `${standard.shareBatchSize}`,
  },
  "acknowledge-within": {
    type: "string",
    value: "TIME",
    description: "acknowledge a smaller batch after this time; never: only full batches",
    defaultText: "1s",
  },
  "v1-difficulty": {
    type: "string",
    value: "N",
    description: "with which a Stratum V1 device begins, unless it suggests another",
    defaultText: `${standard.v1Difficulty}`,
  },
  "block-interval": {
    type: "string",
    value: "TIME",
    description: "between blocks; never: none but those that shares find",
    defaultText: "30s",
  },
  "template-interval": {
    type: "string",
    value: "TIME",
    description: "between templates on the same block, or never",
    defaultText: "10s",
  },
  vardiff: {
    type: "string",
    value: "TIME",
    description: "between two corrections of the targets, or never",
    defaultText: "60s",
  },
  nbits: {
    type: "string",
    value: "HEX",
    description: "network target in compact form; 0x207fffff makes every second hash a block",
    defaultText: "0x17020000",
  },
  "coinbase-script": {
    type: "string",
    value: "HEX",
    description: "output script that blocks pay to",
    defaultText: "one that nobody can spend",
  },
  "version-mask": {
    type: "string",
    value: "NAME",
    description: "version bits that devices may change: bip320 or bip323",
    defaultText: standard.versionMask,
  },
  leniency: {
    type: "string",
    multiple: true,
    value: "NAME",
    description: `forgive, and count: ${describeSwitches(leniencyTable)}`,
  },
  quirk: {
    type: "string",
    multiple: true,
    value: "NAME",
    description: `behave as some real pools do: ${describeSwitches(quirkTable)}`,
  },
};

/** Notes what makes no sense; `args.finish` throws it. */
export function readPoolSettings(args: ParsedArgs): SimulatedPoolSettings {
  const { host, port } = readAddress(args, "listen", "127.0.0.1:34254") ?? { host: "", port: 0 };
  const v1Listen = readAddress(args, "v1-listen");
  const leniencies = args.strings("leniency");
  const quirks = args.strings("quirk");
  args.attempt("--leniency", () => parseLeniencies(leniencies), undefined);
  args.attempt("--quirk", () => parseQuirks(quirks), undefined);
  const coinbaseScript = readScript(args);
  return {
    host,
    port,
    ...(v1Listen === undefined ? {} : { v1Listen }),
    ...(coinbaseScript === undefined ? {} : { coinbaseScript }),
    authoritySecret:
      args.flag("plaintext") || standard.authoritySecret === undefined
        ? null
        : toHex(standard.authoritySecret),
    channels: args.oneOf("channels", channelChoices, standard.channels),
    extranonceSize: args.integer(
      "extranonce-size",
      { min: 0, max: MAX_EXTRANONCE_SIZE, unit: "bytes" },
      standard.extranonceSize,
    ),
    jobsTo: args.flag("channel-jobs") ? "channel" : "group",
    prevHashTo: args.flag("group-prev-hash") ? "group" : "channel",
    extension: args.oneOf("extension", extensionChoices, standard.extension),
    users: [...args.strings("user")],
    maxConnections: args.integer(
      "max-connections",
      { min: 1, max: 100_000 },
      standard.maxConnections,
    ),
    sharesPerMinute: args.number(
      "shares-per-minute",
      { min: 0.01, max: 60_000 },
      standard.sharesPerMinute,
    ),
    shareBatchSize: args.integer(
      "share-batch-size",
      { min: 1, max: 1_000_000 },
      standard.shareBatchSize,
    ),
    v1Difficulty: args.number("v1-difficulty", { min: 1e-9, max: 1e15 }, standard.v1Difficulty),
    acknowledgeWithinMs: interval(args, "acknowledge-within", standard.acknowledgeWithinMs),
    blockIntervalMs: interval(args, "block-interval", standard.blockIntervalMs),
    templateIntervalMs: interval(args, "template-interval", standard.templateIntervalMs),
    vardiffPeriodMs: interval(args, "vardiff", standard.vardiffPeriodMs),
    nbits: args.integer("nbits", { min: 0x03000001, max: 0x207fffff, inHex: true }, standard.nbits),
    versionMask: args.oneOf("version-mask", ["bip320", "bip323"], standard.versionMask),
    leniencies,
    quirks,
  };
}

/** `undefined` when the option is not given, or makes no sense. */
export function readAddress(
  args: ParsedArgs,
  option: string,
  fallback?: string,
): Address | undefined {
  const text = args.string(option, fallback);
  if (text === undefined) return undefined;
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port <= 65_535) return { host, port };
  args.problem({
    path: `--${option}`,
    problem: `"${text}" is no address`,
    allowed: "HOST:PORT, port from 0 to 65535; an IPv6 address in brackets",
  });
  return undefined;
}

function readScript(args: ParsedArgs): string | undefined {
  const text = args.string("coinbase-script", undefined);
  if (text === undefined) return undefined;
  const script = args.attempt("--coinbase-script", () => fromHex(text), undefined);
  if (script === undefined || (script.length > 0 && script.length <= MAX_SCRIPT_BYTES)) return text;
  args.problem({
    path: "--coinbase-script",
    problem: `${script.length} bytes`,
    allowed: `1 to ${MAX_SCRIPT_BYTES} bytes`,
  });
  return undefined;
}

function interval(args: ParsedArgs, option: string, standardMs: number | undefined): number | null {
  if (args.string(option, undefined) === "never") return null;
  return args.durationMs(option, INTERVAL_MS, standardMs) ?? null;
}
