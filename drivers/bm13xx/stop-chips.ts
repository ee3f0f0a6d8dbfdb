/** Telling chips to stop, when nothing may go wrong any more. */
import type { Clock } from "../../src/ports/clock.ts";
import type { Uart } from "../../src/ports/uart.ts";
import type { Bm13xxChip } from "./chips.ts";
import { writeRegisterOfAll } from "./frame.ts";
import { POWER_ON_MHZ, solvePll } from "./pll.ts";
import { registers } from "./registers.ts";

/** A UART whose far end reads no more never drains. */
const DRAIN_WITHIN_MS = 250;

/** Hashing off and the clock down to where it was at power-on; never rejects, because the UART may be what failed. */
export async function stopChips(uart: Uart, clock: Clock, chip: Bm13xxChip): Promise<void> {
  const enough = new AbortController();
  try {
    uart.send(writeRegisterOfAll(registers.hashCountingNumber.number, 0));
    const { register } = solvePll(chip.pll, POWER_ON_MHZ);
    uart.send(writeRegisterOfAll(registers.pll0.number, register));
    await Promise.race([uart.drain(), clock.sleep(DRAIN_WITHIN_MS, enough.signal)]);
  } catch {
    // Best effort: a board that cannot be told is left to whoever holds its reset line.
  } finally {
    enough.abort();
  }
}
