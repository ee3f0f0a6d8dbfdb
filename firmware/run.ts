/** The command `asicd run`: mines with real hash chains, as the configuration file says. */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { type LoadedConfig, loadConfig } from "../src/config/load.ts";
import { poolGroups } from "../src/config/pool-groups.ts";
import { CONFIG_VERSION } from "../src/config/schema.ts";
import { ConfigError } from "../src/lib/errors.ts";
import { Signal } from "../src/lib/signal.ts";
import { type Command, type CommandContext, exitCodes } from "./cli/command.ts";
import { configurableChips, parseJsonc, readConfigFile } from "./cli/config-file.ts";
import type { ParsedArgs } from "./cli/parse-args.ts";
import {
  checkReport,
  type RunOptions,
  readRunOptions,
  runDescription,
  runOptionSpecs,
  supervisionProblems,
} from "./cli/run-options.ts";
import { SettingsDesk } from "./config-desk.ts";
import { openConfigFile } from "./config-store.ts";
import { type FoundMachine, findMachine, type NoMachine } from "./find-machine.ts";
import type { GuardSetup } from "./guard/guard-setup.ts";
import type { LogLevel } from "./log.ts";
import { checkChangedSettings, checkMachineSettings, checkNaming } from "./machine-check.ts";
import { machineSettings } from "./machine-settings.ts";
import type { MinerSetup } from "./miner-setup.ts";
import { deviceFacts, type FactsSource, unnamedFacts } from "./operator/device-facts.ts";
import { linuxMachine } from "./platform/linux-machine.ts";
import { linuxPlatform } from "./platform/linux-platform.ts";
import { openRunLog, type RunLog } from "./run-log.ts";
import { serviceUser } from "./service-user.ts";
import { type AppliedSettings, superviseMachine } from "./supervise-machine.ts";
import { switchOffLeft } from "./switch-off-left.ts";
import { serveUnnamed } from "./unnamed-machine.ts";
import { isAnotherVersionWanted, START_AGAIN_EXIT_CODE } from "./update/boot-file.ts";

/** Fans outlast hashing by this long. */
const FAN_OUTLAST_MS = 90_000;

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
  const file = options.configFile;
  if (options.checkOnly) {
    const checked = readConfigFile(file, { mayLackPools: true });
    context.stdout(checkReport(file, checked, options.json));
    return exitCodes.ok;
  }
  const config = await soundConfig(file);
  const level = args.flag("verbose") ? "debug" : config.log.level;
  if (config.chains.length === 0) return runMachine(options, args.flag("verbose"), context);
  const problems = supervisionProblems(config, options.unsupervised);
  if (problems.length > 0) throw new ConfigError(problems);
  // A supervisor of a whole machine has no miner in it, and no need of one.
  const { runChains } = await import("./run-chains.ts");
  return runChains(config, minerSetup(config, level), options, context);
}

