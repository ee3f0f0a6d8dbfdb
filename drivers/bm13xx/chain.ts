/** Brings a chain of chips up: finds them, addresses and configures them, raises rate and frequency, hands over a HashChain. */
import type { HashChain } from "../../src/hashing/hash-chain.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Uart } from "../../src/ports/uart.ts";
import { POWER_ON_HOST_BAUD } from "./baud.ts";
import { type BringUpStep, bringUpSteps } from "./bring-up.ts";
import { type Bm13xxChainOptions, planOf } from "./chain-options.ts";
import { type ChainPlan, planAt } from "./chain-plan.ts";
import { ChainWire } from "./chain-wire.ts";
import { findChips } from "./find-chips.ts";
import { readRegister } from "./frame.ts";
import { Bm13xxHashChain } from "./hash-chain.ts";
import { readBack } from "./read-back.ts";
import { registers } from "./registers.ts";
import { stopChipsAtAnyRate } from "./stop-chips.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** One chip answers within 2 ms at the slowest rate. */
const VERIFY_QUIET_MS = 100;
const VERIFY_ATTEMPTS = 3;

/**
 * Takes over the UART, which is open at 115 200 baud, and closes it when bring-up fails or the chain is disposed of.
 * Throws DeviceError "timeout" when nobody answers, "not-found" when too few chips do, "wrong-id" when others do, "refused"
 * when a chip does not take a value, "gone" when the UART disappears; ConfigError when the options do not fit together;
 * the signal's reason when aborted.
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
    const { chipsFound, frequencyMHz } = await run(wire, clock, plan, options, stop, log);
    const reached = planAt(plan, frequencyMHz);
    await readBack(wire, clock, reached, chipsFound, stop, log);
    log.info(
      { uart: uart.path, chip: plan.chip.name, chips: chipsFound, frequencyMHz },
      "chain is up",
    );
    return new Bm13xxHashChain(wire, clock, reached, chipsFound, options.hashScale ?? 1, log);
  } catch (error) {
    wire[Symbol.dispose]();
    await stopChipsAtAnyRate(uart, clock, options.chip, baudRates);
    await uart[Symbol.asyncDispose]();
    throw error;
  }
}

/** Takes all steps. */
async function run(
  wire: ChainWire,
  clock: Clock,
  plan: ChainPlan,
  options: Bm13xxChainOptions,
  signal: AbortSignal,
  log: Logger,
): Promise<{ readonly chipsFound: number; readonly frequencyMHz: number }> {
  let chipsFound = 0;
  let { frequencyMHz } = plan;
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
      case "wait":
        await clock.sleep(step.forMs, signal);
        break;
      case "longer-answers":
        wire.answerLength = plan.chip.answerBytes;
        break;
      case "ramped":
        ({ frequencyMHz } = step);
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
  return { chipsFound, frequencyMHz };
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
