/** The command `asicd simulate`: the whole machine on simulated hardware, against a simulated or a given pool. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, type CommandContext, exitCodes } from "../firmware/cli/command.ts";
import { configurableChips } from "../firmware/cli/config-file.ts";
import type { ParsedArgs } from "../firmware/cli/parse-args.ts";
import { SettingsDesk } from "../firmware/config-desk.ts";
import { memoryConfigStore } from "../firmware/config-store.ts";
import type { GuardSetup } from "../firmware/guard/guard-setup.ts";
import { checkMachineSettings } from "../firmware/machine-check.ts";
import { machineSettings } from "../firmware/machine-settings.ts";
import { deviceFacts } from "../firmware/operator/device-facts.ts";
import { linuxPlatform } from "../firmware/platform/linux-platform.ts";
import { openRunLog } from "../firmware/run-log.ts";
import { type AppliedSettings, superviseMachine } from "../firmware/supervise-machine.ts";
import type { LoadedConfig } from "../src/config/load.ts";
import { poolGroups } from "../src/config/pool-groups.ts";
import { Signal } from "../src/lib/signal.ts";
import { describeFaults } from "./plant/fault-script.ts";
import { type ProcessFaultChange, ProcessFaults } from "./process-faults.ts";
import { simulatedConfig } from "./simulate-config.ts";
import { readSimulateOptions, type SimulateOptions, simulateOptions } from "./simulate-options.ts";
import { simulateProbe } from "./simulate-probe.ts";
import { openWorld, type World } from "./world-client.ts";

export const simulateCommand: Command = {
  name: "simulate",
  summary: "mine on simulated hashboards, against a simulated pool or a real one",
  usage: "[options]",
  description: `Starts the miner on simulated chips: real serial devices (PTYs), real frames, real hashing, only slower. The scale
is chosen so that this machine can do every hash, and printed; all rates shown are rates of the simulation. Without
--pool a simulated pool runs beside it, encrypted and strict.`,
  options: simulateOptions,
  examples: [
    "asicd simulate",
    "asicd simulate --board s21-pro",
    'asicd simulate --board bitaxe-gamma --fault "20s sensor-lost sensor=\\"chip\\""',
    "asicd simulate --board s21 --probe --json",
    "asicd simulate --chip BM1370 --chips 65 --chains 1 --duration 60 --json",
    "asicd simulate --pool stratum2+tcp://127.0.0.1:34254/9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72",
  ],
  run,
};

async function run(args: ParsedArgs, context: CommandContext): Promise<number> {
  if (args.strings("fault").includes("help")) {
    context.stdout(describeFaults());
    return exitCodes.ok;
  }
  const options = readSimulateOptions(args);
  if (options.probe) {
    await simulateProbe(options, context);
    return exitCodes.ok;
  }
  const level = options.verbose ? "debug" : "info";
  const { log, recentEvents } = openRunLog(context, level, options.json);
  const folder = mkdtempSync(join(tmpdir(), "asicd-"));
  try {
    if (recentEvents !== undefined) context.stderr("Measuring what this machine can hash …\n");
    const portsSocket = join(folder, "ports.sock");
    const stateDir = options.stateDir ?? folder;
    const { clock } = linuxPlatform();
    using processFaults = new ProcessFaults({ runtimeDir: folder, stateDir, clock, log });
    const world = await openWorldFor(options, portsSocket, context, (change) =>
      processFaults.take(change),
    );
    if (world === undefined) return exitCodes.ok;
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= world.close().then((result) => {
        if (result !== undefined) log.info({ ...result }, "simulated world is closed");
      });
      return closing;
    };
    try {
      const { scale, hostHps, workers, search } = world;
      const own = world.poolUrl === undefined ? [] : [world.poolUrl];
      const poolUrls = options.poolUrls.length > 0 ? options.poolUrls : own;
      log.info(
        { scale, hostHps: Math.round(hostHps), workers, search, pools: poolUrls },
        "simulated world is up",
      );
      let config = simulatedConfig(options, poolUrls);
      for (;;) {
        const applied = new Signal<AppliedSettings>();
        using settings = new SettingsDesk({
          store: memoryConfigStore(config),
          clock,
          chips: configurableChips,
          apply: (loaded, before) => applied.emit({ loaded, before }),
          check: (loaded) => checkMachineSettings(options.spec, loaded),
          mayLackPools: true,
        });
        const { exitCode, next } = await superviseMachine({
          program: "simulated-guard",
          arguments: { runtimeDir: folder, stateDir, logLevel: level, portsSocket },
          setup: guardSetup(options, world, stateDir, level, settings.loaded),
          clock,
          context,
          log,
          durationMs: options.durationMs,
          json: options.json,
          recentEvents,
          operator: {
            isWanted: options.page !== undefined,
            facts: deviceFacts({
              spec: options.spec,
              uarts: world.uarts,
              simulated: true,
              scale,
            }),
            surroundings: {
              stateDir,
              runtimeDir: folder,
              eventsFile: join(stateDir, "events.jsonl"),
              logLevel: level,
              mayMovePort: true,
            },
            settings,
            applied,
            factoryConfig: () => simulatedConfig({ ...options, settings: [] }, poolUrls),
          },
          ground: { gone: world.gone, close },
          onSupervisor: (supervisor) =>
            processFaults.watch(() => ({
              guardPid: supervisor.guardPid,
              minerPid: supervisor.machine?.minerProcess.pid,
            })),
        });
        // A simulated machine has no operating system of its own to reboot.
        if (next === "end") return exitCode;
        config = settings.view().sparse;
      }
    } finally {
      await close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `undefined` when told to end before it was open. */
async function openWorldFor(
  options: SimulateOptions,
  portsSocket: string,
  context: CommandContext,
  onProcessFault: (change: ProcessFaultChange) => void,
): Promise<World | undefined> {
  const { spec } = options;
  try {
    return await openWorld(
      {
        machine: options.machine,
        nominalHps: spec.chains.reduce(
          (sum, { chain }) =>
            sum +
            (options.frequencyMHz ?? chain.frequencyMHz) *
              1e6 *
              chain.chip.smallCores *
              chain.chipCount,
          0,
        ),
        seed: options.seed,
        faults: options.faults,
        portsSocket,
        ...(options.recordFile === undefined ? {} : { recordFile: options.recordFile }),
        ...(options.workers === undefined ? {} : { workers: options.workers }),
        ...(options.poolUrls.length === 0 ? { pool: options.pool } : {}),
      },
      context.signal,
      onProcessFault,
    );
  } catch (error) {
    if (context.signal.aborted) return undefined;
    throw error;
  }
}

function guardSetup(
  options: SimulateOptions,
  world: World,
  stateDir: string,
  logLevel: "debug" | "info",
  config: LoadedConfig,
): GuardSetup {
  const frequencyMHz = config.machine?.frequencyMHz;
  return {
    machine: options.machine,
    usbControl: world.usbControl,
    simulated: true,
    fanOutlastMs: 0,
    settings: machineSettings(config),
    miner: {
      pools: poolGroups(config),
      stateDir,
      chains: options.spec.chains.map(({ chain, mayRunWithFewerChips }, index) => ({
        uart: world.uarts[index] ?? "",
        spec: {
          ...chain,
          frequencyMHz: frequencyMHz ?? chain.frequencyMHz,
          ticketDifficulty: options.ticketDifficulty ?? chain.ticketDifficulty,
        },
        acceptFewerChips: mayRunWithFewerChips,
      })),
      simulated: true,
      scale: world.scale,
      logLevel,
      allowExperimental: true,
    },
  };
}