/** The whole machine, with its guard, as often as an operator wants it started again. */
async function runMachine(
  options: RunOptions,
  verbose: boolean,
  context: CommandContext,
): Promise<number> {
  const { clock } = linuxPlatform();
  const machine = linuxMachine();
  const user = serviceUser();
  let runLog: RunLog | undefined;
  for (;;) {
    const applied = new Signal<AppliedSettings>();
    const store = await openConfigFile(options.configFile, checkConfigText);
    let found: FoundMachine | NoMachine | undefined;
    using desk = new SettingsDesk({
      store,
      clock,
      chips: configurableChips,
      apply: (loaded, before) => applied.emit({ loaded, before }),
      check(loaded) {
        if (found?.is === "found") checkChangedSettings(found.spec, desk.started, loaded);
        if (found?.is === "unnamed") checkNaming(found, desk.started, loaded);
      },
      mayLackPools: true,
    });
    const config = desk.loaded;
    const level = verbose ? "debug" : config.log.level;
    const looked = await findMachine(config, machine);
    // Only who stays up can be told later which machine it is.
    if (looked.is === "unnamed" && options.durationMs !== undefined)
      throw new ConfigError([looked.problem]);
    if (looked.is === "found") checkMachineSettings(looked.spec, config);
    found = looked;
    runLog ??= openRunLog(context, level, options.json, options.logFormat);
    for (const problem of store.problems) runLog.log.error({ problem }, "the configuration file");
    const { paths } = config;
    const guardArguments = { ...paths, logLevel: level };
    const common = {
      ...runLog,
      clock,
      context,
      json: options.json,
      logFormat: options.logFormat,
      operator: {
        isWanted: true,
        facts: looked.is === "found" ? deviceFacts(factsOf(looked)) : unnamedFacts(looked.unnamed),
        surroundings: {
          ...paths,
          eventsFile: join(paths.stateDir, "events.jsonl"),
          logLevel: level,
          mayMovePort: false,
          ...(user === undefined ? {} : { dropTo: user }),
        },
        settings: desk,
        applied,
        factoryConfig: () => factoryConfig(desk.started),
        updates: { configFile: options.configFile },
      },
    };
    const { exitCode, next } =
      looked.is === "unnamed"
        ? await serveUnnamed({
            ...common,
            found: looked,
            find: () => findMachine(desk.loaded, machine),
            readFacts: machine.readFacts,
            switchOffLeft: (onLogLine) =>
              switchOffLeft({ ...common, arguments: guardArguments, onLogLine }),
          })
        : await superviseMachine({
            ...common,
            program: "guard",
            arguments: guardArguments,
            setup: guardSetup(looked, config, level, user),
            durationMs: options.durationMs,
          });
    if (next === "end" || exitCode !== exitCodes.ok) return exitCode;
    if (isAnotherVersionWanted(context.env)) return START_AGAIN_EXIT_CODE;
    if (next === "reboot" && (await reboots(context))) return exitCodes.ok;
  }
}

function guardSetup(
  found: FoundMachine,
  config: LoadedConfig,
  level: LogLevel,
  user: ReturnType<typeof serviceUser>,
): GuardSetup {
  const { spec, usbControl, uarts } = found;
  const { simulated, scale } = factsOf(found);
  return {
    machine: { board: spec.id },
    usbControl,
    simulated,
    fanOutlastMs: FAN_OUTLAST_MS,
    settings: machineSettings(config),
    miner: {
      ...minerSetup(config, level),
      chains: spec.chains.map(({ chain, mayRunWithFewerChips }, index) => ({
        uart: uarts[index] ?? "",
        spec: { ...chain, frequencyMHz: config.machine?.frequencyMHz ?? chain.frequencyMHz },
        acceptFewerChips: mayRunWithFewerChips,
      })),
      simulated,
      scale,
      ...(user === undefined ? {} : { runAs: user }),
    },
  };
}

function factsOf({ spec, uarts }: FoundMachine): FactsSource {
  const simulated = spec.emulated !== undefined;
  return { spec, uarts, simulated, scale: spec.emulated?.hashScale ?? 1 };
}

/** A damaged file gives way to the last good one, where there is one. */
async function soundConfig(file: string): Promise<LoadedConfig> {
  try {
    return readConfigFile(file, { mayLackPools: true });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { text } = await openConfigFile(file, checkConfigText).catch(() => {
      // What is wrong with the file itself says more than what is wrong with both.
      throw error;
    });
    return checkConfigText(text);
  }
}

function checkConfigText(text: string): LoadedConfig {
  return loadConfig(parseJsonc(text), configurableChips, { mayLackPools: true });
}

/** Only what asicd needs to find this machine and its folders again. */
function factoryConfig({ machine, paths }: LoadedConfig): unknown {
  const board = machine?.board;
  return { version: CONFIG_VERSION, paths, ...(board === undefined ? {} : { machine: { board } }) };
}

/** The machine is off in order; resolves to whether init has been told. */
function reboots(context: CommandContext): Promise<boolean> {
  return new Promise((resolve) => {
    execFile("/sbin/reboot", (error) => {
      if (error !== null) context.stderr(`asicd: reboot: ${error.message}; asicd starts again\n`);
      resolve(error === null);
    });
  });
}

/** All but the chains. */
function minerSetup(config: LoadedConfig, logLevel: LogLevel): Omit<MinerSetup, "chains"> {
  return {
    pools: poolGroups(config),
    stateDir: config.paths.stateDir,
    simulated: false,
    scale: 1,
    logLevel,
    allowExperimental: config.machine?.experimental ?? false,
  };
}
