/**
 * What is known of each chip, as data: the driver, the tools and the simulator all read these rows.
 *
 * Confidence: [C] captured on hardware, [D] in a shipping driver or vendor file, [?] single source or inferred.
 */

export interface Bm13xxChip {
  readonly name: string;
  /** Why this row must not be relied upon: nothing drives such a chip unless the operator says that he knows. */
  readonly experimental?: string;
  /** Upper half of register 0x00. */
  readonly chipId: number;
  /** Third byte of register 0x00; not a usable core count. */
  readonly idByte3: number;
  /** Hash cores; the core that found a nonce is in its top 7 bits. */
  readonly cores: number;
  /** Engines that make one hash per clock each: MHz × small cores is the nominal rate in MH/s. */
  readonly smallCores: number;
  readonly smallCoresPerCore: number;
  /** A whole header, of which the chip makes its midstates, or SHA-256 states made by the host. */
  readonly jobFormat: "full" | "midstate";
  /** The most midstates that a job carries, each for a version of its own; 1 where the chip makes them. */
  readonly midstates: 1 | 4;
  /** Of an answer once the chip is configured; before that all have 9 [C]. */
  readonly answerBytes: 9 | 11;
  /** Rolls versions by itself once bit 31 of 0xA4 is set, which also makes its answers longer [C]. */
  readonly versionRolling: boolean;
  /** What starts and stops hashing: HASH_COUNTING_NUMBER, or the clocks of the cores in ORDERED_CLOCK_EN. */
  readonly hashSwitch: "hash-counting-number" | "ordered-clock";
  /** Holds the divider of the serial rate: UART_BAUD, or MISC_CONTROL on older chips. */
  readonly baudRegister: 0x28 | 0x18;
  /** Value of `baudRegister` that gives the rate after reset, 115 740 baud. */
  readonly resetBaud: number;
  /** Job id bytes in order of use, as sent at offset 4 of the job frame. */
  readonly jobIdBytes: readonly number[];
  /** The id byte of the job is `(b5 & answerJobIdMask) >> answerJobIdShift`, b5 being the id byte of a nonce answer. */
  readonly answerJobIdMask: number;
  readonly answerJobIdShift: number;
  /** The small core, normally also the low bits of the version field, is `b5 & answerSmallCoreMask`; 0: not in b5. */
  readonly answerSmallCoreMask: number;
  /** The midstate that the nonce was found with is `b5 & answerMidstateMask`. */
  readonly answerMidstateMask: number;
  /** The core that found a nonce (read big-endian) is `nonce >>> nonceCoreShift`. */
  readonly nonceCoreShift: 24 | 25;
  /** The address of the chip that found it is the 8 bits from here up, where `chipFrom` says so. */
  readonly nonceAddressShift: 14 | 17;
  /**
   * Where a chain's nonce says which chip found it: its address lies in the nonce, or the low 25 bits lie in the range
   * that starts at the chip's CHIP_NONCE_OFFSET << 9. Without a valid offset a chip falls back to its address [?].
   */
  readonly chipFrom: "address-field" | "offset-range";
  /** Commands name the chip by its address shifted right by this; answers by the address itself. */
  readonly commandAddressShift: 0 | 2;
  readonly pll: Bm13xxPll;
  /** Versions that one sweep of the nonce window covers: the chip advances its version counter by this much. */
  readonly versionsPerSweep: 4 | 8 | 16;
  /** Ticks of 25 MHz by which the hash counting number stays below the full window. */
  readonly hashCountingGuardTicks: number;
  /** Its own count of its work: TOTAL_HASH_CNT and one per domain, or a rate in HASH_RATE. */
  readonly hashCounters: "domains" | "rate-register" | null;
  /** A temperature sensor on the chip that is known to work, read through TEMP_CTL and TEMP_RESULT. */
  readonly temperature: "temp-result" | null;
  /** What its usual machine runs it at. */
  readonly nominalFrequencyMHz: number;
  /** Machines and boards that carry it. */
  readonly machines: string;
}

/** The hash clock: MHz = 25 × feedback ÷ (reference × post1 × post2). */
export interface Bm13xxPll {
  /** Feedback divider limits that reproduce the captured words. */
  readonly feedbackMin: number;
  readonly feedbackMax: number;
  readonly vcoMinMHz: number;
  readonly vcoMaxMHz: number;
  /** How the register holds the post dividers. */
  readonly postDividers: "minus-one" | "direct";
  /** Bit 28 marks an oscillator of 2400 MHz or more; older chips leave it 0. */
  readonly hasFastVcoFlag: boolean;
  /** PLL0_DIV (0x70) has to be written before the word, both twice. */
  readonly hasOutputDivider: boolean;
  readonly solver: "min-postdiv" | "first-fit" | "lowest-vco";
}

