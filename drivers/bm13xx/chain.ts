/** Brings a chain of chips up: finds them, addresses and configures them, raises rate and frequency, hands over a HashChain. */
import type { HashChain } from "../../src/hashing/hash-chain.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Uart } from "../../src/ports/uart.ts";
import { BAUD_SETTLE_MS, POWER_ON_HOST_BAUD } from "./baud.ts";
import { type BringUpStep, bringUpSteps, type ChainPlan } from "./bring-up.ts";
import { type Bm13xxChainOptions, planOf } from "./chain-options.ts";
import { ChainWire } from "./chain-wire.ts";
import { chainInactive, readRegister, writeRegisterOfAll } from "./frame.ts";
import { Bm13xxHashChain } from "./hash-chain.ts";
import { registers } from "./registers.ts";
import { stopChips, stopChipsAtAnyRate } from "./stop-chips.ts";

/** ESP-Miner waits this long for each answer [D]. */
const PROBE_QUIET_MS = 1_000;
const PROBE_ATTEMPTS = 3;
const PROBE_PAUSE_MS = 100;
/** One chip answers within 2 ms at the slowest rate. */
const VERIFY_QUIET_MS = 100;
const VERIFY_ATTEMPTS = 3;

/**
 * Takes over the UART, which is open at 115 200 baud, and closes it when bring-up fails or the chain is disposed of.
 * Throws DeviceError "timeout" when nobody answers, "not-found" when too few chips do, "wrong-id" when others do, "gone"
 * when the UART disappears; ConfigError when the options do not fit together; the signal's reason when aborted.
 */
export async function bringUpChain(
  uart: Uart,
  clock: Clock,
  options: Bm13xxChainOptions,
  signal: AbortSignal,
  log: Logger,
): Promise<HashChain> {
  const gone = new AbortController();
  using _watch = uart.onGone((reason) => gone.abort(reason));
  const stop = AbortSignal.any([signal, gone.signal]);
  const wire = new ChainWire(uart, clock);
  let baudRates: readonly number[] = [];
  try {
    const plan = planOf(options);
    baudRates = [POWER_ON_HOST_BAUD, plan.fastBaud.hostBaud];
    const chipsFound = await run(wire, clock, plan, options, stop, log);
    const fields = { uart: uart.path, chip: plan.chip.name, chips: chipsFound };
    log.info({ ...fields, frequencyMHz: plan.frequencyMHz }, "chain is up");
    return new Bm13xxHashChain(wire, clock, plan, chipsFound, options.hashScale ?? 1, log);
  } catch (error) {
    wire[Symbol.dispose]();
    await stopChipsAtAnyRate(uart, clock, options.chip, baudRates);
    await uart[Symbol.asyncDispose]();
    throw error;
  }
}

/** Takes all steps and resolves to the number of chips found. */
async function run(
  wire: ChainWire,
  clock: Clock,
  plan: ChainPlan,
  options: Bm13xxChainOptions,
  signal: AbortSignal,
  log: Logger,
): Promise<number> {
  let chipsFound = 0;
  for (const step of bringUpSteps(plan)) {
    signal.throwIfAborted();
    switch (step.step) {
      case "phase":
        log.debug({ uart: wire.uart.path, phase: step.phase }, "chain bring-up");
        options.onPhase?.(step.phase);
        break;
      case "send":
        wire.send(step.frame);
        if (step.thenWaitMs > 0) await clock.sleep(step.thenWaitMs, signal);
        break;
      case "probe":
        chipsFound = await findChips(wire, clock, plan, options, step.frame, signal, log);
        break;
      case "switch-baud":
        await switchBaud(wire, clock, plan, step, signal);
        break;
      default:
        step satisfies never;
    }
  }
  return chipsFound;
}

async function findChips(
  wire: ChainWire,
  clock: Clock,
  plan: ChainPlan,
  options: Bm13xxChainOptions,
  frame: Uint8Array,
  signal: AbortSignal,
  log: Logger,
): Promise<number> {
  const { chip, chipCount } = plan;
  const bytesDroppedBefore = wire.counters.bytesDropped;
  let found = 0;
  let wrongId: number | undefined;
  for (let attempt = 1; attempt <= PROBE_ATTEMPTS; attempt++) {
    if (attempt > 1) {
      const fields = { uart: wire.uart.path, found, expected: chipCount, attempt };
      log.warn(fields, "chips are missing, asking again");
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
  wire.send(writeRegisterOfAll(registers.uartBaud.number, registers.uartBaud.reset));
  await unlessAborted(uart.drain(), signal);
  await clock.sleep(BAUD_SETTLE_MS, signal);
  await unlessAborted(uart.setBaudRate(POWER_ON_HOST_BAUD), signal);
  wire.flush();
}

async function switchBaud(
  wire: ChainWire,
  clock: Clock,
  plan: ChainPlan,
  step: Extract<BringUpStep, { step: "switch-baud" }>,
  signal: AbortSignal,
): Promise<void> {
  wire.send(step.frame);
  await unlessAborted(wire.uart.drain(), signal);
  await clock.sleep(step.settleMs, signal);
  await unlessAborted(wire.uart.setBaudRate(step.hostBaud), signal);
  wire.flush();
  for (let attempt = 1; attempt <= VERIFY_ATTEMPTS; attempt++) {
    const heard = await wire.ask(
      readRegister(0, registers.chipId.number),
      (value, address, register) =>
        register === registers.chipId.number && address === 0 && value >>> 16 === plan.chip.chipId
          ? "done"
          : "ignored",
      VERIFY_QUIET_MS,
      signal,
    );
    if (heard) return;
  }
  const detail = `the first chip is silent at ${step.hostBaud} baud`;
  throw new DeviceError(wire.uart.path, "switch baud rate", "timeout", { detail });
}

/** A far end that reads no more never lets the UART drain. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
