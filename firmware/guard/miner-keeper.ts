/** Keeps a miner running: starts it, kills it when it no longer reacts, starts it again after a growing pause. */
import type { GuardLink, MinerMessage } from "../../src/control/guard-link.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { UntimedEvent } from "../../src/telemetry/event.ts";
import type { MinerProcessSnapshot } from "../../src/telemetry/machine-snapshot.ts";

/** A miner, in a process of its own or, under test, in this one. */
export interface MinerHandle {
  /** Absent while it is no process of its own. */
  readonly pid?: number | undefined;
  readonly link: GuardLink;
  /** Resolves with how it ended. Never rejects. */
  readonly ended: Promise<string>;
  /** At once, whatever it is doing. */
  kill(): void;
}

/** Pauses before a restart; the last one holds on. A miner that ran long enough starts over with the first. */
const PAUSES_MS = [1_000, 2_000, 5_000, 15_000, 60_000] as const;
const HEALTHY_AFTER_MS = 300_000;
/** Opening ports and warming up takes seconds, on a slow board some more. */
const FIRST_WORD_WITHIN_MS = 180_000;
/** An orderly end closes channels and quiets the chips. */
const STOP_WITHIN_MS = 5_000;

export interface KeeperListener {
  onMessage(message: MinerMessage): void;
  /** It is gone: nothing that it was granted may stay on. */
  onEnded(): void;
  record(event: UntimedEvent): void;
}

export class MinerKeeper {
  restarts = 0;
  state: MinerProcessSnapshot["state"] = "stopped";
  reason: string | null = null;
  readonly #clock: Clock;
  readonly #start: () => MinerHandle;
  readonly #listener: KeeperListener;
  #miner: MinerHandle | undefined;
  #startedMs = 0;
  #failures = 0;
  #isStopping = false;
  #killReason: string | undefined;
  #restartReason: string | undefined;
  #waiting: Disposable | undefined;
  #firstWord: Disposable | undefined;

  constructor(clock: Clock, start: () => MinerHandle, listener: KeeperListener) {
    this.#clock = clock;
    this.#start = start;
    this.#listener = listener;
  }

  get link(): GuardLink | undefined {
    return this.#miner?.link;
  }

  get pid(): number | null {
    return this.#miner?.pid ?? null;
  }

  start(): void {
    this.state = "starting";
    this.#startedMs = this.#clock.nowMs();
    this.#killReason = undefined;
    const miner = this.#start();
    this.#miner = miner;
    this.#firstWord = this.#clock.after(FIRST_WORD_WITHIN_MS, () =>
      this.kill(`said nothing within ${FIRST_WORD_WITHIN_MS / 1_000} s of its start`),
    );
    miner.link.onMessage((message) => {
      if (this.#miner !== miner) return;
      this.#firstWord?.[Symbol.dispose]();
      if (this.state === "starting" || this.state === "silent") this.state = "running";
      this.#listener.onMessage(message);
    });
    void miner.ended.then((how) => this.#ended(miner, how));
  }

  /** It does not react: ends it, so that a new one can take over. */
  kill(reason: string): void {
    if (this.#killReason !== undefined || this.#miner === undefined) return;
    this.#killReason = reason;
    this.state = "silent";
    this.#miner.kill();
  }

  /** The operator's wish: it ends in order and starts again at once. Returns whether there is one to end first. */
  restart(reason: string): boolean {
    if (this.#isStopping) return false;
    this.reason = reason;
    if (this.#miner === undefined) {
      this.#waiting?.[Symbol.dispose]();
      this.start();
      return false;
    }
    this.#restartReason = reason;
    void this.#end(this.#miner);
    return true;
  }

  /** Asks it to stop in order, and ends it when it does not. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#waiting?.[Symbol.dispose]();
    if (this.#miner !== undefined) await this.#end(this.#miner);
    this.state = "stopped";
  }

  async #end(miner: MinerHandle): Promise<void> {
    miner.link.send({ tell: "stop" });
    const enough = new AbortController();
    const late = this.#clock.sleep(STOP_WITHIN_MS, enough.signal).then(
      () => miner.kill(),
      () => {},
    );
    await miner.ended;
    enough.abort();
    await late;
  }

  #ended(miner: MinerHandle, how: string): void {
    if (this.#miner !== miner) return;
    this.#miner = undefined;
    this.#firstWord?.[Symbol.dispose]();
    this.#listener.onEnded();
    if (this.#isStopping) return;
    if (this.#restartReason !== undefined) {
      this.reason = this.#restartReason;
      this.#restartReason = undefined;
      this.restarts++;
      this.start();
      return;
    }
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#startedMs >= HEALTHY_AFTER_MS) this.#failures = 0;
    const pauseMs = PAUSES_MS[Math.min(this.#failures++, PAUSES_MS.length - 1)] ?? 0;
    this.reason = this.#killReason ?? `the miner ended by itself: ${how}`;
    this.state = "waiting";
    this.restarts++;
    this.#listener.record({
      what: "miner-restart",
      where: "miner",
      rule: "miner-ended",
      measured: how,
      limit: null,
      action: `start again in ${pauseMs / 1_000} s`,
      reason: this.reason,
    });
    this.#waiting = this.#clock.after(pauseMs, () => this.start());
  }
}
