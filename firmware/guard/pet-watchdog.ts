/** The control board's watchdog: petted by decisions, not by a timer of its own, so that a guard that no longer decides is reset. */
import type { MachineSpec } from "../../boards/machine-spec.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Watchdog } from "../../src/ports/lines.ts";
import type { MachinePlatform } from "../../src/ports/machine-platform.ts";

const PET_EVERY_MS = 1_000;

export class PetWatchdog {
  readonly #log: Logger;
  #watchdog: Watchdog | undefined;
  #isGivenBack = false;
  #pettedAtMs = Number.NEGATIVE_INFINITY;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** One that was given back in order still counts: by then nothing has power. */
  get isArmed(): boolean {
    return this.#watchdog !== undefined || this.#isGivenBack;
  }

  /** Where the declaration has one. Never rejects: coverage says so. */
  async start({ backstop }: MachineSpec, platform: MachinePlatform): Promise<void> {
    if (backstop.by !== "watchdog") return;
    try {
      this.#watchdog = await platform.openWatchdog(backstop.path, backstop.withinS);
    } catch (error) {
      this.#log.error({ err: error, path: backstop.path }, "there is no watchdog");
    }
  }

  decided(nowMs: number): void {
    if (nowMs - this.#pettedAtMs < PET_EVERY_MS) return;
    this.#pettedAtMs = nowMs;
    try {
      this.#watchdog?.pet();
    } catch (error) {
      this.#log.error({ err: error }, "the watchdog cannot be petted");
      // From now on coverage says so.
      this.#watchdog = undefined;
    }
  }

  /** One that cannot be disarmed is petted on. */
  async disarm(): Promise<void> {
    const isDisarmed = await this.#watchdog?.disarm().catch(() => false);
    if (isDisarmed !== true) return;
    this.#watchdog = undefined;
    this.#isGivenBack = true;
  }
}
