/** Puts the miner together from this machine's parts: the one place where chains, drivers and the upstream meet. */
import { bringUpChain } from "../drivers/bm13xx/chain.ts";
import { type Bm13xxChainOptions, planOf } from "../drivers/bm13xx/chain-options.ts";
import type { Bm13xxChip } from "../drivers/bm13xx/chips.ts";
import { openWarmUpChain } from "../drivers/bm13xx/warm-up-chain.ts";
import { highestFrequencyMHz } from "../src/control/frequency-bounds.ts";
import type { ChainStart } from "../src/hashing/chain-life.ts";
import { guardedChainRules } from "../src/hashing/chain-lifecycle.ts";
import { Miner } from "../src/hashing/miner.ts";
import { alwaysAllowed } from "../src/hashing/power.ts";
import { warmUpHotPath } from "../src/hashing/warm-up.ts";
import type { Logger } from "../src/lib/log.ts";
import { type Handshaker, localHandshaker } from "../src/noise/handshaker.ts";
import type { Platform } from "../src/ports/platform.ts";
import type { DeviceIdentity } from "../src/upstream/endpoint.ts";
import type { MinerMemory } from "./miner-memory.ts";
import type { ChainSetup, MinerSetup } from "./miner-setup.ts";
import { nodeAead } from "./node-aead.ts";
import { ThreadedHandshaker } from "./platform/threaded-handshaker.ts";
import { findProgram } from "./programs.ts";

/** Chips talk at 115 740 baud after reset. */
const RESET_BAUD = 115_200;

/** What a miner can do without: a simulation keeps nothing, and does its arithmetic where it is. */
export interface MinerHelpers {
  readonly memory?: MinerMemory;
  readonly handshaker?: Handshaker;
}

/** Handshakes that do not hold up the hot path; where no thread can be had, they do. */
export function threadedHandshaker(
  { entropy }: Pick<Platform, "entropy">,
  log: Logger,
): ThreadedHandshaker {
  const local = localHandshaker({ entropy, aead: nodeAead });
  return new ThreadedHandshaker(() => findProgram("handshake-thread"), local, log);
}

/** Throws ConfigError when a chain's numbers do not fit together. */
export function createMiner(
  platform: Platform,
  setup: MinerSetup,
  log: Logger,
  power: "guarded" | "always-on",
  { memory, handshaker }: MinerHelpers = {},
): Miner {
  const miner = new Miner(
    memory === undefined ? platform : { ...platform, clock: memory.clock },
    { aead: nodeAead, ...(handshaker === undefined ? {} : { handshaker }) },
    {
      ...(memory === undefined ? {} : { accounts: memory.accounts }),
      groups: setup.pools,
      identity: identityOf(setup.chains),
      chains: setup.chains.map((chain) => chainStart(platform, chain, setup, log)),
      ...(power === "guarded" ? { lifecycle: guardedChainRules } : {}),
      simulated: setup.simulated,
      scale: setup.scale,
    },
    log,
  );
  memory?.attend(miner);
  if (power === "always-on") miner.allow(alwaysAllowed(setup.chains.length));
  return miner;
}

/**
 * Runs the hot path some thousand times in memory, so that the first real block finds compiled code (first block on three
 * chains: 4.0 ms without, 0.4 ms with). Blocks for some tenths of a second: call it before anything is on its way.
 */
export async function warmUp(
  { clock, entropy }: Pick<Platform, "clock" | "entropy">,
  chip: Bm13xxChip,
  log: Logger,
): Promise<void> {
  const result = await warmUpHotPath({
    clock,
    entropy,
    aead: nodeAead,
    openChain: (own) => openWarmUpChain(chip, own),
  });
  log.debug({ ...result, durationMs: Math.round(result.durationMs) }, "hot path warmed up");
}

function chainStart(
  platform: Platform,
  { uart: path, spec, acceptFewerChips }: ChainSetup,
  { scale, allowExperimental }: MinerSetup,
  log: Logger,
): ChainStart {
  const options: Bm13xxChainOptions = { ...spec, hashScale: scale, allowExperimental };
  // Wrong numbers are the operator's to mend, and better told now than by a chain that does not come up.
  planOf(options);
  return {
    uart: path,
    chip: spec.chip.name,
    chipsExpected: spec.chipCount,
    frequencyMHz: spec.frequencyMHz,
    highestFrequencyMHz: highestFrequencyMHz(spec.chip.nominalFrequencyMHz, spec.frequencyMHz),
    mayRunWithFewerChips: acceptFewerChips,
    async bringUp(request) {
      const uart = await platform.openUart(path, RESET_BAUD);
      const asked = {
        acceptFewerChips: request.acceptFewerChips,
        frequencyMHz: request.frequencyMHz,
        frequencyLimitMHz: request.frequencyLimitMHz,
        onPhase: request.onStep,
      };
      return bringUpChain(uart, platform.clock, { ...options, ...asked }, request.signal, log);
    },
  };
}

function identityOf(chains: readonly ChainSetup[]): DeviceIdentity {
  const version = process.env["ASICD_VERSION"] ?? "0.0.0-unbuilt";
  const hardware = new Map<string, number>();
  for (const { spec } of chains) {
    const kind = `${spec.chipCount} x ${spec.chip.name}`;
    hardware.set(kind, (hardware.get(kind) ?? 0) + 1);
  }
  return {
    vendor: `asicd ${version}`,
    hardwareVersion: [...hardware]
      .map(([kind, count]) => (count === 1 ? kind : `${count} x (${kind})`))
      .join(", "),
    firmware: `asicd ${version}`,
    // Empty: no telemetry without the operator's word (SV2 §3.6.1).
    deviceId: "",
  };
}
