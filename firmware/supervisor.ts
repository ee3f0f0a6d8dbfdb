/** Starts the guard as a child, starts it again when it dies, and holds what it last told. */
import { type ChildProcess, fork } from "node:child_process";
import type { GuardView } from "../src/api/operator-link.ts";
import type { Link } from "../src/control/guard-link.ts";
import type { PoolGroupOptions } from "../src/hashing/pool-options.ts";
import type { Logger } from "../src/lib/log.ts";
import { Signal } from "../src/lib/signal.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { MachineSnapshot } from "../src/telemetry/machine-snapshot.ts";
import { forwardLines } from "./child-log.ts";
import type {
  GuardArguments,
  GuardReport,
  GuardSetup,
  MachineSettings,
  ParentMessage,
} from "./guard/guard-setup.ts";
import { linkToChild } from "./process-link.ts";
import { thriftyEnvironment } from "./process-memory.ts";
import { findProgram, type ProgramName } from "./programs.ts";

/** Chips may be hot and without a guard: the first restart comes at once, later ones after these pauses. */
const RESTART_PAUSES_MS = [0, 1_000, 5_000, 15_000, 60_000] as const;
const HEALTHY_AFTER_MS = 60_000;
/** Beyond what the guard needs for an orderly stop. */
const STOP_WITHIN_MS = 15_000;
/** It tells its state twice a second. */
const SILENT_AFTER_S = 3;

export interface SupervisorOptions {
  readonly program: Extract<ProgramName, "guard" | "simulated-guard">;
  readonly arguments: GuardArguments;
  readonly setup: GuardSetup;
  readonly clock: Clock;
  readonly log: Logger;
  /** A line of the guard's and the miner's log. */
  readonly onLogLine: (line: string) => void;
}

export type Refusal = Pick<Extract<GuardReport, { tell: "refused" }>, "reason" | "isTaken">;

export class Supervisor {
  /** As the guard last told. */
  machine: MachineSnapshot | undefined;
  restarts = 0;
  /** Resolves when the guard will not drive this machine. */
  readonly refused: Promise<Refusal>;
  readonly changed = new Signal<MachineSnapshot>();
  readonly #options: SupervisorOptions;
  /** A guard that is started again begins with what the operator wants now. */
  #setup: GuardSetup;
  #heardMs: number | undefined;
  #child: ChildProcess | undefined;
  #link: Link<ParentMessage, GuardReport> | undefined;
  #startedMs = 0;
  #failures = 0;
  #isStopping = false;
  #isRefused = false;
  #waiting: Disposable | undefined;
  #exited: Promise<void> = Promise.resolve();
  #refuse: (refusal: Refusal) => void = () => {};
  #refusal: Refusal | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#setup = options.setup;
    this.refused = new Promise((resolve) => {
      this.#refuse = resolve;
    });
  }

  get guardPid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const { program, arguments: args, clock, onLogLine } = this.#options;
    this.#startedMs = clock.nowMs();
    const child = fork(findProgram(program), [JSON.stringify(args)], {
      env: thriftyEnvironment(process.env),
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      serialization: "advanced",
    });
    this.#child = child;
    forwardLines(child, onLogLine);
    const link = linkToChild<ParentMessage, GuardReport>(child);
    this.#link = link;
    link.onMessage((report) => this.#take(report));
    link.send({ tell: "setup", setup: this.#setup });
    this.#exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        resolve();
        this.#ended(child, signal ?? `exit code ${code}`);
      });
      child.once("error", (error) => {
        resolve();
        this.#ended(child, error.message);
      });
    });
  }

  /** Lets an operator's word through. */
  clear(chain: number | null): void {
    this.#link?.send({ tell: "clear", chain });
  }

  changeSettings(settings: MachineSettings): void {
    this.#setup = { ...this.#setup, settings };
    this.#link?.send({ tell: "settings", settings });
  }

  changePools(pools: readonly PoolGroupOptions[]): void {
    this.#setup = { ...this.#setup, miner: { ...this.#setup.miner, pools } };
    this.#link?.send({ tell: "pools", pools });
  }

  restartChain(chain: number, reason: string): void {
    this.#link?.send({ tell: "restart-chain", chain, reason });
  }

  restartMiner(reason: string): void {
    this.#link?.send({ tell: "restart-miner", reason });
  }

  identify(seconds: number): void {
    this.#link?.send({ tell: "identify", seconds });
  }

  /** What the operator is told of the guard itself. */
  get guardView(): GuardView {
    const { clock } = this.#options;
    const lastWordAgoS =
      this.#heardMs === undefined ? null : (clock.nowMs() - this.#heardMs) / 1_000;
    const isSilent = lastWordAgoS === null || lastWordAgoS > SILENT_AFTER_S;
    return {
      state: this.#child === undefined ? "stopped" : isSilent ? "silent" : "running",
      restarts: this.restarts,
      lastWordAgoS,
      reason: this.#refusal?.reason ?? null,
    };
  }

  /** Power goes down in order; resolves when the guard has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#waiting?.[Symbol.dispose]();
    // The guard died and waits for its restart: its first act is power off, so it must come once more.
    if (this.#child === undefined && this.restarts > 0 && !this.#isRefused) this.start();
    this.#link?.send({ tell: "stop" });
    const child = this.#child;
    const enough = new AbortController();
    const withinMs = STOP_WITHIN_MS + this.#setup.fanOutlastMs;
    void this.#options.clock.sleep(withinMs, enough.signal).then(
      () => child?.kill("SIGKILL"),
      () => {},
    );
    await this.#exited;
    enough.abort();
  }

  #take(report: GuardReport): void {
    switch (report.tell) {
      case "status":
        this.#heardMs = this.#options.clock.nowMs();
        this.machine = report.machine;
        this.changed.emit(report.machine);
        return;
      case "refused":
        this.#isStopping = true;
        this.#isRefused = true;
        this.#refusal = report;
        this.#refuse(report);
        return;
      default:
        report satisfies never;
    }
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#link = undefined;
    if (this.#isStopping) return;
    const { clock, log } = this.#options;
    if (clock.nowMs() - this.#startedMs >= HEALTHY_AFTER_MS) this.#failures = 0;
    const last = RESTART_PAUSES_MS.length - 1;
    const pauseMs = RESTART_PAUSES_MS[Math.min(this.#failures++, last)] ?? 0;
    this.restarts++;
    log.error({ how, pauseMs }, "the guard died, starting it again");
    this.#waiting = clock.after(pauseMs, () => this.start());
  }
}
