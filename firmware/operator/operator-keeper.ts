/** Keeps the operator process running, tells it what it shows, and passes on what it asks. It may die at any time: hashing goes on. */
import { type ChildProcess, fork } from "node:child_process";
import type {
  Answer,
  ConfigView,
  GuardView,
  OperatorMessage,
  OperatorSetup,
  Request,
  SupervisorMessage,
} from "../../src/api/operator-link.ts";
import { checkOperatorMessage } from "../../src/api/operator-message-check.ts";
import type { Link } from "../../src/control/guard-link.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import type { UpdateState } from "../../src/update/update-view.ts";
import { forwardLines } from "../child-log.ts";
import { linkToChild } from "../process-link.ts";
import { thriftyEnvironment } from "../process-memory.ts";
import { findProgram } from "../programs.ts";

/** Pauses before a restart; the last one holds on. One that ran long enough starts over with the first. */
const PAUSES_MS = [1_000, 2_000, 5_000, 15_000, 60_000] as const;
const HEALTHY_AFTER_MS = 300_000;
/** Beats come every second; a page that hangs for this long is worth nothing. */
const SILENT_AFTER_MS = 30_000;
/** From its start to its first beat: a slow processor that starts everything at once needs a minute and more. */
const FIRST_BEAT_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 5_000;

export interface OperatorKeeperParts {
  /** Anew for each start, as the configuration may have changed. */
  readonly setup: () => OperatorSetup;
  readonly clock: Clock;
  readonly log: Logger;
  readonly answer: (request: Request) => Promise<Answer>;
  /** A line of the operator process's own log. */
  readonly onLogLine: (line: string) => void;
}

export class OperatorKeeper {
  restarts = 0;
  /** Where page and API are served, as the process told. */
  listening: readonly string[] = [];
  readonly #parts: OperatorKeeperParts;
  #child: ChildProcess | undefined;
  #link: Link<SupervisorMessage, OperatorMessage> | undefined;
  #startedMs = 0;
  #heardMs = 0;
  #failures = 0;
  #isStopping = false;
  #waiting: Disposable | undefined;
  #watching: Disposable | undefined;
  #exited: Promise<void> = Promise.resolve();
  #restarting: Promise<void> | undefined;

  constructor(parts: OperatorKeeperParts) {
    this.#parts = parts;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    // Two of them would serve two pages, and only one would be told anything.
    if (this.#child !== undefined) return;
    const { clock, setup, onLogLine } = this.#parts;
    this.#startedMs = clock.nowMs();
    this.#heardMs = this.#startedMs;
    let program: string;
    try {
      program = findProgram("operator");
    } catch (error) {
      // Nobody mines less for want of a page.
      this.#parts.log.error({ err: error }, "there is no operator process");
      return;
    }
    const child = fork(program, [], {
      env: thriftyEnvironment(process.env, "operator"),
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      serialization: "advanced",
    });
    this.#child = child;
    forwardLines(child, onLogLine);
    const link = linkToChild<SupervisorMessage, OperatorMessage>(child);
    this.#link = link;
    link.onMessage((message) => this.#hear(message, link));
    link.send({ tell: "start", setup: setup() });
    this.#exited = new Promise((resolve) => {
      const ended = (how: string) => {
        resolve();
        this.#ended(child, how);
      };
      child.once("exit", (code, signal) => ended(signal ?? `exit code ${code}`));
      child.once("error", (error) => ended(error.message));
    });
    this.#watching = clock.every(SILENT_AFTER_MS / 3, () => {
      const withinMs = this.#heardMs === this.#startedMs ? FIRST_BEAT_WITHIN_MS : SILENT_AFTER_MS;
      if (clock.nowMs() - this.#heardMs >= withinMs) child.kill("SIGKILL");
    });
  }

  tellMachine(machine: MachineSnapshot | null, guard: GuardView): void {
    this.#link?.send({ tell: "machine", machine, guard });
  }

  tellConfig(config: ConfigView): void {
    this.#link?.send({ tell: "config", config });
  }

  tellUpdates(updates: UpdateState): void {
    this.#link?.send({ tell: "updates", updates });
  }

  tellLog(line: string): void {
    this.#link?.send({ tell: "log", line });
  }

  /** In order, and again: its ports may have changed. Whoever asks while it ends gets the same one. */
  restart(): Promise<void> {
    this.#restarting ??= this.#end().then(() => {
      this.#restarting = undefined;
      if (!this.#isStopping) this.start();
    });
    return this.#restarting;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#restarting;
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#waiting?.[Symbol.dispose]();
    const child = this.#child;
    this.#child = undefined;
    this.#link?.send({ tell: "stop" });
    const enough = new AbortController();
    void this.#parts.clock.sleep(STOP_WITHIN_MS, enough.signal).then(
      () => child?.kill("SIGKILL"),
      () => {},
    );
    await this.#exited;
    enough.abort();
    this.#link = undefined;
    this.#watching?.[Symbol.dispose]();
  }

  #hear(told: unknown, link: Link<SupervisorMessage, OperatorMessage>): void {
    const message = checkOperatorMessage(told);
    if (message === undefined) {
      // Strangers reach that process: what it says is believed as little as what they say.
      this.#parts.log.warn({}, "the operator process says what cannot be understood");
      return;
    }
    this.#heardMs = this.#parts.clock.nowMs();
    switch (message.tell) {
      case "beat":
        this.listening = message.listening;
        return;
      case "ask":
        void this.#parts.answer(message.request).then(
          (answer) => link.send({ tell: "answer", id: message.id, answer }),
          (error: unknown) => {
            this.#parts.log.error({ err: error, ask: message.request.ask }, "a request failed");
            const text = error instanceof Error ? error.message : String(error);
            const answer: Answer = { is: "refused", code: "failed", text };
            link.send({ tell: "answer", id: message.id, answer });
          },
        );
        return;
      case "stopped":
        return;
      default:
        message satisfies never;
    }
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#link = undefined;
    this.listening = [];
    this.#watching?.[Symbol.dispose]();
    if (this.#isStopping) return;
    const { clock, log } = this.#parts;
    if (clock.nowMs() - this.#startedMs >= HEALTHY_AFTER_MS) this.#failures = 0;
    const pauseMs = PAUSES_MS[Math.min(this.#failures++, PAUSES_MS.length - 1)] ?? 0;
    this.restarts++;
    log.error({ how, pauseMs }, "the operator process died, starting it again");
    this.#waiting = clock.after(pauseMs, () => this.start());
  }
}