/** All chips of the generation have one crystal. */
export const CRYSTAL_MHZ = 25;

/** Leading zero bits that a chip demands of every hash, before its ticket mask [C]. */
export const REQUIRED_ZERO_BITS = 32;

/** A full-header job is 88 bytes whatever its LEN byte says [C]. */
export const JOB_LENGTH_BYTES = 88;

/** A midstate job is 24 bytes and 32 for each midstate, preamble and CRC16 included [D]. */
export const MIDSTATE_JOB_OVERHEAD_BYTES = 24;
export const MIDSTATE_BYTES = 32;

/** `+step mod modulus`, as many different ids as there are. */
function idsInSteps(step: number, modulus: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => (i * step) % modulus);
}

/** What all chips that make their midstates themselves have in common [C for BM1362, BM1366, BM1370]. */
const fullHeader = {
  jobFormat: "full",
  midstates: 1,
  answerBytes: 11,
  versionRolling: true,
  hashSwitch: "hash-counting-number",
  baudRegister: 0x28,
  resetBaud: 0x01301a00, // [C]
  answerMidstateMask: 0,
  nonceCoreShift: 25, // [C]
  nonceAddressShift: 17, // [C]
  commandAddressShift: 0,
} as const;

/** The generation before: four midstates of the host's, answers of 9 bytes, the rate in MISC_CONTROL. */
const fourMidstates = {
  jobFormat: "midstate",
  midstates: 4,
  answerBytes: 9, // [C]
  versionRolling: false,
  // No write to HASH_COUNTING_NUMBER is known. Without its ordered clocks a core stands still: bm13xx-rs takes them away
  // and gives them back during its bring-up [?].
  hashSwitch: "ordered-clock",
  baudRegister: 0x18, // [D] ESP-Miner bm1397.c
  jobIdBytes: Array.from({ length: 32 }, (_, i) => (4 * (i + 1)) % 128), // 4, 8, ... 124, 0 [D] ESP-Miner bm1397.c
  answerJobIdMask: 0xfc, // [D] ESP-Miner; a capture has job 96, midstate 3 [C]
  answerJobIdShift: 0,
  answerSmallCoreMask: 0, // bits 23-22 of the nonce instead [D] bm13xx-rs
  answerMidstateMask: 0x03, // [D] ESP-Miner
  nonceCoreShift: 24, // [D] bm13xx-rs: 168 cores need 8 bits; ESP-Miner reports 7 bits [?]
  nonceAddressShift: 14, // [D] bm13xx-rs; ESP-Miner reads bits 24-17, on one chip harmless [?]
  chipFrom: "address-field",
  commandAddressShift: 0,
  versionsPerSweep: 4,
  hashCountingGuardTicks: 0,
} as const;

/** The hash clock of all full-header chips [C]. */
const minusOnePll = {
  postDividers: "minus-one",
  hasFastVcoFlag: true,
  hasOutputDivider: false,
} as const;

/** Ids that come back whole, five bits of them: mujina REFERENCE.md, BM1362 captures [C]. */
const fiveBitIds = {
  jobIdBytes: idsInSteps(8, 256, 32),
  answerJobIdMask: 0xf8,
  answerJobIdShift: 0,
  answerSmallCoreMask: 0x07,
} as const;

/** Only four bits come back, one place higher than sent: ESP-Miner bm1370.c, mujina captures [C]. */
const fourBitIds = {
  jobIdBytes: idsInSteps(24, 128, 16),
  answerJobIdMask: 0xf0,
  answerJobIdShift: 1,
  answerSmallCoreMask: 0x0f,
} as const;

export const bm1362 = {
  name: "BM1362",
  chipId: 0x1362, // [C] S19j Pro answers
  idByte3: 0x03, // [C]
  cores: 65, // [D] stock topol.conf
  smallCores: 514, // [D] stock topol.conf
  smallCoresPerCore: 8, // [D]
  ...fullHeader,
  ...fiveBitIds,
  chipFrom: "address-field", // [C] mujina REFERENCE.md
  // Feedback may be 16..250 [D]; 160..239 is what the captured words stay in [C]. VCO limits: stock firmware [D].
  pll: {
    ...minusOnePll,
    feedbackMin: 160,
    feedbackMax: 239,
    vcoMinMHz: 2000,
    vcoMaxMHz: 3200,
    solver: "min-postdiv",
  },
  versionsPerSweep: 8, // [C] mujina REFERENCE.md, epoch of the S19j Pro
  hashCountingGuardTicks: 200, // [D] mujina REFERENCE.md, overrun measured 109 to 132 ticks
  hashCounters: null,
  temperature: null,
  nominalFrequencyMHz: 525, // [C] S19j Pro
  machines: "Antminer S19j Pro, S19 Pro Hydro; GekkoScience GSA1; emberOne",
} as const satisfies Bm13xxChip;

