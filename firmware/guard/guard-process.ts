/**
 * The guard as a process. Its first act, before it knows any setting, is to switch the machine off and the fans on; only
 * then it listens to whoever started it.
 */
import { join } from "node:path";
import { detectMachine, usbDeviceOf } from "../../boards/detect.ts";
import { machineOf } from "../../boards/machine-ref.ts";
import type { MachineSpec } from "../../boards/machine-spec.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { MachinePlatform } from "../../src/ports/machine-platform.ts";
import { clearBoardRecord, readBoardRecord, writeBoardRecord } from "../board-record.ts";
import { eventFile } from "../event-file.ts";
import { OtherGuardError } from "../guard-lock.ts";
import { openLog } from "../log.ts";
import { probeFacts } from "../probe-facts.ts";
import { linkToParent } from "../process-link.ts";
import { keepHeapSmall } from "../process-memory.ts";
import { type MinerProgram, startChildMiner } from "./child-miner.ts";
import { EventRecorder } from "./event-recorder.ts";
import { Guard } from "./guard.ts";
import type {
  BoardRecord,
  GuardArguments,
  GuardReport,
  GuardSetup,
  LatchedBoard,
  ParentMessage,
} from "./guard-setup.ts";
import { type MachineHardware, openMachineHardware } from "./machine-hardware.ts";
import { sayGuardEnds, takeGuardLock } from "./take-lock.ts";

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
  keepHeapSmall();
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
  for (const signal of ["SIGINT", "SIGQUIT", "SIGTSTP"] as const) process.on(signal, () => {});
  // The terminal is gone, and with it whoever watched: down in order.
  process.on("SIGHUP", () => ending.abort());
  // `asicd clear` finds this process by its lock, as soon as there is one.
  let clear = () => {};
  process.on("SIGUSR2", () => clear());

  const lock = await takeGuardLock(args.runtimeDir, platform.clock, log, ending.signal);
  if (lock instanceof OtherGuardError) {
    parent.send({ tell: "refused", reason: lock.message, isTaken: true });
    return leave(undefined);
  }
  using _lock = lock;
  ending.signal.addEventListener("abort", () => sayGuardEnds(args.runtimeDir));
  if (ending.signal.aborted) sayGuardEnds(args.runtimeDir);
  const left = readBoardRecord(args.runtimeDir);
  const found = left ?? (await detected(platform));
  const early = await switchOff(found, platform, log);
  const setup = await Promise.race([setupArrived, aborted(ending.signal)]);
  if (setup === undefined) return leave(early);
  const spec = machineOf(setup.machine);
  const refuse = async (reason: string, hardware?: MachineHardware) => {
    parent.send({ tell: "refused", reason, isTaken: false });
    await leave(hardware);
  };
  if (spec === undefined) return refuse(`${JSON.stringify(setup.machine)}: no such machine`, early);

  let hardware: MachineHardware;
  try {
    hardware = await takeOver(early, found, setup, spec, platform, log);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  const keepRecord = (latched: readonly LatchedBoard[]) => {
    const { machine, usbControl } = setup;
    try {
      writeBoardRecord(args.runtimeDir, { machine, usbControl, latched });
    } catch (error) {
      // A guard on a full disk is better than none; the next one's first act comes with its setup.
      log.error({ err: error }, "the board record cannot be written");
    }
  };
  const latched = isSameMachine(left, setup) ? (left?.latched ?? []) : [];
  keepRecord(latched);
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
    latched,
    onLatched: keepRecord,
    startMiner: (pools) => startChildMiner(minerProgram, { ...setup.miner, pools }, log),
  });
  parent.onMessage((message) => obey(guard, message));
  clear = () => guard.clear(null);
  guard.start(left !== undefined);
  using _status = platform.clock.every(STATUS_PERIOD_MS, () =>
    parent.send({ tell: "status", machine: guard.snapshot() }),
  );
  await aborted(ending.signal);
  const isOff = await guard.stop();
  parent.send({ tell: "status", machine: guard.snapshot() });
  // What could not be switched off is the next guard's first act.
  if (isOff) clearBoardRecord(args.runtimeDir);
  await leave(hardware);
}

/** "setup" and "stop" are heard before there is a guard. */
function obey(guard: Guard, message: ParentMessage): void {
  switch (message.tell) {
    case "clear":
      guard.clear(message.chain);
      return;
    case "settings":
      guard.changeSettings(message.settings);
      return;
    case "pools":
      guard.changePools(message.pools);
      return;
    case "restart-chain":
      guard.restartChain(message.chain, message.reason);
      return;
    case "restart-miner":
      guard.restartMiner(message.reason);
      return;
    case "identify":
      guard.identify(message.seconds);
      return;
    case "setup":
    case "stop":
      return;
    default:
      message satisfies never;
  }
}

/** The machine that an earlier guard left: off before anything else is read. A machine that is gone cannot be hot. */
async function switchOff(
  record: BoardRecord | undefined,
  platform: MachinePlatform,
  log: Logger,
): Promise<MachineHardware | undefined> {
  const spec = record && machineOf(record.machine);
  if (record === undefined || spec === undefined) return undefined;
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

/** Without a record: the machine that the facts name, if they do. Nothing is powered to find out. */
async function detected(platform: MachinePlatform): Promise<BoardRecord | undefined> {
  const facts = await probeFacts(platform).catch(() => undefined);
  const spec = facts && detectMachine(facts).matched;
  if (!facts || !spec) return undefined;
  return { machine: { board: spec.id }, usbControl: usbDeviceOf(spec, facts)?.uarts[0] };
}

/** Goes on with what the first act opened when it is the same machine. */
async function takeOver(
  early: MachineHardware | undefined,
  found: BoardRecord | undefined,
  setup: GuardSetup,
  spec: MachineSpec,
  platform: MachinePlatform,
  log: Logger,
): Promise<MachineHardware> {
  if (early !== undefined && isSameMachine(found, setup)) return early;
  await early?.[Symbol.asyncDispose]();
  return openMachineHardware(spec, platform, setup.usbControl, log);
}

function isSameMachine(left: BoardRecord | undefined, setup: BoardRecord): boolean {
  return (
    left?.usbControl === setup.usbControl &&
    JSON.stringify(left?.machine) === JSON.stringify(setup.machine)
  );
}

async function leave(hardware: MachineHardware | undefined): Promise<void> {
  await hardware?.[Symbol.asyncDispose]();
  if (process.connected) process.disconnect?.();
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
