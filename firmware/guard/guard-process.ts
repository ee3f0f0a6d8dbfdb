/**
 * The guard as a process. Its first act, before it knows any setting, is to switch the machine off and the fans on; only
 * then it listens to whoever started it.
 */
import { join } from "node:path";
import { machineOf } from "../../boards/machine-ref.ts";
import type { MachineSpec } from "../../boards/machine-spec.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { MachinePlatform } from "../../src/ports/machine-platform.ts";
import { clearBoardRecord, readBoardRecord, writeBoardRecord } from "../board-record.ts";
import { eventFile } from "../event-file.ts";
import { openLog } from "../log.ts";
import { linkToParent } from "../process-link.ts";
import { type MinerProgram, startChildMiner } from "./child-miner.ts";
import { EventRecorder } from "./event-recorder.ts";
import { Guard } from "./guard.ts";
import type {
  BoardRecord,
  GuardArguments,
  GuardReport,
  GuardSetup,
  ParentMessage,
} from "./guard-setup.ts";
import { type MachineHardware, openMachineHardware } from "./machine-hardware.ts";

const STATUS_PERIOD_MS = 500;

/** Throws Error when the process was started by hand. */
export function guardArguments(): GuardArguments {
  const given = process.argv[2];
  if (given === undefined) throw new Error("this program is started by asicd, never by hand");
  return JSON.parse(given) as GuardArguments;
}

/** Resolves when the guard has ended in order. */
export async function runGuardProcess(
  args: GuardArguments,
  platform: MachinePlatform,
  minerProgram: MinerProgram,
): Promise<void> {
  const log = openLog({ level: args.logLevel, to: process.stderr });
  const parent = linkToParent<GuardReport, ParentMessage>();
  const ending = new AbortController();
  const setupArrived = new Promise<GuardSetup>((resolve) => {
    parent.onMessage((message) => {
      if (message.tell === "setup") resolve(message.setup);
      if (message.tell === "stop") ending.abort();
    });
  });
  parent.onClosed(() => ending.abort());
  process.on("SIGTERM", () => ending.abort());
  // Ctrl-C reaches the whole group: whoever started the guard says when it ends.
  process.on("SIGINT", () => {});

  const left = readBoardRecord(args.runtimeDir);
  const early = left && (await switchOff(left, platform, log));
  const setup = await Promise.race([setupArrived, aborted(ending.signal)]);
  if (setup === undefined) return leave(early);
  const spec = machineOf(setup.machine);
  const refuse = async (reason: string, hardware?: MachineHardware) => {
    parent.send({ tell: "refused", reason });
    await leave(hardware);
  };
  if (spec === undefined) return refuse(`${JSON.stringify(setup.machine)}: no such machine`, early);

  let hardware: MachineHardware;
  try {
    hardware = await takeOver(early, left, setup, spec, platform, log);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  writeBoardRecord(args.runtimeDir, { machine: setup.machine, usbControl: setup.usbControl });
  const recorder = new EventRecorder(
    platform.clock,
    eventFile(join(args.stateDir, "events.jsonl")),
    log,
  );
  const guard = new Guard(hardware, {
    platform,
    log,
    recorder,
    setup,
    startMiner: () => startChildMiner(minerProgram, setup.miner),
  });
  parent.onMessage((message) => {
    if (message.tell === "clear") guard.clear(message.chain);
    if (message.tell === "settings") guard.changeSettings(message.settings);
  });
  guard.start(left !== undefined);
  using _status = platform.clock.every(STATUS_PERIOD_MS, () =>
    parent.send({ tell: "status", machine: guard.snapshot() }),
  );
  await aborted(ending.signal);
  await guard.stop();
  parent.send({ tell: "status", machine: guard.snapshot() });
  clearBoardRecord(args.runtimeDir);
  await leave(hardware);
}

/** The machine that an earlier guard left: off before anything else is read. A machine that is gone cannot be hot. */
async function switchOff(
  record: BoardRecord,
  platform: MachinePlatform,
  log: Logger,
): Promise<MachineHardware | undefined> {
  const spec = machineOf(record.machine);
  if (spec === undefined) return undefined;
  try {
    return await openMachineHardware(spec, platform, record.usbControl, log);
  } catch (error) {
    log.error(
      { err: error, machine: spec.id },
      "the machine of the earlier guard cannot be opened",
    );
    return undefined;
  }
}

/** Goes on with what the first act opened when it is the same machine. */
async function takeOver(
  early: MachineHardware | undefined,
  left: BoardRecord | undefined,
  setup: GuardSetup,
  spec: MachineSpec,
  platform: MachinePlatform,
  log: Logger,
): Promise<MachineHardware> {
  const isSame =
    left?.usbControl === setup.usbControl &&
    JSON.stringify(left?.machine) === JSON.stringify(setup.machine);
  if (early !== undefined && isSame) return early;
  await early?.[Symbol.asyncDispose]();
  return openMachineHardware(spec, platform, setup.usbControl, log);
}

async function leave(hardware: MachineHardware | undefined): Promise<void> {
  await hardware?.[Symbol.asyncDispose]();
  process.disconnect?.();
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
