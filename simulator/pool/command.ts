/** The command `asicd simulate-pool`: a Stratum V2 pool for devices to be tried on, until a signal ends it. */
import { type Command, type CommandContext, exitCodes } from "../../firmware/cli/command.ts";
import type { ParsedArgs } from "../../firmware/cli/parse-args.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import { toHex } from "../../src/lib/bytes.ts";
import type { PoolEvent, PoolStatistics } from "./events.ts";
import { leniencyTable, parseLeniencies } from "./leniencies.ts";
import { isEveryAddress, runSimulatedPool, urlHost } from "./main.ts";
import { defaultPoolOptions as standard } from "./options.ts";
import { parseQuirks, quirkTable } from "./quirks.ts";
import type { SimulatedPoolSettings } from "./settings.ts";
import { describeSwitches } from "./switches.ts";

const INTERVAL_MS = { min: 10, max: 86_400_000 };

export const simulatePoolCommand: Command = {
  name: "simulate-pool",
  summary: "run a simulated Stratum V2 pool and print its URL",
  usage: "[options]",
  description: `Runs the pool until SIGINT or SIGTERM: encrypted, several devices and channels, strict about every share.
Its authority key is the sample key of the reference implementation, so the URL stays the same.`,
  options: {
    listen: {
      type: "string",
      value: "HOST:PORT",
      description: "where devices connect; port 0 takes any free one",
      defaultText: "127.0.0.1:34254",
    },
    json: { type: "boolean", description: "print every event as a line of JSON" },
    plaintext: { type: "boolean", description: "no encryption (devices must be told, too)" },
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
    "version-mask": {
      type: "string",
      value: "NAME",
      description: "version bits that devices may change: bip320 or bip323",
      defaultText: standard.versionMask,
    },
    "group-prev-hash": {
      type: "boolean",
      description: "send one SetNewPrevHash to a device's group instead of one per channel",
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
  },
  examples: [
    "asicd simulate-pool --listen 127.0.0.1:34254",
    "asicd simulate-pool --leniency ntime-ahead=120s --leniency empty-vendor --json",
  ],
  run,
};

/** Throws ConfigError for options that make no sense. */
export function readPoolSettings(args: ParsedArgs): SimulatedPoolSettings {
  const { host, port } = readAddress(args, args.string("listen", "127.0.0.1:34254"));
  const leniencies = args.strings("leniency");
  const quirks = args.strings("quirk");
  args.attempt("--leniency", () => parseLeniencies(leniencies), undefined);
  args.attempt("--quirk", () => parseQuirks(quirks), undefined);
  return {
    host,
    port,
    authoritySecret:
      args.flag("plaintext") || standard.authoritySecret === undefined
        ? null
        : toHex(standard.authoritySecret),
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
    acknowledgeWithinMs: interval(args, "acknowledge-within", standard.acknowledgeWithinMs),
    blockIntervalMs: interval(args, "block-interval", standard.blockIntervalMs),
    templateIntervalMs: interval(args, "template-interval", standard.templateIntervalMs),
    vardiffPeriodMs: interval(args, "vardiff", standard.vardiffPeriodMs),
    nbits: args.integer("nbits", { min: 0x03000001, max: 0x207fffff, inHex: true }, standard.nbits),
    versionMask: args.oneOf("version-mask", ["bip320", "bip323"], standard.versionMask),
    prevHashTo: args.flag("group-prev-hash") ? "group" : "channel",
    leniencies,
    quirks,
  };
}

async function run(args: ParsedArgs, context: CommandContext): Promise<number> {
  const settings = readPoolSettings(args);
  const json = args.flag("json");
  args.finish();
  const { signal } = context;
  const running = await runSimulatedPool(settings, {
    clock: new SystemClock(),
    entropy: systemEntropy,
  });
  const { pool, url, port } = running;
  const print = (line: object) => context.stdout(`${JSON.stringify(line)}\n`);
  if (json) print({ event: "listening", url, host: settings.host, port });
  else context.stdout(`${url}\n`);
  if (isEveryAddress(settings.host ?? ""))
    context.stderr(
      `Listening on every address of this machine; from another one, put this machine's address in place of ${urlHost(settings.host ?? "")}.\n`,
    );
  using _subscription = pool.onEvent((event) => {
    if (json) print(event);
    else if (isWorthALine(event)) context.stderr(`${describe(event)}\n`);
  });
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const statistics = pool.statistics();
  await running.close();
  if (json) print({ event: "stopped", ...statistics });
  else context.stderr(summary(statistics));
  return exitCodes.ok;
}

function interval(args: ParsedArgs, option: string, standardMs: number | undefined): number | null {
  if (args.string(option, undefined) === "never") return null;
  return args.durationMs(option, INTERVAL_MS, standardMs) ?? null;
}

function readAddress(args: ParsedArgs, text: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port <= 65_535) return { host, port };
  args.problem({
    path: "--listen",
    problem: `"${text}" is no address`,
    allowed: "HOST:PORT, port from 0 to 65535; an IPv6 address in brackets",
  });
  return { host: "", port: 0 };
}

/** Accepted shares are many; their count comes at the end. */
function isWorthALine({ event }: PoolEvent): boolean {
  return event !== "share-accepted" && event !== "template";
}

function describe({ event, ...fields }: PoolEvent): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${event} ${parts.join(" ")}`;
}

function summary({ accepted, rejected, rejectedByReason, blocksFound }: PoolStatistics): string {
  const reasons = Object.entries(rejectedByReason).map(([reason, count]) => `${reason} ${count}`);
  const why = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
  return `shares accepted ${accepted}, rejected ${rejected}${why}, blocks found ${blocksFound}\n`;
}
