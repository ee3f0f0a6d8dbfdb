/**
 * How each kind of chain is brought up, as data: the order of the writes and their values are those of captures and
 * shipping drivers, and nobody outside the chips' maker knows what all of them do. `bring-up.ts` turns them into frames.
 */
import { bm1362, bm1370 } from "./chips.ts";
import { type KnownHashCounting, sliceByAddress, sliceByOffset } from "./hash-counting.ts";
import { registers } from "./registers.ts";
import { relayGap, uartRelayRegister } from "./uart-relay.ts";

/** One thing to do while bringing a chain up. */
export type Instruction =
  | { readonly do: "phase"; readonly phase: BringUpPhase }
  | { readonly do: "write-all"; readonly register: number; readonly value: number }
  | { readonly do: "write-each"; readonly writes: readonly RegisterWrite[] }
  /** Rolling of all rollable bits, which also switches to 11-byte answers. */
  | { readonly do: "version-rolling" }
  /** Every chip says what it is. */
  | { readonly do: "probe" }
  /** Chain inactive, then an address per chip, or for all that fit into a byte whatever the chain's length. */
  | { readonly do: "address"; readonly slots: "chips" | "all" }
  | { readonly do: "ticket-mask" }
  /** To the last chip of each domain, the farthest first. */
  | { readonly do: "write-domain-ends"; readonly register: number; readonly value: number }
  /** To the first and last chip of each domain, the farthest first. */
  | { readonly do: "uart-relay" }
  | { readonly do: "switch-baud" }
  | { readonly do: "ramp" }
  | { readonly do: "nonce-offsets" }
  | { readonly do: "hash-counting" };

export type RegisterWrite = readonly [register: number, value: number];

export type BringUpPhase =
  | "probing"
  | "addressing"
  | "configuring"
  | "switching-baud"
  | "ramping"
  | "starting";

export interface FastBaud {
  /** Value of UART_BAUD. */
  readonly register: number;
  /** What the host then runs at; up to 4 % off the chips' rate is in use in the field [C]. */
  readonly hostBaud: number;
}

export interface Bm13xxLayout {
  readonly name: string;
  readonly chipName: string;
  /** Between two writes. */
  readonly writeGapMs: number;
  /** What the length byte of a job says; the chip does not look [C]. */
  readonly jobLengthByte: number;
  readonly fastBaud: FastBaud;
  /** Chips of a voltage domain, where the layout writes to their borders. */
  readonly chipsPerDomain?: number;
  /** The factory's hash counting number; absent where it comes from the formula. */
  readonly hashCounting?: KnownHashCounting;
  readonly bringUp: readonly Instruction[];
  /** What the chips get after their first job; without it they hash as soon as `bringUp` is done. */
  readonly afterFirstJob?: readonly Instruction[];
}

const STOCK_WRITE_GAP_MS = 10;

const r = registers;
const phase = (name: BringUpPhase): Instruction => ({ do: "phase", phase: name });
const all = (register: { readonly number: number }, value: number): Instruction => ({
  do: "write-all",
  register: register.number,
  value,
});
const each = (
  ...writes: readonly (readonly [{ readonly number: number }, number])[]
): Instruction => ({
  do: "write-each",
  writes: writes.map(([register, value]) => [register.number, value]),
});
const versionRolling: Instruction = { do: "version-rolling" };

/** One BM1370 or a few: a Bitaxe Gamma [C] as ESP-Miner's bm1370.c and asic_init.c do it [D]. */
export const singleBm1370: Bm13xxLayout = {
  name: "single",
  chipName: bm1370.name,
  writeGapMs: 0,
  jobLengthByte: 0x56,
  fastBaud: { register: 0x11300200, hostBaud: 1_000_000 },
  bringUp: [
    phase("probing"),
    versionRolling,
    versionRolling,
    versionRolling,
    { do: "probe" },
    versionRolling,
    all(r.softReset, 0x00070000),
    all(r.miscControl, 0xf000c100),
    phase("addressing"),
    { do: "address", slots: "chips" },
    phase("configuring"),
    all(r.coreMailbox, 0x80008b00),
    all(r.coreMailbox, 0x8000800c),
    { do: "ticket-mask" },
    all(r.ioDrive, 0x00011111),
    each(
      [r.softReset, 0x000701f0],
      [r.miscControl, 0xf000c100],
      [r.coreMailbox, 0x80008b00],
      [r.coreMailbox, 0x8000800c],
      [r.coreMailbox, 0x800082aa],
    ),
    all(r.analogConfig, 0x00004480),
    all(r.analogMux, 2),
    all(r.analogConfig, 0x00004480),
    all(r.coreMailbox, 0x80008dee),
    phase("ramping"),
    { do: "ramp" },
    phase("starting"),
    { do: "hash-counting" },
    phase("switching-baud"),
    { do: "switch-baud" },
    versionRolling,
  ],
};

