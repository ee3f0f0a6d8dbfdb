/** The command `asicd simulate`: the whole miner on simulated chips behind real PTYs, against a simulated or a given pool. */
import { chainOf } from "../boards/known-boards.ts";
import { chipsByName } from "../drivers/bm13xx/chips.ts";
import { type Command, type CommandContext, exitCodes } from "../firmware/cli/command.ts";
import type { ParsedArgs } from "../firmware/cli/parse-args.ts";
import { mine } from "../firmware/mine.ts";
import { createMiner, warmUp } from "../firmware/miner-process.ts";
import { linuxPlatform } from "../firmware/platform/linux-platform.ts";
import { openRunLog } from "../firmware/run-log.ts";
import { poolEndpoint } from "../src/config/pool-endpoint.ts";
import { checkUserIdentity } from "../src/config/user-identity.ts";
import { ConfigError } from "../src/lib/errors.ts";
import type { PoolEndpoint } from "../src/upstream/endpoint.ts";
import { BIP320_MASK, BIP323_MASK } from "../src/work/work.ts";
import { parseQuirks } from "./pool/quirks.ts";
import type { SimulatedPoolSettings } from "./pool/settings.ts";
import { openWorld } from "./world-client.ts";

/** Chips that the driver can bring up. */
const CHIPS = ["BM1362", "BM1370"] as const;
const EASIEST_TARGET = new Uint8Array(32).fill(0xff);

export const simulateCommand: Command = {
  name: "simulate",
  summary: "mine on simulated hashboards, against a simulated pool or a real one",
  usage: "[options]",
  description: `Starts the miner on simulated chips: real serial devices (PTYs), real frames, real hashing, only slower. The scale
is chosen so that this machine can do every hash, and printed; all rates shown are rates of the simulation. Without
--pool a simulated pool runs beside it, encrypted and strict.`,
  options: {
    chip: {
      type: "string",
      value: "NAME",
      description: `chip: ${CHIPS.join(" or ")}`,
      defaultText: "BM1362",
    },
    chips: {
      type: "string",
      value: "N",
      description: "chips of each chain",
      defaultText: "126 for BM1362, 65 for BM1370",
    },
    chains: { type: "string", value: "N", description: "chains", defaultText: "3" },
    frequency: {
      type: "string",
      value: "MHZ",
      description: "hash clock",
      defaultText: "the board's usual",
    },
    "ticket-difficulty": {
      type: "string",
      value: "N",
      description:
        "chips report hashes of at least this difficulty (before scaling); a power of two",
      defaultText: "the board's usual",
    },
    pool: {
      type: "string",
      value: "URL",
      description: "mine on this pool: stratum2+tcp://HOST:PORT/KEY",
      defaultText: "a simulated pool",
    },
    user: {
      type: "string",
      value: "NAME",
      description: "user identity for the pool",
      defaultText: "asicd.simulator",
    },
    "version-mask": {
      type: "string",
      value: "NAME",
      description: "version bits to roll: bip320 or bip323",
      defaultText: "bip320",
    },
    "shares-per-minute": {
      type: "string",
      value: "N",
      description: "shares per minute and channel that the simulated pool asks for",
      defaultText: "60",
    },
    "block-interval": {
      type: "string",
      value: "TIME",
      description: "between two blocks of the simulated pool",
      defaultText: "15s",
    },
    "template-interval": {
      type: "string",
      value: "TIME",
      description: "between two templates on the same block",
      defaultText: "5s",
    },
    quirk: {
      type: "string",
      multiple: true,
      value: "NAME",
      description: "a quirk of real pools for the simulated one, see simulate-pool --help",
    },
    duration: {
      type: "string",
      value: "TIME",
      description: "mine this long, counted from when the chains hash, then report and end",
      defaultText: "until a signal",
    },
    workers: {
      type: "string",
      value: "N",
      description: "hashing threads",
      defaultText: "one per core",
    },
    seed: {
      type: "string",
      value: "N",
      description: "seed of everything left to chance",
      defaultText: "1",
    },
    json: {
      type: "boolean",
      description: "print the final report as JSON; the log goes to stderr",
    },
  },
  examples: [
    "asicd simulate",
    "asicd simulate --chip BM1370 --chips 65 --chains 1 --duration 60 --json",
    "asicd simulate --pool stratum2+tcp://127.0.0.1:34254/9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72",
  ],
  run,
};

interface SimulateOptions {
  readonly chipName: (typeof CHIPS)[number];
  readonly chips: number;
  readonly chains: number;
  readonly frequencyMHz: number | undefined;
  readonly ticketDifficulty: number | undefined;
  readonly poolUrl: string | undefined;
  readonly user: string;
  readonly versionMask: number;
  readonly pool: SimulatedPoolSettings;
  readonly durationMs: number | undefined;
  readonly workers: number | undefined;
  readonly seed: number;
  readonly json: boolean;
  readonly verbose: boolean;
}

