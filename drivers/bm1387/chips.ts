/**
 * What is known of the BM1387, as data. Its hashboards (Antminer S9) hang on an FPGA, so that nothing here brings them up.
 *
 * Confidence: [D] braiins bosminer-am1-s9, [T] its HDL test bench, [?] inferred.
 */

export const bm1387 = {
  name: "BM1387",
  /** Upper half of register 0x00 [T]. */
  chipId: 0x1387,
  /** Third byte of register 0x00 [T]. */
  idByte3: 0x90,
  cores: 114, // [D]
  /** Between the addresses of two neighbours [D]. */
  addressInterval: 4,
  /** Of the hash clock: MHz = 25 × feedback ÷ (reference × post1 × post2) [D]. */
  pll: { feedbackMin: 32, feedbackMax: 128 },
  nominalFrequencyMHz: 650, // [D]
} as const;

/** Midstates that a job may carry. */
export type MidstateCount = 1 | 2 | 4;

export const ANSWER_LENGTH_BYTES = 7;

/** Registers that bosminer writes or reads [D]. */
export const bm1387Registers = {
  chipId: 0x00,
  pll: 0x0c,
  ticketMask: 0x14,
  /** Divider of the serial rate in bits 12-8, as on BM1397. */
  miscControl: 0x1c,
} as const;
