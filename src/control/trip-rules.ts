/** Every rule by which power goes off, and what follows from it. */

export interface TripRule {
  /** A trip of this rule that returns soon latches: an operator has to look. */
  readonly latches: boolean;
  /** What it means, for the table of a reference page. */
  readonly meaning: string;
}

export const tripRules = {
  "dangerous-temperature": { latches: true, meaning: "a sensor reads its dangerous limit or more" },
  "sensors-lost": { latches: true, meaning: "no sensor of the board answers" },
  "sensor-unknown": { latches: true, meaning: "a sensor with a limit has become unknown" },
  "hot-at-floor": { latches: true, meaning: "still hot at the lowest frequency" },
  "supply-fault": { latches: true, meaning: "the board's own supply fails or complains" },
  "machine-supply-fault": { latches: true, meaning: "the machine's supply fails" },
  "fan-lost": { latches: true, meaning: "too few fans turn" },
  /** Not the board's fault, and the miner's restarts have pauses of their own. */
  "miner-silent": { latches: false, meaning: "the miner gives no sign of life" },
  "board-absent": { latches: false, meaning: "the board was unplugged" },
} as const satisfies Readonly<Record<string, TripRule>>;

export type TripRuleName = keyof typeof tripRules;
