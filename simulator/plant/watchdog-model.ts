/** The control board's watchdog: not petted in time, it resets the board. Closing it does not stop it. */
import type { Clock } from "../../src/ports/clock.ts";

export class WatchdogModel implements Disposable {
  readonly path: string;
  readonly #clock: Clock;
  readonly #onExpiry: () => void;
  #timeoutS = 0;
  #timer: Disposable | undefined;

  constructor(path: string, clock: Clock, onExpiry: () => void) {
    this.path = path;
    this.#clock = clock;
    this.#onExpiry = onExpiry;
  }

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  start(timeoutS: number): void {
    this.#timeoutS = timeoutS;
    this.#arm();
  }

  pet(): void {
    if (this.isRunning) this.#arm();
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #arm(): void {
    this.stop();
    this.#timer = this.#clock.after(this.#timeoutS * 1_000, () => {
      this.#timer = undefined;
      this.#onExpiry();
    });
  }
}
