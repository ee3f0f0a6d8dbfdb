/** The miner's idea of the time: asks the system whether its clock is right, keeps a floor on disk, and tells when it changes. */
import type { Logger } from "../src/lib/log.ts";
import { Signal } from "../src/lib/signal.ts";
import {
  type ClockSync,
  type TrustedTime,
  timeWorthKeeping,
  trustedTime,
} from "../src/lib/trusted-time.ts";
import { spanText, utcText } from "../src/lib/utc-time.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { UntimedEvent } from "../src/telemetry/event.ts";
import type { DurableFolder } from "./durable-folder.ts";
import { GenerationFile } from "./generation-file.ts";

/** One system call of a microsecond; a pool that waits for the time should not wait long. */
const LOOK_PERIOD_MS = 2_000;
/** How far the floor may lag behind, against the wear of flash memory. */
const SAVE_PERIOD_S = 60 * 60;
/** More than NTP corrects without a step. */
const STEP_S = 3;
/** A disk that hangs must not keep the program from ending. */
const STOP_WITHIN_MS = 2_000;

export interface TimeKeeperOptions {
  readonly clock: Clock;
  /** Must not block nor throw. */
  readonly ntp: { read(): ClockSync };
  /** The state directory. */
  readonly folder: DurableFolder;
  /** 0 where nobody knows. */
  readonly builtUnixSeconds: number;
  readonly log: Logger;
}

export class TimeKeeper {
  /** The clock it was given, whose `unixSeconds` is what certificates should be judged by. */
  readonly clock: Clock;
  readonly #options: TimeKeeperOptions;
  readonly #file: GenerationFile;
  readonly #events = new Signal<UntimedEvent>();
  readonly #corrected = new Signal<string>();
  #hasListener = false;
  #untold: UntimedEvent | undefined;
  #looking: Disposable | undefined;
  #kept: number | undefined;
  /** Monotonic, of the moment in which `#kept` was right or was read. */
  #keptAtMs: number;
  #savedUnixSeconds: number | undefined;
  #saving: Promise<void> | undefined;
  #isRead = false;
  #isToldOfDisk = false;
  #sync: ClockSync = "unknown";
  #source: TrustedTime["source"] | undefined;
  /** Wall clock less monotonic clock at the last look, seconds. */
  #offsetS: number;

  constructor(options: TimeKeeperOptions) {
    this.#options = options;
    this.#file = new GenerationFile(options.folder, "time", "asicd-time");
    this.#keptAtMs = options.clock.nowMs();
    this.#offsetS = this.#offset();
    this.clock = new CorrectedClock(options.clock, () => this.time.unixSeconds);
  }

