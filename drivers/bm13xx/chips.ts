/**
 * What is known of each chip, as data: the driver, the tools and the simulator all read these rows.
 *
 * Confidence: [C] captured on hardware, [D] in a shipping driver or vendor file, [?] single source or inferred.
 */

export interface Bm13xxChip {
  readonly name: string;
  /** Upper half of register 0x00. */
  readonly chipId: number;
  /** Third byte of register 0x00; not a usable core count. */
  readonly idByte3: number;
  /** Hash cores; the core that found a nonce is in its top 7 bits. */
  readonly cores: number;
  /** Engines that make one hash per clock each: MHz × small cores is the nominal rate in MH/s. */
  readonly smallCores: number;
  readonly smallCoresPerCore: number;
  /** Job id bytes in order of use, as sent at offset 4 of the job frame. */
  readonly jobIdBytes: readonly number[];
  /** The id byte of the job is `(b5 & answerJobIdMask) >> answerJobIdShift`, b5 being the id byte of a nonce answer. */
  readonly answerJobIdMask: number;
  readonly answerJobIdShift: number;
  /** The small core, normally also the low bits of the version field, is `b5 & answerSmallCoreMask`. */
  readonly answerSmallCoreMask: number;
  /**
   * Where a chain's nonce says which chip found it: bits 24-17 are the chip address, or the low 25 bits lie in the range
   * that starts at the chip's CHIP_NONCE_OFFSET << 9. Without a valid offset a chip falls back to its address [?].
   */
  readonly chipFrom: "address-field" | "offset-range";
  readonly pll: Bm13xxPll;
  /** Versions that one sweep of the nonce window covers: the chip advances its version counter by this much. */
  readonly versionsPerSweep: 8 | 16;
  /** Ticks of 25 MHz by which the hash counting number stays below the full window. */
  readonly hashCountingGuardTicks: number;
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
  readonly solver: "min-postdiv" | "first-fit";
}

/** All chips of the generation have one crystal. */
export const CRYSTAL_MHZ = 25;

/** Leading zero bits that a chip demands of every hash, before its ticket mask [C]. */
export const REQUIRED_ZERO_BITS = 32;

/** A job is 88 bytes whatever its LEN byte says [C]. */
export const JOB_LENGTH_BYTES = 88;

/** `+step mod modulus`, as many different ids as there are. */
function idsInSteps(step: number, modulus: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => (i * step) % modulus);
}

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
  ...fiveBitIds,
  chipFrom: "address-field", // [C] mujina REFERENCE.md
  // Feedback may be 16..250 [D]; 160..239 is what the captured words stay in [C]. VCO limits: stock firmware [D].
  pll: {
    feedbackMin: 160,
    feedbackMax: 239,
    vcoMinMHz: 2000,
    vcoMaxMHz: 3200,
    solver: "min-postdiv",
  },
  versionsPerSweep: 8, // [C] mujina REFERENCE.md, epoch of the S19j Pro
  hashCountingGuardTicks: 200, // [D] mujina REFERENCE.md, overrun measured 109 to 132 ticks
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
  ...fourBitIds,
  chipFrom: "offset-range", // [C] S21 Pro; ESP-Miner reads bits 24-17, which on one chip is harmless [?]
  pll: {
    feedbackMin: 160, // [D] ESP-Miner bm1370.c
    feedbackMax: 239, // [D]
    vcoMinMHz: 1600, // [D]
    vcoMaxMHz: 3200, // [D]
    solver: "min-postdiv", // [C] S21 Pro; the Bitaxe Gamma capture shows first-fit
  },
  versionsPerSweep: 16, // [C] mujina REFERENCE.md, epoch of the S21 Pro
  hashCountingGuardTicks: 268, // [D] ESP-Miner bm1370.c, "2 x 134 errata"
  nominalFrequencyMHz: 600, // [C] S21 Pro; Bitaxe Gamma runs 525
  machines: "Antminer S21 Pro, S21 XP; Bitaxe Gamma",
} as const satisfies Bm13xxChip;

/** For the tools only: no bring-up is proven here yet. */
export const bm1366 = {
  name: "BM1366",
  chipId: 0x1366, // [C]
  idByte3: 0x00, // [C]
  cores: 112, // [D]
  smallCores: 894, // [D]
  smallCoresPerCore: 8, // [D]
  ...fiveBitIds,
  chipFrom: "address-field", // [C]
  pll: {
    feedbackMin: 144, // [D] ESP-Miner bm1366.c
    feedbackMax: 235, // [D]
    vcoMinMHz: 1600, // [?] as BM1370
    vcoMaxMHz: 3200, // [?]
    solver: "min-postdiv",
  },
  versionsPerSweep: 8, // [D]
  hashCountingGuardTicks: 0, // [D] ESP-Miner bm1366.c
  nominalFrequencyMHz: 485, // [D] Bitaxe Ultra
  machines: "Antminer S19 XP, S19k Pro; Bitaxe Ultra",
} as const satisfies Bm13xxChip;

/** For the tools only: no bring-up is proven here yet, and no nonce of it was ever captured. */
export const bm1368 = {
  name: "BM1368",
  chipId: 0x1368, // [D]
  idByte3: 0x00, // [D]
  cores: 80, // [D]
  smallCores: 1276, // [D]
  smallCoresPerCore: 16, // [D]
  ...fourBitIds,
  chipFrom: "address-field", // [D] ESP-Miner bm1368.c
  pll: {
    feedbackMin: 144, // [D] ESP-Miner bm1368.c
    feedbackMax: 235, // [D]
    vcoMinMHz: 1600, // [?] as BM1370
    vcoMaxMHz: 3200, // [?]
    solver: "min-postdiv",
  },
  versionsPerSweep: 16, // [D]
  hashCountingGuardTicks: 0, // [D] ESP-Miner bm1368.c
  nominalFrequencyMHz: 490, // [D] Bitaxe Supra
  machines: "Antminer S21, T21; Bitaxe Supra",
} as const satisfies Bm13xxChip;

/** The chips that this driver brings up. */
export const chipsByName: ReadonlyMap<string, Bm13xxChip> = new Map<string, Bm13xxChip>([
  [bm1362.name, bm1362],
  [bm1370.name, bm1370],
]);

/** Those, and the chips whose frames the tools can explain. */
export const explainedChipsByName: ReadonlyMap<string, Bm13xxChip> = new Map<string, Bm13xxChip>([
  [bm1362.name, bm1362],
  [bm1366.name, bm1366],
  [bm1368.name, bm1368],
  [bm1370.name, bm1370],
]);
