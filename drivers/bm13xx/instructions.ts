/** The words in which a layout says how its chain is brought up; `bring-up.ts` turns them into frames and waits. */

export type RegisterWrite = readonly [register: number, value: number];

export type BringUpPhase =
  | "probing"
  | "addressing"
  | "configuring"
  | "switching-baud"
  | "ramping"
  | "starting";

export interface WriteEach {
  readonly do: "write-each";
  readonly writes: readonly RegisterWrite[];
  /** After the writes to each chip. */
  readonly thenWaitMs?: number;
}

/** One thing to do while bringing a chain up. */
export type Instruction =
  | { readonly do: "phase"; readonly phase: BringUpPhase }
  | { readonly do: "wait"; readonly forMs: number }
  | { readonly do: "write-all"; readonly register: number; readonly value: number }
  /** To the chip nearest to the host. */
  | { readonly do: "write-first"; readonly register: number; readonly value: number }
  | WriteEach
  /** Rolling of all rollable bits, which also switches to 11-byte answers. */
  | { readonly do: "version-rolling" }
  /** Every chip says what it is. */
  | { readonly do: "probe" }
  /** All chips forget their addresses. */
  | { readonly do: "chain-inactive" }
  /** An address per chip, or all that fit into a byte whatever the chain's length. */
  | { readonly do: "set-addresses"; readonly slots: "chips" | "all" }
  | { readonly do: "ticket-mask" }
  /** To the last chip of each domain, the farthest first. */
  | { readonly do: "write-domain-ends"; readonly register: number; readonly value: number }
  /** To the first and last chip of each domain, the farthest first. */
  | { readonly do: "uart-relay" }
  | { readonly do: "switch-baud" }
  | { readonly do: "ramp" }
  | { readonly do: "nonce-offsets" }
  | { readonly do: "hash-counting" };

interface Numbered {
  readonly number: number;
}

export function phase(name: BringUpPhase): Instruction {
  return { do: "phase", phase: name };
}

export function wait(forMs: number): Instruction {
  return { do: "wait", forMs };
}

export function all(register: Numbered, value: number): Instruction {
  return { do: "write-all", register: register.number, value };
}

export function first(register: Numbered, value: number): Instruction {
  return { do: "write-first", register: register.number, value };
}

export function domainEnds(register: Numbered, value: number): Instruction {
  return { do: "write-domain-ends", register: register.number, value };
}

export function each(...writes: readonly (readonly [Numbered, number])[]): WriteEach {
  return {
    do: "write-each",
    writes: writes.map(([register, value]) => [register.number, value]),
  };
}

export const probe: Instruction = { do: "probe" };
export const versionRolling: Instruction = { do: "version-rolling" };
export const ticketMask: Instruction = { do: "ticket-mask" };
export const uartRelay: Instruction = { do: "uart-relay" };
export const switchBaud: Instruction = { do: "switch-baud" };
export const ramp: Instruction = { do: "ramp" };
export const hashCounting: Instruction = { do: "hash-counting" };
export const nonceOffsets: Instruction = { do: "nonce-offsets" };
export const chainInactive: Instruction = { do: "chain-inactive" };

export function setAddresses(slots: "chips" | "all"): Instruction {
  return { do: "set-addresses", slots };
}
