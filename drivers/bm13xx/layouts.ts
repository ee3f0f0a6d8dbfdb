/**
 * How each kind of chain is brought up, as data: the order of the writes and their values are those of captures and
 * shipping drivers, and nobody outside the chips' maker knows what all of them do. `bring-up.ts` turns them into frames.
 */
import { bm1362, bm1366, bm1368, bm1370, bm1372, bm1373, bm1397 } from "./chips.ts";
import { type KnownHashCounting, sliceByAddress, sliceByOffset } from "./hash-counting.ts";
import {
  all,
  chainInactive,
  domainEnds,
  each,
  first,
  hashCounting,
  type Instruction,
  nonceOffsets,
  phase,
  probe,
  ramp,
  setAddresses,
  switchBaud,
  ticketMask,
  uartRelay,
  versionRolling,
  type WriteEach,
  wait,
} from "./instructions.ts";
import { registers as r } from "./registers.ts";
import { relayGap, uartRelayRegister } from "./uart-relay.ts";

export interface FastBaud {
  /** Value of the chip's baud register. */
  readonly register: number;
  /** What the host then runs at; up to 4 % off the chips' rate is in use in the field [C]. */
  readonly hostBaud: number;
}

export interface Bm13xxLayout {
  readonly name: string;
  readonly chipName: string;
  /** Between two writes. */
  readonly writeGapMs: number;
  /** What the length byte of a full-header job says; the chip does not look [C]. */
  readonly jobLengthByte: number;
  readonly fastBaud: FastBaud;
  /** Chips of a voltage domain, where the layout writes to their borders. */
  readonly chipsPerDomain?: number;
  /** The factory's hash counting number; absent where it comes from the formula. */
  readonly hashCounting?: KnownHashCounting;
  /** The one hash counting number in use, whatever the frequency and the number of chips. */
  readonly fixedHashCountingTicks?: number;
  readonly bringUp: readonly Instruction[];
  /** What the chips get after their first job; without it they hash as soon as `bringUp` is done. */
  readonly afterFirstJob?: readonly Instruction[];
}

const LAYOUT_NAMES = ["single", "s19jpro", "s19xp", "s19kpro", "s21", "s21pro", "s21xp"] as const;
export type LayoutName = (typeof LAYOUT_NAMES)[number];
export const layoutNames: readonly LayoutName[] = LAYOUT_NAMES;

const STOCK_WRITE_GAP_MS = 10;
const STOCK_JOB_LENGTH_BYTE = 0x36;
const ESP_JOB_LENGTH_BYTE = 0x56;
/** ESP-Miner's rate for every board with one or a few full-header chips [D], captured on a Bitaxe Gamma [C]. */
const ESP_FAST_BAUD: FastBaud = { register: 0x11300200, hostBaud: 1_000_000 };

/** The cores of one BM1370 or BM1368 after another; `clockDelay` is what differs between boards. */
function enableCores(clockDelay: number): WriteEach {
  return each(
    [r.softReset, 0x000701f0],
    [r.miscControl, 0xf000c100],
    [r.coreMailbox, 0x80008b00],
    [r.coreMailbox, clockDelay],
    [r.coreMailbox, 0x800082aa],
  );
}

const temperatureDiode: readonly Instruction[] = [
  all(r.analogConfig, 0x00004480),
  all(r.analogMux, 2),
  all(r.analogConfig, 0x00004480),
  all(r.coreMailbox, 0x80008dee),
];

/** One BM1370 or a few: a Bitaxe Gamma [C] as ESP-Miner's bm1370.c and asic_init.c do it [D]. */
export const singleBm1370: Bm13xxLayout = {
  name: "single",
  chipName: bm1370.name,
  writeGapMs: 0,
  jobLengthByte: ESP_JOB_LENGTH_BYTE,
  fastBaud: ESP_FAST_BAUD,
  bringUp: [
    phase("probing"),
    versionRolling,
    versionRolling,
    versionRolling,
    probe,
    versionRolling,
    all(r.softReset, 0x00070000),
    all(r.miscControl, 0xf000c100),
    phase("addressing"),
    chainInactive,
    setAddresses("chips"),
    phase("configuring"),
    all(r.coreMailbox, 0x80008b00),
    all(r.coreMailbox, 0x8000800c),
    ticketMask,
    all(r.ioDrive, 0x00011111),
    enableCores(0x8000800c),
    ...temperatureDiode,
    phase("ramping"),
    ramp,
    phase("starting"),
    hashCounting,
    phase("switching-baud"),
    switchBaud,
    versionRolling,
  ],
};

