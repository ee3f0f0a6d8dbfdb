/** What chips say about themselves, read while they hash: errors, work done, temperature. */
import type { ChipHealth } from "../../src/hashing/hash-chain.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { ChainPlan } from "./chain-plan.ts";
import type { ChainWire } from "./chain-wire.ts";
import { REQUIRED_ZERO_BITS } from "./chips.ts";
import { writeRegisterOfAll } from "./frame.ts";
import { readAll } from "./read-all.ts";
import { registers } from "./registers.ts";

/** A measurement is started by these writes to TEMP_CTL (NerdQAxe+, bm1368.cpp [D]). */
const TEMPERATURE_START = [0x80000000, 0x00020000, 0x01020000, 0x10020000] as const;
const TEMPERATURE_WRITE_GAP_MS = 10;
/** A silicon sensor that says something beyond these was read wrong. */
const PLAUSIBLE_C = { min: -40, max: 150 } as const;

/** A reading of a counter and whether it may be compared with the one before. */
interface Counted {
  readonly value: number | null;
  readonly wasReset: boolean;
}

export class ChainHealth {
  readonly #wire: ChainWire;
  readonly #clock: Clock;
  readonly #plan: ChainPlan;
  readonly #chips: number;
  readonly #hashesPerCount: number;
  readonly #log: Logger;
  readonly #lastErrors = new Map<number, number>();
  readonly #lastCounts = new Map<number, number>();
  /** The wire has one question at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    wire: ChainWire,
    clock: Clock,
    plan: ChainPlan,
    chips: number,
    hashScale: number,
    log: Logger,
  ) {
    this.#wire = wire;
    this.#clock = clock;
    this.#plan = plan;
    this.#chips = chips;
    // The counters count hashes of difficulty 1 [D]; a scaled chip has as many fewer hashes behind one.
    this.#hashesPerCount = 2 ** REQUIRED_ZERO_BITS / hashScale;
    this.#log = log;
  }

  read(signal: AbortSignal): Promise<readonly ChipHealth[]> {
    const reading = this.#turn.then(() => this.#read(signal));
    this.#turn = reading.catch(() => {});
    return reading;
  }

  async #read(signal: AbortSignal): Promise<readonly ChipHealth[]> {
    const { chip, addressInterval } = this.#plan;
    const read = (register: { readonly number: number }) =>
      readAll(this.#wire, register.number, this.#chips, signal);
    const errors = await read(registers.nonceErrorCount);
    // BM1397 has a rate instead, in a unit on which its two sources disagree [?].
    const counts = chip.hashCounters === "domains" ? await read(registers.totalHashCount) : NOTHING;
    const temperatures =
      chip.temperature === null ? NOTHING : await this.#readTemperatures(read, signal);
    return Array.from({ length: this.#chips }, (_, chipIndex) => {
      const address = chipIndex * addressInterval;
      const nonceErrors = counted(this.#lastErrors, chipIndex, errors.get(address));
      const count = counted(this.#lastCounts, chipIndex, counts.get(address));
      const wasReset = nonceErrors.wasReset || count.wasReset;
      if (wasReset)
        this.#log.warn({ uart: this.#wire.uart.path, chip: chipIndex }, "chip was reset");
      const hashes = count.value === null ? null : count.value * this.#hashesPerCount;
      return {
        chipIndex,
        nonceErrors: wasReset ? null : nonceErrors.value,
        hashesDone: wasReset ? null : hashes,
        temperatureC: temperatureOf(temperatures.get(address)),
      };
    });
  }

  async #readTemperatures(
    read: (register: { readonly number: number }) => Promise<ReadonlyMap<number, number>>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, number>> {
    for (const value of TEMPERATURE_START) {
      this.#wire.send(writeRegisterOfAll(registers.temperatureControl.number, value));
      await this.#clock.sleep(TEMPERATURE_WRITE_GAP_MS, signal);
    }
    return read(registers.temperatureResult);
  }
}

const NOTHING: ReadonlyMap<number, number> = new Map();

/**
 * A counter that goes back has begun anew: that one reading is given as unknown, so that nobody takes the difference to
 * the one before for work. The next one counts from the chip's new zero.
 */
function counted(last: Map<number, number>, chipIndex: number, value: number | undefined): Counted {
  if (value === undefined) return { value: null, wasReset: false };
  const wasReset = value < (last.get(chipIndex) ?? 0);
  last.set(chipIndex, value);
  return { value, wasReset };
}

/** TEMP_RESULT: bit 31 says valid, the lower half counts 0.171342 °C from -299.5144 (NerdQAxe+ [D]). */
export function temperatureOf(result: number | undefined): number | null {
  if (result === undefined || result >>> 31 === 0) return null;
  const temperatureC = (result & 0xffff) * 0.171342 - 299.5144;
  const isPlausible = temperatureC >= PLAUSIBLE_C.min && temperatureC <= PLAUSIBLE_C.max;
  return isPlausible ? temperatureC : null;
}
