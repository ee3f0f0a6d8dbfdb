/** Bare chains, which something else powers, cools and watches. */
import type { ChainSpec } from "../boards/chain-spec.ts";
import { chainOf } from "../boards/known-boards.ts";
import { chipsByName } from "../drivers/bm13xx/chips.ts";
import type { LoadedChain, LoadedConfig } from "../src/config/load.ts";
import { ConfigError } from "../src/lib/errors.ts";
import type { CommandContext } from "./cli/command.ts";
import type { RunOptions } from "./cli/run-options.ts";
import { mine } from "./mine.ts";
import { openMinerMemory } from "./miner-memory.ts";
import { createMiner, threadedHandshaker, warmUp } from "./miner-process.ts";
import type { MinerSetup } from "./miner-setup.ts";
import { linuxPlatform } from "./platform/linux-platform.ts";
import { openRunLog } from "./run-log.ts";

/** UART_BAUD as chips have it after reset: "no fast baud" in the configuration (drivers/bm13xx, register 0x28). */
const RESET_FAST_BAUD = { register: 0x01301a00, hostBaud: 115_200 } as const;

/** Resolves to the exit code. Throws ConfigError for chains that there are not. */
export async function runChains(
  { chains }: LoadedConfig,
  common: Omit<MinerSetup, "chains">,
  { durationMs, json, logFormat }: Pick<RunOptions, "durationMs" | "json" | "logFormat">,
  context: CommandContext,
): Promise<number> {
  const { log, recentEvents } = openRunLog(context, common.logLevel, json, logFormat);
  const platform = linuxPlatform();
  const { clock } = platform;
  const setup: MinerSetup = {
    ...common,
    chains: chains.map((chain) => ({
      uart: chain.uart,
      spec: chainSpec(chain),
      acceptFewerChips: chain.acceptFewerChips,
    })),
    allowExperimental: chains.some(({ experimental }) => experimental),
  };
  const memory = await openMinerMemory(setup.stateDir, clock, log);
  const handshaker = threadedHandshaker(platform, log);
  const miner = createMiner(platform, setup, log, "always-on", { memory, handshaker });
  for (const chip of new Set(setup.chains.map(({ spec }) => spec.chip))) {
    await warmUp(platform, chip, log);
  }
  try {
    return await mine({ miner, clock, context, log, durationMs, json, recentEvents });
  } finally {
    handshaker.close();
    await memory.close();
  }
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
