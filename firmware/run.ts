/** The command `asicd run`: mines with real hash chains, as the configuration file says. */

import type { ChainSpec } from "../boards/chain-spec.ts";
import { chainOf } from "../boards/known-boards.ts";
import { chipsByName } from "../drivers/bm13xx/chips.ts";
import type { LoadedChain, LoadedConfig } from "../src/config/load.ts";
import { poolEndpoint } from "../src/config/pool-endpoint.ts";
import { fromHex, reversed } from "../src/lib/bytes.ts";
import { ConfigError } from "../src/lib/errors.ts";
import { BIP320_MASK, BIP323_MASK } from "../src/work/work.ts";
import { type Command, type CommandContext, exitCodes } from "./cli/command.ts";
import { readConfigFile } from "./cli/config-file.ts";
import type { ParsedArgs } from "./cli/parse-args.ts";
import {
  checkReport,
  readRunOptions,
  runDescription,
  runOptionSpecs,
  supervisionProblems,
} from "./cli/run-options.ts";
import { mine } from "./mine.ts";
import { createMiner, type MinerSetup, warmUp } from "./miner-process.ts";
import { linuxPlatform } from "./platform/linux-platform.ts";
import { openRunLog } from "./run-log.ts";

/** UART_BAUD as chips have it after reset: "no fast baud" in the configuration (drivers/bm13xx, register 0x28). */
const RESET_FAST_BAUD = { register: 0x01301a00, hostBaud: 115_200 } as const;

export const runCommand: Command = {
  name: "run",
  summary: "mine with the hash chains that the configuration file names",
  usage: "--config FILE [options]",
  description: runDescription,
  options: runOptionSpecs,
  examples: [
    "asicd run --config /etc/asicd.jsonc --check",
    "asicd run --config /etc/asicd.jsonc --unsupervised",
  ],
  run,
};

async function run(args: ParsedArgs, context: CommandContext): Promise<number> {
  const options = readRunOptions(args);
  const config = readConfigFile(options.configFile);
  if (options.checkOnly) {
    context.stdout(checkReport(options.configFile, config, options.json));
    return exitCodes.ok;
  }
  const problems = supervisionProblems(config, options.unsupervised);
  if (problems.length > 0) throw new ConfigError(problems);

  const level = args.flag("verbose") ? "debug" : config.log.level;
  const { log, recentEvents } = openRunLog(context, level, options.json);
  const platform = linuxPlatform();
  const setup = minerSetup(config);
  const miner = createMiner(platform, setup, log);
  for (const chip of new Set(setup.chains.map(({ spec }) => spec.chip))) {
    await warmUp(platform, chip, log);
  }
  return mine({
    miner,
    clock: platform.clock,
    context,
    log,
    durationMs: options.durationMs,
    json: options.json,
    recentEvents,
  });
}

function minerSetup({ pool, chains }: LoadedConfig): MinerSetup {
  return {
    poolUrl: pool.url,
    pool: {
      endpoint: poolEndpoint(pool, "pool.url"),
      userIdentity: pool.user,
      versionMask: pool.versionMask === "bip323" ? BIP323_MASK : BIP320_MASK,
      tolerateFlagEcho: pool.tolerateFlagEcho,
      // The file has it as people write targets, highest byte first.
      maxTarget:
        pool.maxTarget === undefined
          ? new Uint8Array(32).fill(0xff)
          : reversed(fromHex(pool.maxTarget)),
    },
    chains: chains.map((chain) => ({
      uart: chain.uart,
      spec: chainSpec(chain),
      acceptFewerChips: chain.acceptFewerChips,
    })),
    simulated: false,
    scale: 1,
  };
}

/** What the file leaves open comes from the board that has such a chain. */
function chainSpec(chain: LoadedChain): ChainSpec {
  const chip = chipsByName.get(chain.chip);
  if (chip === undefined)
    throw new ConfigError([{ path: "chains", problem: `${chain.chip}: no such chip` }]);
  const declared = chainOf(chip, chain.chips);
  const { fastBaud } = chain;
  return {
    ...declared,
    frequencyMHz: chain.frequencyMHz,
    ticketDifficulty: chain.ticketDifficulty,
    layout: chain.layout ?? declared.layout,
    addressInterval: chain.addressInterval ?? declared.addressInterval,
    ...(chain.chipsPerDomain === undefined ? {} : { chipsPerDomain: chain.chipsPerDomain }),
    ...(fastBaud === undefined
      ? {}
      : {
          fastBaud:
            fastBaud === false
              ? RESET_FAST_BAUD
              : { register: Number(fastBaud.register), hostBaud: fastBaud.hostBaud },
        }),
  };
}
