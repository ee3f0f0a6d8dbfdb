/**
 * The chips' registers: numbers, names, reset values and fields. All are 32 bits, big-endian on the wire. Names and reset
 * values are those of BM1366 [D, bm13xx-rs] with what differs elsewhere beside it; BM1397's are of skot/BM1397 [D].
 */

export interface RegisterField {
  readonly name: string;
  /** Place of the lowest bit. */
  readonly shift: number;
  readonly bits: number;
  /** What its values mean, where they are not plain numbers. */
  readonly values?: Readonly<Record<number, string>>;
  /** Added to the raw bits to give the number that they stand for. */
  readonly offset?: number;
}

export interface Bm13xxRegister {
  readonly number: number;
  readonly name: string;
  readonly reset: number;
  /** Reset value on chips where it is another, by chip name. */
  readonly resetOn?: Readonly<Record<string, number>>;
  readonly fields?: readonly RegisterField[];
}

function field(name: string, shift: number, bits: number): RegisterField {
  return { name, shift, bits };
}

/** PLL1 to PLL3 have the layout of PLL0 [D]. */
const pllFields: readonly RegisterField[] = [
  field("locked", 31, 1),
  field("enabled", 30, 1),
  { name: "vco", shift: 28, bits: 1, values: { 0: "below 2400 MHz", 1: "2400 MHz or more" } },
  field("feedback", 16, 12),
  field("reference", 8, 6),
  { name: "post1", shift: 4, bits: 3, offset: 1 },
  { name: "post2", shift: 0, bits: 3, offset: 1 },
];

