/** The steps of a bring-up: from a layout and one chain's numbers to frames, waits and changes of the baud rate. */
import { BAUD_SETTLE_MS } from "./baud.ts";
import { ADDRESS_SPACE, type ChainPlan, commandAddressOf, planAt } from "./chain-plan.ts";
import { clockFrames } from "./clock-frames.ts";
import {
  chainInactive,
  readRegisterOfAll,
  setAddress,
  writeRegister,
  writeRegisterOfAll,
} from "./frame.ts";
import type { BringUpPhase, Instruction } from "./instructions.ts";
import { relayOfDomains } from "./layouts.ts";
import { nonceOffsetRegister } from "./nonce-offsets.ts";
import { POWER_ON_MHZ, rampTo, solvePll } from "./pll.ts";
import { registers } from "./registers.ts";
import { ticketMaskRegister } from "./ticket-mask.ts";
import { ROLLABLE_MASK, versionRollingRegister } from "./version-rolling.ts";

export type BringUpStep =
  | { readonly step: "phase"; readonly phase: BringUpPhase }
  | { readonly step: "send"; readonly frame: Uint8Array; readonly thenWaitMs: number }
  | { readonly step: "wait"; readonly forMs: number }
  /** Answers are longer from here on. */
  | { readonly step: "longer-answers" }
  /** Send and collect an answer of every chip. */
  | { readonly step: "probe"; readonly frame: Uint8Array }
  /** The ramp is over, perhaps before its target. */
  | { readonly step: "ramped"; readonly frequencyMHz: number }
  /** Send at the old rate, wait until it has left and another `settleMs`, then the host changes. */
  | {
      readonly step: "switch-baud";
      readonly frame: Uint8Array;
      readonly hostBaud: number;
      readonly settleMs: number;
    };

/** Stock firmware gives the frequency this long to settle [C]. */
export const RAMP_STEP_WAIT_MS = 100;

/** Lazy: what a step depends on is looked at when it is its turn. */
export function* bringUpSteps(
  plan: ChainPlan,
  instructions: readonly Instruction[] = plan.layout.bringUp,
): Generator<BringUpStep> {
  let current = plan;
  for (const instruction of instructions) {
    for (const step of stepsOf(instruction, current)) {
      if (step.step === "ramped") current = planAt(current, step.frequencyMHz);
      yield step;
    }
  }
}

function* stepsOf(instruction: Instruction, plan: ChainPlan): Generator<BringUpStep> {
  const { chip, layout } = plan;
  const send = (frame: Uint8Array, thenWaitMs = layout.writeGapMs): BringUpStep => ({
    step: "send",
    frame,
    thenWaitMs,
  });
  const addresses = Array.from({ length: plan.chipCount }, (_, i) => commandAddressOf(plan, i));
  switch (instruction.do) {
    case "phase":
      yield { step: "phase", phase: instruction.phase };
      return;
    case "wait":
      yield { step: "wait", forMs: instruction.forMs };
      return;
    case "write-all":
      yield send(writeRegisterOfAll(instruction.register, instruction.value));
      return;
    case "write-first":
      yield send(writeRegister(0, instruction.register, instruction.value));
      return;
    case "write-each":
      for (const address of addresses) {
        for (const [register, value] of instruction.writes)
          yield send(writeRegister(address, register, value));
        if (instruction.thenWaitMs !== undefined)
          yield { step: "wait", forMs: instruction.thenWaitMs };
      }
      return;
    case "version-rolling": {
      const register = versionRollingRegister(plan.versionMask ?? ROLLABLE_MASK);
      yield send(writeRegisterOfAll(registers.versionRolling.number, register));
      yield { step: "longer-answers" };
      return;
    }
    case "probe":
      yield { step: "probe", frame: readRegisterOfAll(registers.chipId.number) };
      return;
    case "chain-inactive":
      yield send(chainInactive());
      return;
    case "set-addresses": {
      const slots =
        instruction.slots === "chips"
          ? plan.chipCount
          : Math.floor(ADDRESS_SPACE / plan.addressInterval);
      for (let i = 0; i < slots; i++) yield send(setAddress(i * plan.addressInterval));
      return;
    }
    case "ticket-mask": {
      const mask = ticketMaskRegister(plan.ticketDifficulty);
      yield send(writeRegisterOfAll(registers.ticketMask.number, mask));
      return;
    }
    case "write-domain-ends":
      for (const { last } of domainsFarthestFirst(plan))
        yield send(writeRegister(last, instruction.register, instruction.value));
      return;
    case "uart-relay":
      for (const { first, last, relay } of domainsFarthestFirst(plan)) {
        yield send(writeRegister(first, registers.uartRelay.number, relay));
        if (last !== first) yield send(writeRegister(last, registers.uartRelay.number, relay));
      }
      return;
    case "switch-baud":
      yield {
        step: "switch-baud",
        frame: writeRegisterOfAll(chip.baudRegister, plan.fastBaud.register),
        hostBaud: plan.fastBaud.hostBaud,
        settleMs: BAUD_SETTLE_MS,
      };
      return;
    case "ramp":
      yield* rampSteps(plan);
      return;
    case "nonce-offsets":
      for (const [i, address] of addresses.entries()) {
        const offset = nonceOffsetRegister(i, plan.chipCount);
        yield send(writeRegister(address, registers.chipNonceOffset.number, offset));
      }
      return;
    case "hash-counting":
      yield send(writeRegisterOfAll(registers.hashCountingNumber.number, plan.hashCountingTicks));
      return;
    default:
      instruction satisfies never;
  }
}

/** Up to the target, or to the last step that the limit of the moment allows. */
function* rampSteps(plan: ChainPlan): Generator<BringUpStep> {
  let reachedMHz = POWER_ON_MHZ;
  for (const frequencyMHz of rampTo(plan.frequencyMHz)) {
    if (frequencyMHz > (plan.frequencyLimitMHz?.() ?? Number.POSITIVE_INFINITY)) break;
    const frames = clockFrames(plan.chip, frequencyMHz);
    for (const { frame, thenWaitMs } of frames.slice(0, -1))
      yield { step: "send", frame, thenWaitMs };
    for (const { frame } of frames.slice(-1))
      yield { step: "send", frame, thenWaitMs: RAMP_STEP_WAIT_MS };
    reachedMHz = solvePll(plan.chip.pll, frequencyMHz).frequencyMHz;
  }
  yield { step: "ramped", frequencyMHz: reachedMHz };
}

interface Domain {
  /** Address of the chip nearest to the host. */
  readonly first: number;
  readonly last: number;
  /** Value of UART_RELAY. */
  readonly relay: number;
}

function domainsFarthestFirst(plan: ChainPlan): readonly Domain[] {
  const { chipCount, chipsPerDomain } = plan;
  const relays = relayOfDomains(Math.ceil(chipCount / chipsPerDomain), chipsPerDomain);
  return relays
    .map((relay, domain) => ({
      first: commandAddressOf(plan, domain * chipsPerDomain),
      last: commandAddressOf(plan, Math.min((domain + 1) * chipsPerDomain, chipCount) - 1),
      relay,
    }))
    .reverse();
}
