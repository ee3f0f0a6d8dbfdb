/** The steps of a bring-up: from a layout and one chain's numbers to frames, waits and changes of the baud rate. */
import { BAUD_SETTLE_MS } from "./baud.ts";
import type { Bm13xxChip } from "./chips.ts";
import {
  chainInactive,
  readRegisterOfAll,
  setAddress,
  writeRegister,
  writeRegisterOfAll,
} from "./frame.ts";
import {
  type Bm13xxLayout,
  type BringUpPhase,
  type FastBaud,
  type Instruction,
  relayOfDomains,
} from "./layouts.ts";
import { nonceOffsetRegister } from "./nonce-offsets.ts";
import { rampTo, solvePll } from "./pll.ts";
import { registers } from "./registers.ts";
import { ticketMaskRegister } from "./ticket-mask.ts";
import { ROLLABLE_MASK, versionRollingRegister } from "./version-rolling.ts";

export type BringUpStep =
  | { readonly step: "phase"; readonly phase: BringUpPhase }
  | { readonly step: "send"; readonly frame: Uint8Array; readonly thenWaitMs: number }
  /** Send and collect an answer of every chip. */
  | { readonly step: "probe"; readonly frame: Uint8Array }
  /** Send at the old rate, wait until it has left and another `settleMs`, then the host changes. */
  | {
      readonly step: "switch-baud";
      readonly frame: Uint8Array;
      readonly hostBaud: number;
      readonly settleMs: number;
    };

/** One chain's numbers. */
export interface ChainPlan {
  readonly chip: Bm13xxChip;
  readonly layout: Bm13xxLayout;
  readonly chipCount: number;
  readonly addressInterval: number;
  readonly frequencyMHz: number;
  readonly ticketDifficulty: number;
  readonly hashCountingTicks: number;
  readonly fastBaud: FastBaud;
  readonly chipsPerDomain: number;
  /** Version bits to roll; all that the chips can, unless told otherwise. */
  readonly versionMask?: number;
}

/** Stock firmware gives the frequency this long to settle [C]. */
const RAMP_STEP_WAIT_MS = 100;
/** Addresses fit into a byte. */
const ADDRESS_SPACE = 256;

export function* bringUpSteps(
  plan: ChainPlan,
  instructions: readonly Instruction[] = plan.layout.bringUp,
): Generator<BringUpStep> {
  for (const instruction of instructions) yield* stepsOf(instruction, plan);
}

function* stepsOf(instruction: Instruction, plan: ChainPlan): Generator<BringUpStep> {
  const send = (frame: Uint8Array, thenWaitMs = plan.layout.writeGapMs): BringUpStep => ({
    step: "send",
    frame,
    thenWaitMs,
  });
  const addresses = Array.from({ length: plan.chipCount }, (_, i) => i * plan.addressInterval);
  switch (instruction.do) {
    case "phase":
      yield { step: "phase", phase: instruction.phase };
      return;
    case "write-all":
      yield send(writeRegisterOfAll(instruction.register, instruction.value));
      return;
    case "write-each":
      for (const address of addresses) {
        for (const [register, value] of instruction.writes)
          yield send(writeRegister(address, register, value));
      }
      return;
    case "version-rolling": {
      const register = versionRollingRegister(plan.versionMask ?? ROLLABLE_MASK);
      yield send(writeRegisterOfAll(registers.versionRolling.number, register));
      return;
    }
    case "probe":
      yield { step: "probe", frame: readRegisterOfAll(registers.chipId.number) };
      return;
    case "address": {
      yield send(chainInactive());
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
        frame: writeRegisterOfAll(registers.uartBaud.number, plan.fastBaud.register),
        hostBaud: plan.fastBaud.hostBaud,
        settleMs: BAUD_SETTLE_MS,
      };
      return;
    case "ramp":
      for (const frequencyMHz of rampTo(plan.frequencyMHz)) {
        const { register } = solvePll(plan.chip.pll, frequencyMHz);
        yield send(writeRegisterOfAll(registers.pll0.number, register), RAMP_STEP_WAIT_MS);
      }
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

interface Domain {
  /** Address of the chip nearest to the host. */
  readonly first: number;
  readonly last: number;
  /** Value of UART_RELAY. */
  readonly relay: number;
}

function domainsFarthestFirst(plan: ChainPlan): readonly Domain[] {
  const { chipCount, chipsPerDomain, addressInterval } = plan;
  const relays = relayOfDomains(Math.ceil(chipCount / chipsPerDomain), chipsPerDomain);
  return relays
    .map((relay, domain) => ({
      first: domain * chipsPerDomain * addressInterval,
      last: (Math.min((domain + 1) * chipsPerDomain, chipCount) - 1) * addressInterval,
      relay,
    }))
    .reverse();
}