const registerTable = {
  chipId: {
    number: 0x00,
    name: "CHIP_ID",
    reset: 0x13660000,
    resetOn: {
      BM1362: 0x13620300,
      BM1368: 0x13680000,
      BM1370: 0x13700000,
      BM1372: 0x13720000,
      BM1373: 0x13730000,
      BM1397: 0x13971800,
      BM1398: 0x13981800,
    },
    fields: [field("chipId", 16, 16), field("idByte3", 8, 8), field("assignedAddress", 0, 8)],
  },
  hashRate: {
    number: 0x04,
    name: "HASH_RATE",
    reset: 0x00012a89,
    resetOn: { BM1397: 0x80000000, BM1370: 0 },
  },
  /** The hash clock; 50 MHz out of reset. */
  pll0: {
    number: 0x08,
    name: "PLL0",
    reset: 0xc0540165,
    resetOn: { BM1397: 0xc0600161 },
    fields: pllFields,
  },
  /** Where a chip starts in the low 25 bits of the nonce; only BM1370 chains use it [C]. */
  chipNonceOffset: {
    number: 0x0c,
    name: "CHIP_NONCE_OFFSET",
    reset: 0,
    fields: [field("valid", 31, 1), field("offset", 0, 16)],
  },
  /** Ticks of 25 MHz per sweep; 0 stops hashing. */
  hashCountingNumber: {
    number: 0x10,
    name: "HASH_COUNTING_NUMBER",
    reset: 0,
    fields: [field("ticks", 0, 32)],
  },
  ticketMask: { number: 0x14, name: "TICKET_MASK", reset: 0 },
  miscControl: {
    number: 0x18,
    name: "MISC_CONTROL",
    reset: 0x0000c100, // [C] read back from a fresh BM1370
    resetOn: { BM1397: 0x00003a01 },
    fields: [field("reportingQuarters", 28, 4)],
  },
  /** Written 0 while BM1372 is set up [?]. */
  miscControlAdd: { number: 0x19, name: "MISC_CONTROL_ADD", reset: 0 },
  i2cControl: { number: 0x1c, name: "I2C_CONTROL", reset: 0, resetOn: { BM1397: 0x01000000 } },
  /** On BM1397, without these clocks the cores stand still [?]. */
  orderedClockEnable: {
    number: 0x20,
    name: "ORDERED_CLOCK_EN",
    reset: 0x3,
    resetOn: { BM1397: 0x0000ffff, BM1370: 0x7 },
  },
  topProcessMonitor: { number: 0x24, name: "TOP_PROCESS_MONITOR", reset: 0x00100000 },
  uartBaud: {
    number: 0x28,
    name: "UART_BAUD",
    reset: 0x01301a00, // 115 740 baud
    resetOn: { BM1397: 0x0600000f },
    fields: [
      field("enable", 28, 1),
      { name: "clock", shift: 26, bits: 2, values: { 0: "25 MHz crystal", 1: "PLL1" } },
      field("pll1Div4", 20, 4),
      field("divider", 8, 8),
    ],
  },
  uartRelay: {
    number: 0x2c,
    name: "UART_RELAY",
    reset: 0x000f0000,
    fields: [field("gap", 16, 16), field("relayAnswers", 1, 1), field("relayCommands", 0, 1)],
  },
  coreNumber: {
    number: 0x30,
    name: "CORE_NUMBER",
    reset: 0x70,
    resetOn: { BM1370: 0x80 },
    fields: [field("cores", 0, 8)],
  },
  unnamed34: { number: 0x34, name: "UNNAMED_34", reset: 0 },
  ticketMask2: { number: 0x38, name: "TICKET_MASK2", reset: 0 },
  /** The way to the core registers. */
  coreMailbox: {
    number: 0x3c,
    name: "CORE_MAILBOX",
    reset: 0,
    resetOn: { BM1397: 0x00004000 },
    fields: [
      field("allCores", 31, 1),
      field("core", 16, 9),
      field("write", 15, 1),
      field("coreRegister", 8, 5),
      field("coreValue", 0, 8),
    ],
  },
  /** May arrive without having been asked for. */
  coreRegisterValue: {
    number: 0x40,
    name: "CORE_REG_VALUE",
    reset: 0x1eaf5fbe,
    resetOn: { BM1397: 0, BM1370: 0x08020100 },
  },
  externalTemperature: {
    number: 0x44,
    name: "EXT_TEMP",
    reset: 0,
    resetOn: { BM1397: 0x00000100 },
  },
  errorFlag: { number: 0x48, name: "ERROR_FLAG", reset: 0, resetOn: { BM1397: 0xff000000 } },
  nonceErrorCount: { number: 0x4c, name: "NONCE_ERR_CNT", reset: 0 },
  nonceOverflowCount: { number: 0x50, name: "NONCE_OVF_CNT", reset: 0 },
  analogMux: {
    number: 0x54,
    name: "ANALOG_MUX",
    reset: 0,
    fields: [
      { name: "select", shift: 0, bits: 3, values: { 2: "temperature diode", 3: "normal" } },
    ],
  },
  ioDrive: {
    number: 0x58,
    name: "IO_DRIVE",
    reset: 0x00012111,
    resetOn: { BM1397: 0x02112111 },
    fields: [
      field("rf", 24, 4),
      field("dnrs", 20, 4),
      field("ro", 16, 4),
      field("clko", 12, 4),
      field("nrsto", 8, 4),
      field("bo", 4, 4),
      field("co", 0, 4),
    ],
  },
  timeOut: { number: 0x5c, name: "TIME_OUT", reset: 0xffff },
  /** Clock of the fast UART rates. */
  pll1: {
    number: 0x60,
    name: "PLL1",
    reset: 0x20500174,
    resetOn: { BM1397: 0x00640111 },
    fields: pllFields,
  },
  pll2: {
    number: 0x64,
    name: "PLL2",
    reset: 0,
    resetOn: { BM1397: 0x00680111, BM1370: 0x20500174 },
  },
  /** Writing 5AA55AA5 disables the pads of the ring oscillator on BM1368 and BM1370; shares its place with PLL3 [D]. */
  pll3: { number: 0x68, name: "PLL3_OR_RING_OSC_PAD", reset: 0, resetOn: { BM1397: 0x00700111 } },
  orderedClockMonitor: {
    number: 0x6c,
    name: "ORDERED_CLOCK_MON",
    reset: 0x00010200,
    resetOn: { BM1397: 0 },
  },
  /** On BM1397 the hash clock is divided by (bits 3-0) + 1 once more, which makes its 50 MHz out of reset [D, bm13xx-rs]. */
  pll0Divider: { number: 0x70, name: "PLL0_DIV", reset: 0, resetOn: { BM1397: 0x03040607 } },
  pll1Divider: { number: 0x74, name: "PLL1_DIV", reset: 0, resetOn: { BM1397: 0x03040506 } },
  pll2Divider: { number: 0x78, name: "PLL2_DIV", reset: 0, resetOn: { BM1397: 0x03040506 } },
  pll3Divider: { number: 0x7c, name: "PLL3_DIV", reset: 0, resetOn: { BM1397: 0x03040506 } },
  clockOrder0: { number: 0x80, name: "CLK_ORDER0", reset: 0, resetOn: { BM1397: 0xd95c8410 } },
  clockOrder1: { number: 0x84, name: "CLK_ORDER1", reset: 0, resetOn: { BM1397: 0xfb73ea62 } },
  /** Accepted work per hash domain in difficulty-1 units, BM1366 and later [D]. */
  domain0HashCount: { number: 0x88, name: "DOMAIN0_HASH_CNT", reset: 0 },
  domain1HashCount: { number: 0x89, name: "DOMAIN1_HASH_CNT", reset: 0 },
  domain2HashCount: { number: 0x8a, name: "DOMAIN2_HASH_CNT", reset: 0 },
  domain3HashCount: { number: 0x8b, name: "DOMAIN3_HASH_CNT", reset: 0 },
  totalHashCount: { number: 0x8c, name: "TOTAL_HASH_CNT", reset: 0 },
  frequencySweep0: { number: 0x90, name: "FREQ_SWEEP0", reset: 0, resetOn: { BM1397: 0x00000070 } },
  frequencySweep1: { number: 0x94, name: "FREQ_SWEEP1", reset: 0, resetOn: { BM1397: 0x00376400 } },
  frequencySweep2: { number: 0x98, name: "FREQ_SWEEP2", reset: 0, resetOn: { BM1397: 0x30303030 } },
  nonceReturnTimeout: {
    number: 0x9c,
    name: "NONCE_RET_TIMEOUT",
    reset: 0x00fd0077,
    resetOn: { BM1397: 0x0000ffff, BM1370: 0x00f70073 },
  },
  singlePattern: { number: 0xa0, name: "SINGLE_PATTERN", reset: 0 },
  /** Version rolling; writing bit 31 also lengthens the answers from 9 to 11 bytes [C]. */
  versionRolling: {
    number: 0xa4,
    name: "VERSION_ROLLING",
    reset: 0x0000ffff,
    fields: [
      field("enable", 31, 1),
      field("fixed", 30, 1),
      { name: "midstates", shift: 28, bits: 2, values: { 1: "8", 2: "12", 3: "16" } },
      field("mask", 0, 16),
    ],
  },
  softReset: {
    number: 0xa8,
    name: "SOFT_RESET",
    reset: 0x00070000,
    resetOn: { BM1362: 0 },
    fields: [
      field("chip", 4, 1),
      field("topControl", 3, 1),
      field("tver", 2, 1),
      field("coreFast", 1, 1),
      field("core", 0, 1),
    ],
  },
  unnamedAC: { number: 0xac, name: "UNNAMED_AC", reset: 0 },
  temperatureControl: { number: 0xb0, name: "TEMP_CTL", reset: 0 },
  temperatureResult: { number: 0xb4, name: "TEMP_RESULT", reset: 0 },
  adcConfig: { number: 0xb8, name: "ADC_CFG", reset: 0, resetOn: { BM1370: 0x20000000 } },
  /** Written 00004480 around reads of the temperature diode [C]. */
  analogConfig: { number: 0xb9, name: "ANALOG_CFG", reset: 0 },
  unnamedBC: { number: 0xbc, name: "UNNAMED_BC", reset: 0x00003313 },
  unnamedC0: { number: 0xc0, name: "UNNAMED_C0", reset: 0x00002000 },
  unnamedC4: { number: 0xc4, name: "UNNAMED_C4", reset: 0, resetOn: { BM1370: 0x0000b850 } },
  sweep0: { number: 0xd0, name: "SWEEP0", reset: 0x70, resetOn: { BM1370: 0 } },
  sweep1: { number: 0xd4, name: "SWEEP1", reset: 0x00376400, resetOn: { BM1370: 0 } },
  sweep2: { number: 0xd8, name: "SWEEP2", reset: 0x30303030, resetOn: { BM1370: 0 } },
  sweep3: { number: 0xdc, name: "SWEEP3", reset: 0xffff, resetOn: { BM1370: 0 } },
  unnamedEC: { number: 0xec, name: "UNNAMED_EC", reset: 0x8, resetOn: { BM1370: 0 } },
} as const satisfies Readonly<Record<string, Bm13xxRegister>>;

