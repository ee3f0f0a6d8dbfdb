/** Telling chips to stop, when nothing may go wrong any more. */
import type { Clock } from "../../src/ports/clock.ts";
import type { Uart } from "../../src/ports/uart.ts";
import { BAUD_SETTLE_MS } from "./baud.ts";
import type { Bm13xxChip } from "./chips.ts";
import { clockFrames } from "./clock-frames.ts";
import { hashingOff } from "./hash-switch.ts";
import { POWER_ON_MHZ } from "./pll.ts";

/** A UART whose far end reads no more never drains. */
const DRAIN_WITHIN_MS = 250;

/** Hashing off and the clock down to where it was at power-on; never rejects, because the UART may be what failed. */
export async function stopChips(uart: Uart, clock: Clock, chip: Bm13xxChip): Promise<void> {
  await tryFor(DRAIN_WITHIN_MS, clock, () => {
    uart.send(hashingOff(chip));
    // Without their pauses: who is about to end may have no time for them, and the chips hash no more.
    for (const { frame } of clockFrames(chip, POWER_ON_MHZ)) uart.send(frame);
    return uart.drain();
  });
}

/**
 * `stopChips` at the host's rate and then at each other one of `baudRates`: where a change of rate was cut short, nobody
 * knows at which one the chips listen. Never rejects, and ends although the UART no longer drains.
 */
export async function stopChipsAtAnyRate(
  uart: Uart,
  clock: Clock,
  chip: Bm13xxChip,
  baudRates: readonly number[],
): Promise<void> {
  const others = baudRates.filter((baudRate) => baudRate !== uart.baudRate);
  await stopChips(uart, clock, chip);
  for (const baudRate of others) {
    await clock.sleep(BAUD_SETTLE_MS);
    await tryFor(DRAIN_WITHIN_MS, clock, () => uart.setBaudRate(baudRate));
    await stopChips(uart, clock, chip);
  }
}

/** Best effort: a board that cannot be told is left to whoever holds its reset line. */
async function tryFor(timeMs: number, clock: Clock, work: () => Promise<void>): Promise<void> {
  const enough = new AbortController();
  try {
    await Promise.race([work(), clock.sleep(timeMs, enough.signal)]);
  } catch {
    // What cannot be done any more is not news: the caller is failing already.
  } finally {
    enough.abort();
  }
}