export const bm1370 = {
  name: "BM1370",
  chipId: 0x1370, // [C] Bitaxe Gamma, S21 Pro answers
  idByte3: 0x00, // [C]
  cores: 128, // [D] stock topol.conf, ESP-Miner device_config.h
  smallCores: 2040, // [D] ESP-Miner device_config.h
  smallCoresPerCore: 16, // [D]
  ...fullHeader,
  ...fourBitIds,
  chipFrom: "offset-range", // [C] S21 Pro; ESP-Miner reads bits 24-17, which on one chip is harmless [?]
  pll: {
    ...minusOnePll,
    feedbackMin: 160, // [D] ESP-Miner bm1370.c
    feedbackMax: 239, // [D]
    vcoMinMHz: 1600, // [D]
    vcoMaxMHz: 3200, // [D]
    solver: "min-postdiv", // [C] S21 Pro; the Bitaxe Gamma capture shows first-fit
  },
  versionsPerSweep: 16, // [C] mujina REFERENCE.md, epoch of the S21 Pro
  hashCountingGuardTicks: 268, // [D] ESP-Miner bm1370.c, "2 x 134 errata"
  hashCounters: "domains", // [D] ESP-Miner
  temperature: null, // the sensor answers 0 [D] mujina REFERENCE.md
  nominalFrequencyMHz: 600, // [C] S21 Pro; Bitaxe Gamma runs 525
  machines: "Antminer S21 Pro, S21 XP; Bitaxe Gamma",
} as const satisfies Bm13xxChip;

export const bm1366 = {
  name: "BM1366",
  chipId: 0x1366, // [C]
  idByte3: 0x00, // [C]
  cores: 112, // [D]
  smallCores: 894, // [D]
  smallCoresPerCore: 8, // [D]
  ...fullHeader,
  ...fiveBitIds,
  chipFrom: "address-field", // [C]
  pll: {
    ...minusOnePll,
    feedbackMin: 144, // [D] ESP-Miner bm1366.c
    feedbackMax: 235, // [D]
    vcoMinMHz: 1600, // [?] as BM1370
    vcoMaxMHz: 3200, // [?]
    solver: "lowest-vco", // [D] ESP-Miner pll.c
  },
  versionsPerSweep: 8, // [D]
  hashCountingGuardTicks: 0, // [D] ESP-Miner bm1366.c
  hashCounters: "domains", // [D] ESP-Miner
  temperature: null,
  nominalFrequencyMHz: 485, // [D] Bitaxe Ultra
  machines: "Antminer S19 XP, S19k Pro; Bitaxe Ultra",
} as const satisfies Bm13xxChip;

/** No nonce of it was ever captured: they are read as ESP-Miner does [D]. */
export const bm1368 = {
  name: "BM1368",
  chipId: 0x1368, // [D]
  idByte3: 0x00, // [D]
  cores: 80, // [D]
  smallCores: 1276, // [D]
  smallCoresPerCore: 16, // [D]
  ...fullHeader,
  ...fourBitIds,
  chipFrom: "address-field", // [D] ESP-Miner bm1368.c
  pll: {
    ...minusOnePll,
    feedbackMin: 144, // [D] ESP-Miner bm1368.c
    feedbackMax: 235, // [D]
    vcoMinMHz: 1600, // [?] as BM1370
    vcoMaxMHz: 3200, // [?]
    solver: "lowest-vco", // [D] ESP-Miner pll.c
  },
  versionsPerSweep: 16, // [D]
  hashCountingGuardTicks: 0, // [D] ESP-Miner bm1368.c
  hashCounters: "domains", // [D] ESP-Miner
  temperature: "temp-result", // [D] NerdQAxe+ bm1368.cpp
  nominalFrequencyMHz: 490, // [D] Bitaxe Supra
  machines: "Antminer S21, T21; Bitaxe Supra",
} as const satisfies Bm13xxChip;

