/** Turns per minute from a count of pulses, whoever counts them. */

import { DeviceError } from "../../src/lib/errors.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Tachometer } from "../../src/ports/lines.ts";

/** A counter of a line's falling edges. */
export interface PulseSource {
  /** Since it was opened. Throws DeviceError. */
  count(): number;
  close(): void;
}

export class PulseTachometer implements Tachometer {
  readonly label: string;
  readonly #source: PulseSource;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #pulsesPerTurn: number;
  readonly #samples: PulseSample[] = [];
  readonly #timer: Disposable;
  #isClosed = false;

  constructor(
    label: string,
    pulsesPerTurn: number,
    source: PulseSource,
    clock: Pick<Clock, "nowMs" | "every">,
  ) {
    this.label = label;
    this.#source = source;
    this.#clock = clock;
    this.#pulsesPerTurn = pulsesPerTurn;
    this.#sample();
    this.#timer = clock.every(SAMPLE_EVERY_MS, () => {
      try {
        this.#sample();
      } catch {
        // Who reads the tachometer meets the same failure, and has somebody to tell.
      }
    });
  }

  async readRpm(): Promise<number | undefined> {
    if (this.#isClosed) throw new DeviceError(this.label, "read", "gone", { detail: "closed" });
    this.#sample();
    const pulsesPerSecond = pulseRate(this.#samples);
    return pulsesPerSecond === undefined ? undefined : (pulsesPerSecond * 60) / this.#pulsesPerTurn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer[Symbol.dispose]();
    this.#source.close();
  }

  #sample(): void {
    this.#samples.push({ atMs: this.#clock.nowMs(), pulses: this.#source.count() });
    dropOld(this.#samples);
  }
}

interface PulseSample {
  readonly atMs: number;
  /** Since the beginning. */
  readonly pulses: number;
}

/** At two pulses per turn one pulse a second is 30 turns per minute: the coarseness of the figure. */
const WINDOW_MS = 1_000;
const SAMPLE_EVERY_MS = 250;

/** Of the samples that are as old as the window, the youngest stays: it is where the window begins. */
function dropOld(samples: PulseSample[]): void {
  const nowMs = samples.at(-1)?.atMs ?? 0;
  while (samples[1] !== undefined && samples[1].atMs <= nowMs - WINDOW_MS) samples.shift();
}

/** Over the time that really passed: a sample that comes late makes the window longer, not the fan slower. */
function pulseRate(samples: readonly PulseSample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.atMs - first.atMs < WINDOW_MS)
    return undefined;
  return ((last.pulses - first.pulses) * 1_000) / (last.atMs - first.atMs);
}
