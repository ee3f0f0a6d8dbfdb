/** The command `asicd run`: mines with real hash chains, as the configuration file says. */

import type { ChainSpec } from "../boards/chain-spec.ts";
import { chainOf } from "../boards/known-boards.ts";
import { chipsByName } from "../drivers/bm13xx/chips.ts";
import type { LoadedChain, LoadedConfig } from "../src/config/load.ts";
import { poolGroups } from "../src/config/pool-groups.ts";
import type { MachineConfig } from "../src/config/schema.ts";
import { limitsWithin } from "../src/control/limits-within.ts";
import { ConfigError } from "../src/lib/errors.ts";
import { type Command, type CommandContext, exitCodes } from "./cli/command.ts";
import { readConfigFile } from "./cli/config-file.ts";
import type { ParsedArgs } from "./cli/parse-args.ts";
import {
  checkReport,
  type RunOptions,
  readRunOptions,
  runDescription,
  runOptionSpecs,
  supervisionProblems,
} from "./cli/run-options.ts";
import { findMachine } from "./find-machine.ts";
import type { MachineSettings } from "./guard/guard-setup.ts";
import type { LogLevel } from "./log.ts";
import { mine } from "./mine.ts";
import { openMinerMemory } from "./miner-memory.ts";
import { createMiner, threadedHandshaker, warmUp } from "./miner-process.ts";
import type { MinerSetup } from "./miner-setup.ts";
import { linuxMachine } from "./platform/linux-machine.ts";
import { linuxPlatform } from "./platform/linux-platform.ts";
import { openRunLog } from "./run-log.ts";
import { superviseMachine } from "./supervise-machine.ts";

/** Fans outlast hashing by this long. */
const FAN_OUTLAST_MS = 90_000;

/** UART_BAUD as chips have it after reset: "no fast baud" in the configuration (drivers/bm13xx, register 0x28). */
const RESET_FAST_BAUD = { register: 0x01301a00, hostBaud: 115_200 } as const;

export const runCommand: Command = {
  name: "run",
  summary: "mine with this machine, as the configuration file says",
  usage: "--config FILE [options]",
  description: runDescription,
  options: runOptionSpecs,
  examples: ["asicd run --config /etc/asicd.jsonc --check", "asicd run --config /etc/asicd.jsonc"],
  run,
};

async function run(args: ParsedArgs, context: CommandContext): Promise<number> {
  const options = readRunOptions(args);
  const config = readConfigFile(options.configFile);
  if (options.checkOnly) {
    context.stdout(checkReport(options.configFile, config, options.json));
    return exitCodes.ok;
  }
  const level = args.flag("verbose") ? "debug" : config.log.level;
  return config.chains.length > 0
    ? runChains(config, options, level, context)
    : runMachine(config, options, level, context);
}

/** The whole machine, with its guard. */
async function runMachine(
  config: LoadedConfig,
  options: RunOptions,
  level: LogLevel,
  context: CommandContext,
): Promise<number> {
  const { spec, usbControl, uarts } = await findMachine(config, linuxMachine());
  const { log, recentEvents } = openRunLog(context, level, options.json);
  const { machine } = config;
  const settings = machineSettings(machine);
  // Wrong limits are better told now than by a guard that gives no power.
  limitsWithin(spec.limits, settings.limits);
  return superviseMachine({
    program: "guard",
    arguments: { ...config.paths, logLevel: level },
    setup: {
      machine: { board: spec.id },
      usbControl,
      simulated: false,
      fanOutlastMs: FAN_OUTLAST_MS,
      settings,
      miner: {
        ...minerSetup(config, level),
        chains: spec.chains.map(({ chain, mayRunWithFewerChips }, index) => ({
          uart: uarts[index] ?? "",
          spec: { ...chain, frequencyMHz: machine?.frequencyMHz ?? chain.frequencyMHz },
          acceptFewerChips: mayRunWithFewerChips,
        })),
        allowExperimental: machine?.experimental ?? false,
      },
    },
    clock: linuxPlatform().clock,
    context,
    log,
    durationMs: options.durationMs,
    json: options.json,
    recentEvents,
  });
}

function machineSettings(machine: MachineConfig | undefined): MachineSettings {
  return {
    fans: machine?.fans ?? { mode: "auto" },
    paused: false,
    ...(machine?.frequencyMHz === undefined ? {} : { frequencyMHz: machine.frequencyMHz }),
    ...(machine?.board === undefined || machine.voltageV === undefined
      ? {}
      : { voltageV: machine.voltageV }),
    ...(machine?.limits === undefined ? {} : { limits: machine.limits }),
  };
}

/** Bare chains, which something else powers, cools and watches. */
async function runChains(
  config: LoadedConfig,
  options: RunOptions,
  level: LogLevel,
  context: CommandContext,
): Promise<number> {
  const problems = supervisionProblems(config, options.unsupervised);
  if (problems.length > 0) throw new ConfigError(problems);
  const { log, recentEvents } = openRunLog(context, level, options.json);
  const platform = linuxPlatform();
  const setup = minerSetup(config, level);
  const memory = await openMinerMemory(setup.stateDir, platform.clock, log);
  const handshaker = threadedHandshaker(platform, log);
  const miner = createMiner(platform, setup, log, "always-on", { memory, handshaker });
  for (const chip of new Set(setup.chains.map(({ spec }) => spec.chip))) {
    await warmUp(platform, chip, log);
  }
  try {
    return await mine({
      miner,
      clock: platform.clock,
      context,
      log,
      durationMs: options.durationMs,
      json: options.json,
      recentEvents,
    });
  } finally {
    handshaker.close();
    await memory.close();
  }
}

function minerSetup(config: LoadedConfig, logLevel: LogLevel): MinerSetup {
  const { chains } = config;
  return {
    pools: poolGroups(config),
    stateDir: config.paths.stateDir,
    chains: chains.map((chain) => ({
      uart: chain.uart,
      spec: chainSpec(chain),
      acceptFewerChips: chain.acceptFewerChips,
    })),
    simulated: false,
    scale: 1,
    logLevel,
    allowExperimental: chains.some(({ experimental }) => experimental),
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