function readOptions(args: ParsedArgs): SimulateOptions {
  const chipName = args.oneOf("chip", CHIPS, "BM1362");
  const options: SimulateOptions = {
    chipName,
    chips: args.integer(
      "chips",
      { min: 1, max: 128, unit: "chips" },
      chipName === "BM1362" ? 126 : 65,
    ),
    chains: args.integer("chains", { min: 1, max: 16, unit: "chains" }, 3),
    frequencyMHz: args.number("frequency", { min: 56.25, max: 700, unit: "MHz" }, undefined),
    ticketDifficulty: args.integer("ticket-difficulty", { min: 1, max: 2 ** 20 }, undefined),
    poolUrl: args.string("pool", undefined),
    user: args.string("user", "asicd.simulator"),
    versionMask:
      args.oneOf("version-mask", ["bip320", "bip323"], "bip320") === "bip323"
        ? BIP323_MASK
        : BIP320_MASK,
    pool: {
      sharesPerMinute: args.number("shares-per-minute", { min: 0.1, max: 60_000 }, 60),
      blockIntervalMs: args.durationMs("block-interval", { min: 100, max: 86_400_000 }, 15_000),
      templateIntervalMs: args.durationMs(
        "template-interval",
        { min: 100, max: 86_400_000 },
        5_000,
      ),
      quirks: args.strings("quirk"),
    },
    durationMs: args.durationMs("duration", { min: 1_000, max: 30 * 86_400_000 }, undefined),
    workers: args.integer("workers", { min: 1, max: 256 }, undefined),
    seed: args.integer("seed", { min: 0, max: 0xffffffff }, 1),
    json: args.flag("json"),
    verbose: args.flag("verbose"),
  };
  if (!Number.isInteger(Math.log2(options.ticketDifficulty ?? 1))) {
    args.problem({
      path: "--ticket-difficulty",
      problem: `${options.ticketDifficulty} is no power of two`,
      allowed: "1, 2, 4, … 1048576",
    });
  }
  args.attempt("--quirk", () => parseQuirks(args.strings("quirk")), undefined);
  args.attempt("--user", () => checkUserIdentity(options.user, "--user"), undefined);
  if (options.poolUrl !== undefined) {
    const url = options.poolUrl;
    args.attempt("--pool", () => endpointOf(url), undefined);
  }
  args.finish();
  return options;
}

/** The same rules as for a pool in the configuration file. */
function endpointOf(url: string): PoolEndpoint {
  return poolEndpoint({ url, allowUnauthenticated: false }, "--pool");
}

async function run(args: ParsedArgs, context: CommandContext): Promise<number> {
  const options = readOptions(args);
  const level = options.verbose ? "debug" : "info";
  const { log, recentEvents } = openRunLog(context, level, options.json);
  const chip = chipsByName.get(options.chipName);
  if (chip === undefined) throw new ConfigError([{ path: "--chip", problem: "not known" }]);
  const declared = chainOf(chip, options.chips);
  const spec = {
    ...declared,
    frequencyMHz: options.frequencyMHz ?? declared.frequencyMHz,
    ticketDifficulty: options.ticketDifficulty ?? declared.ticketDifficulty,
  };
  const platform = linuxPlatform();

  if (recentEvents !== undefined) context.stderr("Measuring what this machine can hash …\n");
  const opening = openWorld(
    {
      chip: options.chipName,
      chips: options.chips,
      chains: options.chains,
      nominalHps: spec.frequencyMHz * 1e6 * chip.smallCores * options.chips * options.chains,
      seed: options.seed,
      ...(options.workers === undefined ? {} : { workers: options.workers }),
      ...(options.poolUrl === undefined ? { pool: options.pool } : {}),
    },
    context.signal,
  );
  const world = await opening.catch((error: unknown) => {
    if (context.signal.aborted) return undefined;
    throw error;
  });
  if (world === undefined) return exitCodes.ok;
  const close = async () => {
    const result = await world.close();
    if (result !== undefined) log.info({ ...result }, "simulated world is closed");
  };
  try {
    const { scale, hostHps, workers, search } = world;
    const poolUrl = options.poolUrl ?? world.poolUrl;
    if (poolUrl === undefined) throw new Error("the simulated world has no pool");
    log.info(
      { scale, hostHps: Math.round(hostHps), workers, search, poolUrl },
      "simulated world is up",
    );
    const miner = createMiner(
      platform,
      {
        poolUrl,
        pool: {
          endpoint: endpointOf(poolUrl),
          userIdentity: options.user,
          versionMask: options.versionMask,
          tolerateFlagEcho: false,
          maxTarget: EASIEST_TARGET,
        },
        chains: world.uarts.map((uart) => ({ uart, spec, acceptFewerChips: false })),
        simulated: true,
        scale,
      },
      log,
    );
    await warmUp(platform, chip, log);
    return await mine({
      miner,
      clock: platform.clock,
      context,
      log,
      durationMs: options.durationMs,
      json: options.json,
      recentEvents,
      ground: { gone: world.gone, close },
    });
  } finally {
    await close();
  }
}
