/**
 * A machine of which nobody knows which one it is: page and API are served so that somebody can say it, and nothing else
 * happens. What an earlier guard left on is switched off; after that there is no guard and no miner here, no line, bus or
 * watchdog is opened, and nothing is given power; so nobody pets a watchdog either: on OpenWrt the init script has made procd
 * close it, for the guard of the machine that will be found.
 */
import type { Logger } from "../src/lib/log.ts";
import { Signal } from "../src/lib/signal.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { MachineFacts } from "../src/ports/machine-platform.ts";
import type { FoundMachine, NoMachine } from "./find-machine.ts";
import { type Driver, OperatedMachine } from "./operator/operated-machine.ts";
import {
  lineWriter,
  type MachineEnd,
  type OperatorPlan,
  type SuperviseOptions,
} from "./supervise-machine.ts";

/** Whoever named it still gets the answer from this page. */
const ANSWERED_AFTER_MS = 500;
/** A USB board that is plugged in is found soon; what is read are a few files. */
const LOOK_EVERY_MS = 5_000;
/** Also when these show nothing new: a hashboard's memory may not have answered, or a board was plugged in. */
const LOOK_WELL_EVERY_MS = 60_000;

export interface UnnamedOptions
  extends Pick<SuperviseOptions, "context" | "json" | "recentEvents" | "logFormat"> {
  readonly found: NoMachine;
  /** Anew, by the settings in force. */
  readonly find: () => Promise<FoundMachine | NoMachine>;
  readonly readFacts: () => Promise<MachineFacts>;
  /** What an earlier guard left on. Never rejects. */
  readonly switchOffLeft: (onLogLine: (line: string) => void) => Promise<unknown>;
  readonly operator: OperatorPlan;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Resolves when it has another name, looks like another machine, or is told to end. */
export async function serveUnnamed(options: UnnamedOptions): Promise<MachineEnd> {
  const { context, clock, log, operator, found } = options;
  const { code, why, advice, candidates } = found.unnamed;
  const over = new AbortController();
  let next: MachineEnd["next"] = "end";
  const end = (how: MachineEnd["next"]) => {
    next = how;
    over.abort();
  };
  // There is no live display here: what is said is seen.
  const onLogLine = lineWriter({ ...options, recentEvents: undefined });
  const operated = new OperatedMachine({
    ...operator,
    supervisor: nothingDriven(why),
    undriven: why,
    clock,
    log,
    onLogLine,
    restart: end,
  });
  const ids = candidates.map(({ id }) => id);
  log.error({ code, reason: why, advice, candidates: ids }, "nothing is driven");
  if (options.recentEvents !== undefined)
    context.stderr(`asicd: ${why}. ${advice} Nothing is driven; the page stays up until Ctrl-C.\n`);
  let naming: Disposable | undefined;
  using _applied = operator.applied.on(({ loaded, before }) => {
    operated.take(loaded, before);
    if (loaded.machine?.board === before.machine?.board) return;
    naming?.[Symbol.dispose]();
    naming = clock.after(ANSWERED_AFTER_MS, () => end("restart"));
  });
  const looking = watchFacts(options, () => end("restart"));
  const switchingOff = options.switchOffLeft(onLogLine);
  operated.start();
  try {
    await aborted(AbortSignal.any([context.signal, over.signal]));
    return { exitCode: 0, next: context.signal.aborted ? "end" : next };
  } finally {
    naming?.[Symbol.dispose]();
    // Whoever comes next finds buses that nobody uses.
    await looking.stop();
    await switchingOff;
    await operated.stop();
  }
}

/** Calls when the machine shows something else than before, and that makes a difference. */
function watchFacts(
  { clock, log, readFacts, find, found: { unnamed, facts } }: UnnamedOptions,
  onOther: () => void,
): { stop(): Promise<void> } {
  let seen = JSON.stringify(facts);
  let wellSeenMs = clock.nowMs();
  let isLooking = false;
  let isStopped = false;
  const look = async () => {
    try {
      const now = JSON.stringify(await readFacts());
      const nowMs = clock.nowMs();
      if (isStopped || (now === seen && nowMs - wellSeenMs < LOOK_WELL_EVERY_MS)) return;
      wellSeenMs = nowMs;
      // Reads memories, too.
      const found = await find();
      seen = now;
      if (isStopped) return;
      if (found.is === "unnamed" && JSON.stringify(found.unnamed) === JSON.stringify(unnamed))
        return;
      log.info({}, "the machine shows something else than before: it is looked at again");
      onOther();
    } catch (error) {
      log.warn({ err: error }, "what the machine shows could not be read");
    }
  };
  let last = Promise.resolve();
  const timer = clock.every(LOOK_EVERY_MS, () => {
    if (isLooking) return;
    isLooking = true;
    last = look().finally(() => {
      isLooking = false;
    });
  });
  return {
    stop() {
      isStopped = true;
      timer[Symbol.dispose]();
      return last;
    },
  };
}

/** In place of a supervisor: there is nothing that could be told anything. What is set, the machine that is found starts with. */
function nothingDriven(reason: string): Driver {
  return {
    machine: undefined,
    restarts: 0,
    changed: new Signal(),
    guardView: { state: "stopped", restarts: 0, lastWordAgoS: null, reason },
    changeSettings() {},
    changePools() {},
    clear() {},
    restartChain() {},
    restartMiner() {},
    identify() {},
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