/** The 65 BM1370 of an Antminer S21 Pro hashboard, 13 domains of 5 [C, mujina REFERENCE.md; gaps as bm13xx-rs has them]. */
export const s21Pro: Bm13xxLayout = {
  name: "s21pro",
  chipName: bm1370.name,
  writeGapMs: STOCK_WRITE_GAP_MS,
  jobLengthByte: 0x36,
  fastBaud: { register: 0x01300000, hostBaud: 3_125_000 },
  chipsPerDomain: 5,
  hashCounting: { ticks: 0x1eb5, frequencyMHz: 600, sliceNonces: sliceByOffset(65) },
  bringUp: [
    phase("probing"),
    versionRolling,
    versionRolling,
    versionRolling,
    { do: "probe" },
    all(r.softReset, 0x00070000),
    all(r.miscControl, 0xf000c100),
    phase("addressing"),
    { do: "address", slots: "all" },
    phase("configuring"),
    all(r.coreMailbox, 0x80008b00),
    all(r.coreMailbox, 0x8000800c),
    { do: "ticket-mask" },
    all(r.ioDrive, 0x00011111),
    { do: "write-domain-ends", register: r.ioDrive.number, value: 0x0001f111 },
    all(r.pll3, 0x5aa55aa5),
    { do: "uart-relay" },
    phase("switching-baud"),
    { do: "switch-baud" },
    phase("configuring"),
    each(
      [r.softReset, 0x000701f0],
      [r.miscControl, 0xf000c100],
      [r.coreMailbox, 0x80008b00],
      [r.coreMailbox, 0x8000800c],
      [r.coreMailbox, 0x800082aa],
    ),
    all(r.analogConfig, 0x00004480),
    all(r.analogMux, 2),
    all(r.analogConfig, 0x00004480),
    all(r.coreMailbox, 0x80008dee),
    phase("ramping"),
    { do: "ramp" },
  ],
  afterFirstJob: [{ do: "nonce-offsets" }, { do: "hash-counting" }, versionRolling],
};

/** The 126 BM1362 of an Antminer S19j Pro hashboard [C, mujina REFERENCE.md]. */
export const s19jPro: Bm13xxLayout = {
  name: "s19jpro",
  chipName: bm1362.name,
  writeGapMs: STOCK_WRITE_GAP_MS,
  jobLengthByte: 0x36,
  fastBaud: { register: 0x11300000, hostBaud: 3_125_000 },
  hashCounting: { ticks: 0x1381, frequencyMHz: 525, sliceNonces: sliceByAddress(2) },
  bringUp: [
    phase("probing"),
    versionRolling,
    { do: "probe" },
    versionRolling,
    versionRolling,
    all(r.softReset, 0),
    all(r.miscControl, 0xb000c100),
    phase("addressing"),
    { do: "address", slots: "all" },
    phase("configuring"),
    all(r.coreMailbox, 0x80008540),
    all(r.coreMailbox, 0x80008008),
    { do: "ticket-mask" },
    all(r.analogMux, 3),
    all(r.ioDrive, 0x00011111),
    phase("switching-baud"),
    { do: "switch-baud" },
    phase("ramping"),
    { do: "ramp" },
    phase("configuring"),
    each(
      [r.softReset, 0x00000002],
      [r.miscControl, 0xb000c100],
      [r.coreMailbox, 0x80008540],
      [r.coreMailbox, 0x80008008],
      [r.coreMailbox, 0x800082aa],
    ),
    phase("starting"),
    { do: "hash-counting" },
    versionRolling,
  ],
};

/** One BM1362 or a few: the S19j Pro's writes at the rate and spacing of small boards. Seen by nobody yet [?]. */
export const singleBm1362: Bm13xxLayout = {
  name: "single",
  chipName: bm1362.name,
  writeGapMs: STOCK_WRITE_GAP_MS,
  jobLengthByte: s19jPro.jobLengthByte,
  fastBaud: singleBm1370.fastBaud,
  bringUp: s19jPro.bringUp.map((instruction) =>
    instruction.do === "address" ? { do: "address", slots: "chips" } : instruction,
  ),
};

export type LayoutName = "single" | "s19jpro" | "s21pro";

/** The named layout for a chip; `undefined` where that pair does not exist. */
export function layoutFor(chipName: string, name: LayoutName): Bm13xxLayout | undefined {
  return layouts.find((layout) => layout.name === name && layout.chipName === chipName);
}

const layouts: readonly Bm13xxLayout[] = [singleBm1362, singleBm1370, s19jPro, s21Pro];

/** UART_RELAY of each domain, nearest first. */
export function relayOfDomains(domains: number, chipsPerDomain: number): readonly number[] {
  return Array.from({ length: domains }, (_, domain) =>
    uartRelayRegister(relayGap(domain, domains, chipsPerDomain)),
  );
}
