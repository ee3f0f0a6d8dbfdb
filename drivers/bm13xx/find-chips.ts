/** Who is there: asks all chips what they are, and those that a killed program left behind to come back first. */
import { DeviceError } from "../../src/lib/errors.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { BAUD_SETTLE_MS, POWER_ON_HOST_BAUD } from "./baud.ts";
import type { Bm13xxChainOptions } from "./chain-options.ts";
import type { ChainPlan } from "./chain-plan.ts";
import type { ChainWire } from "./chain-wire.ts";
import { chainInactive, writeRegisterOfAll } from "./frame.ts";
import { registers } from "./registers.ts";
import { stopChips } from "./stop-chips.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** ESP-Miner waits this long for each answer [D]. */
const PROBE_QUIET_MS = 1_000;
const PROBE_ATTEMPTS = 3;
const PROBE_PAUSE_MS = 100;

/**
 * Resolves to the number of chips that answered. Throws DeviceError "timeout" when none did, "not-found" when too few did,
 * "wrong-id" when others did; the signal's reason when aborted.
 */
export async function findChips(
  wire: ChainWire,
  clock: Clock,
  plan: ChainPlan,
  options: Bm13xxChainOptions,
  frame: Uint8Array,
  signal: AbortSignal,
  log: Logger,
): Promise<number> {
  const { chip, chipCount } = plan;
  const { answerLength } = wire;
  const bytesDroppedBefore = wire.counters.bytesDropped;
  let found = 0;
  let wrongId: number | undefined;
  for (let attempt = 1; attempt <= PROBE_ATTEMPTS; attempt++) {
    if (attempt > 1) {
      const fields = { uart: wire.uart.path, found, expected: chipCount, attempt };
      log.warn(fields, "chips are missing, asking again");
      // Chips that a killed program left behind give the answers to which it had set them.
      wire.answerLength = attempt === 2 && found === 0 ? chip.answerBytes : answerLength;
      wire.send(chainInactive());
      await clock.sleep(PROBE_PAUSE_MS, signal);
    }
    let answers = 0;
    await wire.ask(
      frame,
      (value, _address, register) => {
        if (register !== registers.chipId.number) return "ignored";
        if (value >>> 16 !== chip.chipId) {
          wrongId = value >>> 16;
          wire.counters.wrongChipIds++;
          return "wrong";
        }
        answers++;
        return answers >= chipCount ? "done" : "more";
      },
      PROBE_QUIET_MS,
      signal,
    );
    found = Math.max(found, answers);
    if (found >= chipCount) return found;
    if (attempt === 1 && found === 0 && wrongId === undefined)
      await bringBackFromFastRate(wire, clock, plan, signal, log);
  }
  if (found > 0 && options.acceptFewerChips === true) return found;
  const expected = `expected ${chipCount} ${chip.name}`;
  if (found > 0) {
    const detail = `found ${found} chips, ${expected}`;
    throw new DeviceError(wire.uart.path, "find chips", "not-found", { detail });
  }
  if (wrongId !== undefined) {
    const detail = `found chips with id ${wrongId.toString(16).padStart(4, "0")}, ${expected}`;
    throw new DeviceError(wire.uart.path, "find chips", "wrong-id", { detail });
  }
  wire.flush();
  const noiseBytes = wire.counters.bytesDropped - bytesDroppedBefore;
  const noise = `; ${noiseBytes} bytes came that are no answer: wrong baud rate or noise on the line`;
  const detail = `no chip answered, ${expected}${noiseBytes > 0 ? noise : ""}`;
  throw new DeviceError(wire.uart.path, "find chips", "timeout", { detail });
}

/**
 * A program that was killed leaves its chips at the fast rate, repeating their last job at full power: stops them there
 * and sends them back to the rate of their reset [?: follows from the registers, no capture shows it].
 */
async function bringBackFromFastRate(
  wire: ChainWire,
  clock: Clock,
  plan: ChainPlan,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const { uart } = wire;
  const { hostBaud } = plan.fastBaud;
  log.warn(
    { uart: uart.path, baudRate: hostBaud },
    "no chip answers, stopping chips that may be left at the fast rate",
  );
  await unlessAborted(uart.setBaudRate(hostBaud), signal);
  await stopChips(uart, clock, plan.chip);
  wire.send(writeRegisterOfAll(plan.chip.baudRegister, plan.chip.resetBaud));
  await unlessAborted(uart.drain(), signal);
  await clock.sleep(BAUD_SETTLE_MS, signal);
  await unlessAborted(uart.setBaudRate(POWER_ON_HOST_BAUD), signal);
  wire.flush();
}