  get time(): TrustedTime {
    const { clock, builtUnixSeconds } = this.#options;
    return trustedTime({
      wallUnixSeconds: clock.unixSeconds(),
      sync: this.#sync,
      builtUnixSeconds,
      keptUnixSeconds: this.#kept,
      keptForS: (clock.nowMs() - this.#keptAtMs) / 1_000,
    });
  }

  /**
   * "clock-unsynchronised", "clock-synchronised", "clock-stepped": for whoever keeps records. The last one before there
   * was any listener is told to the first.
   */
  onEvent(listener: (event: UntimedEvent) => void): Disposable {
    const listening = this.#events.on(listener);
    this.#hasListener = true;
    if (this.#untold !== undefined) this.#events.emit(this.#untold);
    this.#untold = undefined;
    return listening;
  }

  /** The time became another one, for the reason given: what failed because of the time is worth trying again at once. */
  onCorrected(listener: (reason: string) => void): Disposable {
    return this.#corrected.on(listener);
  }

  /** Reads the floor and looks at the clock; to be awaited before the first certificate. Never rejects. */
  async start(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await this.#read();
    } catch (error) {
      log.warn({ reason: messageOf(error) }, "the last known time cannot be read");
    }
    this.#look();
    this.#looking = clock.every(LOOK_PERIOD_MS, () => this.#look());
  }

  /** Saves the floor a last time. Never rejects. */
  async stop(): Promise<void> {
    this.#looking?.[Symbol.dispose]();
    let late: Disposable | undefined;
    const tooLong = new Promise<void>((resolve) => {
      late = this.#options.clock.after(STOP_WITHIN_MS, resolve);
    });
    if (this.#sync === "synchronised" && this.#kept !== this.#savedUnixSeconds) this.#save();
    await Promise.race([this.#saving, tooLong]);
    late?.[Symbol.dispose]();
  }

  #look(): void {
    const { clock, ntp } = this.#options;
    this.#sync = ntp.read();
    const { time } = this;
    const before = this.#source;
    this.#source = time.source;
    const kept = timeWorthKeeping(this.#kept, time);
    if (time.source === "synchronised") {
      this.#kept = kept;
      this.#keptAtMs = clock.nowMs();
      this.#saveNowAndThen(time.unixSeconds);
    }
    const offsetS = this.#offset();
    const stepS = offsetS - this.#offsetS;
    this.#offsetS = offsetS;
    const isStep = Math.abs(stepS) >= STEP_S;
    if (isStep) this.#tell("clock-stepped", time, describeStep(stepS));
    if (time.source !== before) this.#tellSource(time, before);
    const becameGood = time.source === "synchronised" && before !== "synchronised";
    if (before !== undefined && (isStep || becameGood))
      this.#corrected.emit(isStep ? describeStep(stepS) : time.note);
  }

  /** The first look tells nothing where all is well. */
  #tellSource(time: TrustedTime, before: TrustedTime["source"] | undefined): void {
    if (time.source !== "synchronised") this.#tell("clock-unsynchronised", time, time.note);
    else if (before !== undefined) this.#tell("clock-synchronised", time, time.note);
  }

  #tell(what: string, { source, unixSeconds }: TrustedTime, reason: string): void {
    const { clock, log } = this.#options;
    const measured = utcText(clock.unixSeconds());
    const fields = { what, source, clock: measured, reason };
    if (what === "clock-unsynchronised") log.warn(fields, "clock");
    else log.info(fields, "clock");
    const event: UntimedEvent = {
      what,
      where: "machine",
      rule: "trusted-time",
      measured,
      limit: null,
      action: `certificates are judged by ${utcText(unixSeconds)}`,
      reason,
    };
    if (this.#hasListener) this.#events.emit(event);
    else this.#untold = event;
  }

  #saveNowAndThen(unixSeconds: number): void {
    const saved = this.#savedUnixSeconds;
    // One from the future must not stay.
    const isDue = saved === undefined || unixSeconds < saved || unixSeconds - saved > SAVE_PERIOD_S;
    if (isDue) this.#save();
  }

  /** In the background; one that fails is told once and tried again after the usual time. */
  #save(): void {
    if (this.#saving !== undefined || this.#kept === undefined) return;
    const unixSeconds = this.#kept;
    this.#savedUnixSeconds = unixSeconds;
    this.#saving = this.#write(unixSeconds)
      .catch((error: unknown) => {
        const reason = messageOf(error);
        if (!this.#isToldOfDisk)
          this.#options.log.warn({ reason }, "the time cannot be kept for the next start");
        this.#isToldOfDisk = true;
      })
      .finally(() => {
        this.#saving = undefined;
      });
  }

  async #write(unixSeconds: number): Promise<void> {
    if (!this.#isRead) await this.#file.read();
    this.#isRead = true;
    await this.#file.write({ lastSynchronisedUnixSeconds: unixSeconds });
    this.#isToldOfDisk = false;
  }

  async #read(): Promise<void> {
    const { clock, log } = this.#options;
    const { content, problems } = await this.#file.read();
    this.#isRead = true;
    this.#kept = keptIn(content);
    this.#savedUnixSeconds = this.#kept;
    this.#keptAtMs = clock.nowMs();
    if (problems.length > 0) log.warn({ problems }, "the last known time is damaged in part");
  }

  #offset(): number {
    const { clock } = this.#options;
    return clock.unixSeconds() - clock.nowMs() / 1_000;
  }
}

class CorrectedClock implements Clock {
  readonly #clock: Clock;
  readonly unixSeconds: () => number;

  constructor(clock: Clock, unixSeconds: () => number) {
    this.#clock = clock;
    this.unixSeconds = unixSeconds;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(durationMs, signal);
  }

  after(delayMs: number, run: () => void): Disposable {
    return this.#clock.after(delayMs, run);
  }

  every(periodMs: number, run: () => void): Disposable {
    return this.#clock.every(periodMs, run);
  }
}

function describeStep(stepS: number): string {
  return `the clock was set ${spanText(stepS)} ${stepS < 0 ? "back" : "forward"}`;
}

/** `undefined` for what is no time that a clock could have shown. */
function keptIn(content: unknown): number | undefined {
  if (typeof content !== "object" || content === null) return undefined;
  const { lastSynchronisedUnixSeconds: value } = content as {
    readonly lastSynchronisedUnixSeconds?: unknown;
  };
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 && value < 2 ** 40
    ? value
    : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