/** By our names, for code. */
export const registers: Readonly<Record<keyof typeof registerTable, Bm13xxRegister>> =
  registerTable;

/** By the number on the wire, for decoding. */
export const registersByNumber: ReadonlyMap<number, Bm13xxRegister> = new Map(
  Object.values<Bm13xxRegister>(registerTable).map((register) => [register.number, register]),
);

/** What the register holds after reset on the named chip. */
export function resetValueOf(register: Bm13xxRegister, chipName: string): number {
  return register.resetOn?.[chipName] ?? register.reset;
}

/** A register inside each hash core, reached through CORE_MAILBOX: one byte. */
export interface CoreRegister {
  readonly number: number;
  readonly name: string;
  readonly reset: number;
  readonly resetOn?: Readonly<Record<string, number>>;
}

const coreRegisterTable: readonly CoreRegister[] = [
  { number: 0x00, name: "CLOCK_DELAY", reset: 0x98, resetOn: { BM1370: 0x52 } },
  { number: 0x02, name: "CORE_ENABLE", reset: 0x55 }, // AA is written to enable [C]
  { number: 0x03, name: "CORE_ERROR", reset: 0 },
  { number: 0x04, name: "CORE_ENABLE_BITS", reset: 0 },
  { number: 0x05, name: "HASH_CLOCK_SELECT", reset: 0x40, resetOn: { BM1370: 0 } },
  { number: 0x06, name: "CLOCK_COUNTER", reset: 0x08 },
  { number: 0x07, name: "UNNAMED_07", reset: 0x11 },
  { number: 0x0b, name: "CLOCK_SELECT", reset: 0 }, // BM1368 and BM1370
  { number: 0x0d, name: "NONCE_OVERFLOW_CONTROL", reset: 0 }, // EE enables, 04 disables [D]
  { number: 0x16, name: "UNNAMED_16", reset: 0 },
];

export const coreRegistersByNumber: ReadonlyMap<number, CoreRegister> = new Map(
  coreRegisterTable.map((register) => [register.number, register]),
);