export const bm1397 = {
  name: "BM1397",
  chipId: 0x1397, // [D] ESP-Miner, bm13xx-rs
  idByte3: 0x18, // [D] 0x18 × 28 = 672 small cores
  cores: 168, // [D] bm13xx-rs, skot/BM1397
  smallCores: 672, // [D]
  smallCoresPerCore: 4, // [D]
  ...fourMidstates,
  resetBaud: 0x00007a31, // [D] ESP-Miner; out of reset it is 00003A01 with the same divider [D] skot/BM1397
  pll: {
    feedbackMin: 60, // [D] ESP-Miner bm1397.c
    feedbackMax: 200, // [D]
    vcoMinMHz: 750, // no limit beside those of the feedback divider is known: 25 × 60 ÷ 2
    vcoMaxMHz: 5000, // 25 × 200 ÷ 1
    postDividers: "direct", // [D] ESP-Miner, GekkoScience; a live sniff shows 40A00225 for 200 MHz [C]
    hasFastVcoFlag: false, // [D]
    hasOutputDivider: true, // [D]
    solver: "lowest-vco", // [D] ESP-Miner pll.c
  },
  hashCounters: "rate-register", // [D] ESP-Miner
  temperature: null,
  nominalFrequencyMHz: 425, // [D] Bitaxe Max
  machines: "Antminer S17, T17; Bitaxe Max",
} as const satisfies Bm13xxChip;

/** For the tools: there is no bring-up, because nobody's has found a nonce. */
export const bm1398 = {
  name: "BM1398",
  experimental: "no open driver has ever mined with it, and its nonces are read as those of BM1397",
  chipId: 0x1398, // [C] HashSource S19 Pro log
  idByte3: 0x18, // [C]
  cores: 156, // [?] HashSource Config.ini
  smallCores: 623, // [?]
  smallCoresPerCore: 4, // [?]
  ...fourMidstates,
  resetBaud: 0x0000ba01, // [?] first write of the factory test
  pll: {
    feedbackMin: 60, // [?] as BM1397
    feedbackMax: 200, // [?]
    vcoMinMHz: 750,
    vcoMaxMHz: 5000,
    ...minusOnePll, // [?] 525 MHz needs 40540111
    solver: "lowest-vco", // [?]
  },
  hashCounters: null,
  temperature: null,
  nominalFrequencyMHz: 525, // [C] S19 Pro
  machines: "Antminer S19, S19 Pro",
} as const satisfies Bm13xxChip;

/** ESP-Miner's bm1373.c is all that is known of it. */
export const bm1372 = {
  name: "BM1372",
  experimental: "one driver for prototypes is its only source, and its core count is disputed",
  chipId: 0x1372, // [?]
  idByte3: 0x00, // [?]
  cores: 128, // [?]
  smallCores: 6725, // [?] ESP-Miner; NerdQAxe+ has 2040
  smallCoresPerCore: 16, // [?] as BM1370
  ...fullHeader,
  ...fourBitIds, // [?]
  chipFrom: "address-field", // [?]
  commandAddressShift: 2, // [?] ESP-Miner bm1373.c
  pll: {
    ...minusOnePll,
    feedbackMin: 160, // [?] ESP-Miner bm1373.c
    feedbackMax: 239, // [?]
    vcoMinMHz: 1600, // [?] as BM1370
    vcoMaxMHz: 3200, // [?]
    solver: "lowest-vco",
  },
  versionsPerSweep: 16, // [?] as BM1370
  hashCountingGuardTicks: 0,
  hashCounters: "domains", // [?] ESP-Miner bm1373.c
  temperature: null,
  nominalFrequencyMHz: 327, // [?] ESP-Miner device_config.h
  machines: "Bitaxe prototypes",
} as const satisfies Bm13xxChip;

/** Told from BM1372 by its id only [?, ESP-Miner bm1373.c]. */
export const bm1373 = {
  ...bm1372,
  name: "BM1373",
  chipId: 0x1373, // [?]
} as const satisfies Bm13xxChip;

function byName(...chips: readonly Bm13xxChip[]): ReadonlyMap<string, Bm13xxChip> {
  return new Map(chips.map((chip) => [chip.name, chip]));
}

/** The chips that this driver can bring up, those that are marked experimental among them. */
export const chipsByName = byName(bm1362, bm1366, bm1368, bm1370, bm1372, bm1373, bm1397);

/** Those, and the chips whose frames the tools can explain. */
export const explainedChipsByName = byName(...chipsByName.values(), bm1398);