/** A stock chain of BM1370 up to its first job; `clockDelay` is what differs between boards. */
function stockBm1370(clockDelay: number): Pick<Bm13xxLayout, "bringUp" | "afterFirstJob"> {
  return {
    bringUp: [
      phase("probing"),
      versionRolling,
      versionRolling,
      versionRolling,
      probe,
      all(r.softReset, 0x00070000),
      all(r.miscControl, 0xf000c100),
      phase("addressing"),
      chainInactive,
      setAddresses("all"),
      phase("configuring"),
      all(r.coreMailbox, 0x80008b00),
      all(r.coreMailbox, clockDelay),
      ticketMask,
      all(r.ioDrive, 0x00011111),
      domainEnds(r.ioDrive, 0x0001f111),
      all(r.pll3, 0x5aa55aa5),
      uartRelay,
      phase("switching-baud"),
      switchBaud,
      phase("configuring"),
      enableCores(clockDelay),
      ...temperatureDiode,
      phase("ramping"),
      ramp,
    ],
    afterFirstJob: [nonceOffsets, hashCounting, versionRolling],
  };
}

/** The 65 BM1370 of an Antminer S21 Pro hashboard, 13 domains of 5 [C, mujina REFERENCE.md; gaps as bm13xx-rs has them]. */
export const s21Pro: Bm13xxLayout = {
  name: "s21pro",
  chipName: bm1370.name,
  writeGapMs: STOCK_WRITE_GAP_MS,
  jobLengthByte: STOCK_JOB_LENGTH_BYTE,
  fastBaud: { register: 0x01300000, hostBaud: 3_125_000 },
  chipsPerDomain: 5,
  hashCounting: { ticks: 0x1eb5, frequencyMHz: 600, sliceNonces: sliceByOffset(65) },
  ...stockBm1370(0x8000800c),
};

/**
 * The 91 BM1370 of an Antminer S21 XP hashboard, 13 domains of 7 [D, bm13xx-rs]: the S21 Pro's order with its own clock
 * delay [D], and the same share of the nonces swept [?].
 */
export const s21Xp: Bm13xxLayout = {
  ...s21Pro,
  name: "s21xp",
  chipsPerDomain: 7,
  ...stockBm1370(0x80008010),
};

/** The 126 BM1362 of an Antminer S19j Pro hashboard [C, mujina REFERENCE.md]. */
export const s19jPro: Bm13xxLayout = {
  name: "s19jpro",
  chipName: bm1362.name,
  writeGapMs: STOCK_WRITE_GAP_MS,
  jobLengthByte: STOCK_JOB_LENGTH_BYTE,
  fastBaud: { register: 0x11300000, hostBaud: 3_125_000 },
  hashCounting: { ticks: 0x1381, frequencyMHz: 525, sliceNonces: sliceByAddress(2) },
  bringUp: [
    phase("probing"),
    versionRolling,
    probe,
    versionRolling,
    versionRolling,
    all(r.softReset, 0),
    all(r.miscControl, 0xb000c100),
    phase("addressing"),
    chainInactive,
    setAddresses("all"),
    phase("configuring"),
    all(r.coreMailbox, 0x80008540),
    all(r.coreMailbox, 0x80008008),
    ticketMask,
    all(r.analogMux, 3),
    all(r.ioDrive, 0x00011111),
    phase("switching-baud"),
    switchBaud,
    phase("ramping"),
    ramp,
    phase("configuring"),
    each(
      [r.softReset, 0x00000002],
      [r.miscControl, 0xb000c100],
      [r.coreMailbox, 0x80008540],
      [r.coreMailbox, 0x80008008],
      [r.coreMailbox, 0x800082aa],
    ),
    phase("starting"),
    hashCounting,
    versionRolling,
  ],
};

/** One BM1362 or a few: the S19j Pro's writes at the rate and spacing of small boards. Seen by nobody yet [?]. */
export const singleBm1362: Bm13xxLayout = {
  name: "single",
  chipName: bm1362.name,
  writeGapMs: STOCK_WRITE_GAP_MS,
  jobLengthByte: s19jPro.jobLengthByte,
  fastBaud: ESP_FAST_BAUD,
  bringUp: s19jPro.bringUp.map((instruction) =>
    instruction.do === "set-addresses" ? setAddresses("chips") : instruction,
  ),
};

const enableBm1366Cores = each(
  [r.softReset, 0x000701f0],
  [r.miscControl, 0xf000c100],
  [r.coreMailbox, 0x80008540],
  [r.coreMailbox, 0x80008020],
  [r.coreMailbox, 0x800082aa],
);

