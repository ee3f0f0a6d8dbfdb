/** What all faults that a chain has at a moment come to. */
import type { ChainFault } from "./faults.ts";

/** Of several faults of a kind the worst counts. */
export interface FaultState {
  /** Chips from here on are cut off. */
  readonly brokenFrom: number;
  readonly missing: ReadonlySet<number>;
  readonly dead: ReadonlySet<number>;
  readonly wrongId: ReadonlySet<number>;
  readonly stuck: ReadonlySet<number>;
  readonly stuckOnJob: ReadonlySet<number>;
  readonly bitErrors: number;
  readonly cutFrames: number;
  readonly noise: number;
  readonly duplicateNonces: number;
  readonly wrongJobs: number;
  readonly wrongVersions: number;
  readonly hasGarbageAtBaudSwitch: boolean;
  readonly isSilent: boolean;
  /** Probability that a nonce of that chip is wrong at that clock. */
  hardwareErrors(chip: number, frequencyMHz: number): number;
}

export function combineFaults(faults: Iterable<ChainFault>): FaultState {
  const all = [...faults];
  const chips = (kind: ChainFault["fault"]) =>
    new Set(
      all.flatMap((fault) =>
        fault.fault === kind && "chip" in fault && fault.chip !== "all" ? [fault.chip] : [],
      ),
    );
  const worst = (kind: ChainFault["fault"]) =>
    Math.max(
      0,
      ...all.flatMap((fault) =>
        fault.fault === kind && "probability" in fault ? [fault.probability] : [],
      ),
    );
  const missing = chips("missing-chip");
  const flatErrors = worst("hardware-errors");
  const overclocked = all.filter((fault) => fault.fault === "overclocked");
  return {
    brokenFrom: Math.min(Number.POSITIVE_INFINITY, ...missing),
    missing,
    dead: chips("dead-but-forwarding"),
    wrongId: chips("wrong-chip-id"),
    stuck: chips("stuck-chip"),
    stuckOnJob: chips("stuck-old-job"),
    bitErrors: worst("bit-errors"),
    cutFrames: worst("cut-frames"),
    noise: worst("noise"),
    duplicateNonces: worst("duplicate-nonces"),
    wrongJobs: worst("wrong-job"),
    wrongVersions: worst("wrong-version"),
    hasGarbageAtBaudSwitch: all.some(({ fault }) => fault === "garbage-at-baud-switch"),
    isSilent: all.some(({ fault }) => fault === "silent"),
    hardwareErrors(chip, frequencyMHz) {
      let probability = flatErrors;
      for (const { chip: which, limitMHz, errorsPerMHz } of overclocked)
        if (which === "all" || which === chip)
          probability = Math.max(probability, errorsPerMHz * (frequencyMHz - limitMHz));
      return Math.min(1, probability);
    },
  };
}
