/** The heat of the hashboards, carried to the sensors of the emulated computer, and what a test does to them. */
import type { Clock } from "../../src/ports/clock.ts";

export interface BoardHeatOptions {
  readonly clock: Clock;
  readonly boards: number;
  /** Of the heat model. */
  readonly boardC: (board: number) => number;
  readonly setTemperatureC: (sensor: number, temperatureC: number) => Promise<void>;
}

const EVERY_MS = 1_000;

/** Tells every sensor once a second how warm it is, until it is disposed of. */
export class BoardHeat implements AsyncDisposable {
  /** Rejects when the sensors cannot be told any more. */
  readonly lost: Promise<never>;
  readonly #options: BoardHeatOptions;
  /** A heater on the sensor: it shows this whatever the board is. */
  readonly #heatedC = new Map<number, number>();
  readonly #shownC = new Map<number, number>();
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;

  constructor(options: BoardHeatOptions) {
    this.#options = options;
    let lose: (error: unknown) => void = () => {};
    this.lost = new Promise((_, reject) => {
      lose = reject;
    });
    // Whoever waits for it hears of it; nobody has to.
    this.lost.catch(() => {});
    this.#ended = this.#tell().catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) lose(error);
    });
  }

  /** What the sensor was last told, °C; `undefined` before the first time. */
  shownC(board: number): number | undefined {
    return this.#shownC.get(board);
  }

  /**
   * Warms the sensor from what it shows to `targetC`, no faster than boards do. Resolves to when it was first told
   * `alarmC` or more.
   */
  async heat(
    board: number,
    { targetC, alarmC, cPerS }: { targetC: number; alarmC: number; cPerS: number },
    signal: AbortSignal,
  ): Promise<number> {
    const { clock, boardC } = this.#options;
    const startC = this.shownC(board) ?? boardC(board);
    const startMs = clock.nowMs();
    let alarmMs: number | undefined;
    for (;;) {
      const nowC = Math.min(targetC, startC + (cPerS * (clock.nowMs() - startMs)) / 1_000);
      this.#heatedC.set(board, nowC);
      const atMs = clock.nowMs();
      await this.#show(board);
      if (nowC >= alarmC) alarmMs ??= atMs;
      if (nowC >= targetC) return alarmMs ?? atMs;
      await clock.sleep(HEATER_STEP_MS, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #tell(): Promise<void> {
    const { clock, boards } = this.#options;
    for (;;) {
      for (let board = 0; board < boards; board++) await this.#show(board);
      await clock.sleep(EVERY_MS, this.#stopping.signal);
    }
  }

  async #show(board: number): Promise<void> {
    const { boardC, setTemperatureC } = this.#options;
    const temperatureC = this.#heatedC.get(board) ?? boardC(board);
    await setTemperatureC(board, temperatureC);
    this.#shownC.set(board, temperatureC);
  }
}

const HEATER_STEP_MS = 250;