/** One BM1366 or a few: a Bitaxe Ultra or Hex, as ESP-Miner's bm1366.c does it [D]. */
export const singleBm1366: Bm13xxLayout = {
  name: "single",
  chipName: bm1366.name,
  writeGapMs: 0,
  jobLengthByte: ESP_JOB_LENGTH_BYTE,
  fastBaud: ESP_FAST_BAUD,
  bringUp: [
    phase("probing"),
    versionRolling,
    versionRolling,
    versionRolling,
    probe,
    all(r.softReset, 0x00070000),
    all(r.miscControl, 0xff0fc100),
    phase("addressing"),
    chainInactive,
    setAddresses("chips"),
    phase("configuring"),
    all(r.coreMailbox, 0x80008540),
    all(r.coreMailbox, 0x80008020),
    ticketMask,
    all(r.analogMux, 3),
    all(r.ioDrive, 0x02111111),
    first(r.uartRelay, 0x007c0003),
    enableBm1366Cores,
    phase("ramping"),
    ramp,
    phase("starting"),
    hashCounting,
    versionRolling,
    phase("switching-baud"),
    switchBaud,
  ],
};

/**
 * The 110 BM1366 of an Antminer S19 XP hashboard, 11 domains of 10: values, relay and the border writes of a dump [C, in
 * ESP-Miner's comments; bm13xx-rs], their order after the change of rate as on the S21 Pro [?]. The frequency behind the
 * factory's ticks is not known; at this one they sweep 80 % of a slice, as on the S19j Pro [?].
 */
export const s19Xp: Bm13xxLayout = {
  name: "s19xp",
  chipName: bm1366.name,
  writeGapMs: STOCK_WRITE_GAP_MS,
  jobLengthByte: STOCK_JOB_LENGTH_BYTE,
  fastBaud: { register: 0x11300000, hostBaud: 3_125_000 }, // [?] as S19j Pro; its dump has 6.25 Mbaud from PLL1
  chipsPerDomain: 10,
  hashCounting: { ticks: 0x151c, frequencyMHz: 485, sliceNonces: sliceByAddress(2) },
  bringUp: [
    phase("probing"),
    versionRolling,
    versionRolling,
    versionRolling,
    probe,
    all(r.softReset, 0x00070000),
    all(r.miscControl, 0xff0fc100),
    phase("addressing"),
    chainInactive,
    setAddresses("all"),
    phase("configuring"),
    all(r.coreMailbox, 0x80008540),
    all(r.coreMailbox, 0x80008020),
    ticketMask,
    all(r.analogMux, 3),
    all(r.ioDrive, 0x02111111),
    domainEnds(r.ioDrive, 0x0211f111),
    uartRelay,
    wait(130),
    phase("switching-baud"),
    switchBaud,
    phase("configuring"),
    enableBm1366Cores,
    phase("ramping"),
    ramp,
    phase("starting"),
    hashCounting,
    versionRolling,
  ],
};

/** The 77 BM1366 [C] of an Antminer S19k Pro hashboard, 11 domains of 7 [?]: the S19 XP's bring-up [?]. */
export const s19kPro: Bm13xxLayout = {
  ...s19Xp,
  name: "s19kpro",
  chipsPerDomain: 7,
  // [?] the frequency at which the factory's ticks sweep 80 % of a slice
  hashCounting: { ticks: 0x115a, frequencyMHz: 590, sliceNonces: sliceByAddress(2) },
};

/** One BM1368 or a few: a Bitaxe Supra, as ESP-Miner's bm1368.c does it [D]. */
export const singleBm1368: Bm13xxLayout = {
  name: "single",
  chipName: bm1368.name,
  writeGapMs: 0,
  jobLengthByte: ESP_JOB_LENGTH_BYTE,
  fastBaud: ESP_FAST_BAUD,
  bringUp: [
    phase("probing"),
    versionRolling,
    versionRolling,
    versionRolling,
    versionRolling,
    probe,
    phase("addressing"),
    chainInactive,
    phase("configuring"),
    all(r.softReset, 0x00070000),
    all(r.miscControl, 0xff0fc100),
    all(r.coreMailbox, 0x80008b00),
    all(r.coreMailbox, 0x80008018),
    ticketMask,
    all(r.analogMux, 3),
    all(r.ioDrive, 0x02111111),
    phase("addressing"),
    setAddresses("chips"),
    phase("configuring"),
    { ...enableCores(0x80008018), thenWaitMs: 500 },
    ticketMask,
    phase("ramping"),
    ramp,
    phase("starting"),
    hashCounting,
    versionRolling,
    phase("switching-baud"),
    switchBaud,
  ],
};

/**
 * The 108 BM1368 of an Antminer S21 or T21 hashboard, 12 domains of 9 [?]: the Supra's values in the S21 Pro's order, with
 * the border writes of the S19 XP. Nobody has published a capture [?].
 */
export const s21: Bm13xxLayout = {
  name: "s21",
  chipName: bm1368.name,
  writeGapMs: STOCK_WRITE_GAP_MS,
  jobLengthByte: STOCK_JOB_LENGTH_BYTE,
  fastBaud: s21Pro.fastBaud,
  chipsPerDomain: 9,
  // [?] the frequency at which the factory's ticks sweep 80 % of a slice
  hashCounting: { ticks: 0x15a4, frequencyMHz: 473, sliceNonces: sliceByAddress(2) },
  bringUp: [
    phase("probing"),
    versionRolling,
    versionRolling,
    versionRolling,
    versionRolling,
    probe,
    all(r.softReset, 0x00070000),
    all(r.miscControl, 0xff0fc100),
    phase("addressing"),
    chainInactive,
    setAddresses("all"),
    phase("configuring"),
    all(r.coreMailbox, 0x80008b00),
    all(r.coreMailbox, 0x80008018),
    ticketMask,
    all(r.analogMux, 3),
    all(r.ioDrive, 0x02111111),
    domainEnds(r.ioDrive, 0x0211f111),
    all(r.pll3, 0x5aa55aa5),
    uartRelay,
    phase("switching-baud"),
    switchBaud,
    phase("configuring"),
    enableCores(0x80008018),
    phase("ramping"),
    ramp,
    phase("starting"),
    hashCounting,
    versionRolling,
  ],
};

/** One BM1397 or a few: a Bitaxe Max, as ESP-Miner's bm1397.c does it [D]. */
export const singleBm1397: Bm13xxLayout = {
  name: "single",
  chipName: bm1397.name,
  writeGapMs: 0,
  jobLengthByte: 0, // the length of midstate jobs is their own
  fastBaud: { register: 0x00006031, hostBaud: 3_125_000 },
  bringUp: [
    phase("probing"),
    probe,
    wait(20),
    phase("addressing"),
    chainInactive,
    setAddresses("chips"),
    phase("configuring"),
    all(r.clockOrder0, 0),
    all(r.clockOrder1, 0),
    all(r.orderedClockEnable, 1),
    all(r.coreMailbox, 0x80008074),
    ticketMask,
    all(r.pll3, 0xc0700111),
    all(r.uartBaud, 0x0600000f),
    all(r.miscControl, 0x00007a31),
    phase("ramping"),
    ramp,
    phase("switching-baud"),
    switchBaud,
  ],
};

/** One BM1372 or a few, as ESP-Miner's bm1373.c does it, for prototypes that nobody has seen [?]. */
export const singleBm1372: Bm13xxLayout = {
  name: "single",
  chipName: bm1372.name,
  writeGapMs: 0,
  jobLengthByte: ESP_JOB_LENGTH_BYTE,
  fastBaud: { register: 0x80000000, hostBaud: 3_000_000 },
  // Its author found that with the usual formula they do each other's work, and took the S21 Pro's number [?].
  fixedHashCountingTicks: 0x1eb5,
  bringUp: [
    phase("probing"),
    probe,
    phase("addressing"),
    chainInactive,
    wait(10),
    setAddresses("chips"),
    wait(10),
    phase("configuring"),
    all(r.coreMailbox, 0x80008d04),
    ticketMask,
    all(r.ioDrive, 0x00011111),
    domainEnds(r.ioDrive, 0x0001f111),
    all(r.pll3, 0x5aa55aa5),
    wait(10),
    all(r.unnamedC4, 0),
    phase("switching-baud"),
    switchBaud,
    wait(10),
    phase("configuring"),
    all(r.softReset, 0xf00701f0),
    wait(20),
    all(r.miscControl, 0xff00c100),
    wait(10),
    all(r.miscControlAdd, 0),
    wait(10),
    all(r.coreMailbox, 0x80008b00),
    wait(10),
    all(r.coreMailbox, 0x8000805a),
    wait(10),
    all(r.coreMailbox, 0x800082aa),
    wait(10),
    all(r.analogMux, 2),
    phase("ramping"),
    ramp,
    phase("starting"),
    hashCounting,
    versionRolling,
  ],
};

/** BM1373 answers with another id, and that is all that is known [?]. */
export const singleBm1373: Bm13xxLayout = { ...singleBm1372, chipName: bm1373.name };

const layouts: readonly Bm13xxLayout[] = [
  ...[singleBm1362, singleBm1366, singleBm1368, singleBm1370],
  ...[singleBm1372, singleBm1373, singleBm1397],
  ...[s19jPro, s19Xp, s19kPro, s21, s21Pro, s21Xp],
];

/** The named layout for a chip; `undefined` where that pair does not exist. */
export function layoutFor(chipName: string, name: LayoutName): Bm13xxLayout | undefined {
  return layouts.find((layout) => layout.name === name && layout.chipName === chipName);
}

/** UART_RELAY of each domain, nearest first. */
export function relayOfDomains(domains: number, chipsPerDomain: number): readonly number[] {
  return Array.from({ length: domains }, (_, domain) =>
    uartRelayRegister(relayGap(domain, domains, chipsPerDomain)),
  );
}
