/** What can be wrong with a chain, as values: seen in the field, and applied to a running chain. */

export type ChainFault =
  | { readonly fault: "missing-chip"; readonly chip: number }
  | { readonly fault: "dead-but-forwarding"; readonly chip: number }
  | { readonly fault: "wrong-chip-id"; readonly chip: number }
  | { readonly fault: "stuck-chip"; readonly chip: number }
  | { readonly fault: "stuck-old-job"; readonly chip: number }
  | { readonly fault: "bit-errors"; readonly probability: number }
  | { readonly fault: "cut-frames"; readonly probability: number }
  | { readonly fault: "noise"; readonly probability: number }
  | { readonly fault: "duplicate-nonces"; readonly probability: number }
  | { readonly fault: "hardware-errors"; readonly probability: number }
  | { readonly fault: "wrong-job"; readonly probability: number }
  | { readonly fault: "wrong-version"; readonly probability: number }
  | Overclocked
  | { readonly fault: "garbage-at-baud-switch" }
  | { readonly fault: "board-reset" }
  | { readonly fault: "silent" };

interface Overclocked {
  readonly fault: "overclocked";
  readonly chip: number | "all";
  readonly limitMHz: number;
  readonly errorsPerMHz: number;
}

/** A fault that comes, and perhaps goes, in milliseconds since it was handed to the chain. */
export interface TimedFault {
  readonly fault: ChainFault;
  readonly fromMs: number;
  readonly untilMs?: number;
}

/** The chain is broken there: neither this chip nor any beyond hears or answers; those beyond go on with what they do. */
export function missingChip(chip: number): ChainFault {
  return { fault: "missing-chip", chip };
}

/** The chip does nothing, those beyond it are fine. */
export function deadButForwarding(chip: number): ChainFault {
  return { fault: "dead-but-forwarding", chip };
}

/** The chip's register 0x00 names another family. */
export function wrongChipId(chip: number): ChainFault {
  return { fault: "wrong-chip-id", chip };
}

/** Instead of new nonces the chip gives its last one again and again; silence if it had none. */
export function stuckChip(chip: number): ChainFault {
  return { fault: "stuck-chip", chip };
}

/** The chip takes no new job: it goes on with the one that it has, and reports what it finds for it. */
export function stuckOldJob(chip: number): ChainFault {
  return { fault: "stuck-old-job", chip };
}

/** Every bit, in both directions, is wrong with this probability. */
export function bitErrorRate(probability: number): ChainFault {
  return { fault: "bit-errors", probability };
}

/** An answer ends early with this probability. */
export function cutFrames(probability: number): ChainFault {
  return { fault: "cut-frames", probability };
}

/** One to eight bytes of noise come before an answer with this probability. */
export function noise(probability: number): ChainFault {
  return { fault: "noise", probability };
}

/** A nonce is reported twice with this probability. */
export function duplicateNonces(probability: number): ChainFault {
  return { fault: "duplicate-nonces", probability };
}

/** A reported nonce is not the one that was found, with this probability. */
export function hardwareErrors(probability: number): ChainFault {
  return { fault: "hardware-errors", probability };
}

/** The same, but rising with the clock: the probability is `errorsPerMHz` times the MHz above `limitMHz`, at most 1. */
export function overclocked(what: {
  readonly chip: number | "all";
  readonly limitMHz: number;
  readonly errorsPerMHz: number;
}): ChainFault {
  return { fault: "overclocked", ...what };
}

/** A nonce is reported with the id of the job before, with this probability. */
export function wrongJob(probability: number): ChainFault {
  return { fault: "wrong-job", probability };
}

/** One bit of a nonce's version is wrong, or another midstate is named, with this probability. */
export function wrongVersion(probability: number): ChainFault {
  return { fault: "wrong-version", probability };
}

/** Whenever the chips change their rate, one to sixteen bytes of garbage arrive within 100 ms. */
export const garbageAtBaudSwitch: ChainFault = { fault: "garbage-at-baud-switch" };

/** The chips fall back to address 0, their first rate and no job the moment this comes; its end changes nothing. */
export function boardReset(): ChainFault {
  return { fault: "board-reset" };
}

/** No answer leaves the chain. */
export const silent: ChainFault = { fault: "silent" };

/** The fault begins at that time and stays. */
export function at(fromMs: number, fault: ChainFault): TimedFault {
  return { fault, fromMs };
}

/** The fault is there from one time to the other. */
export function during(fromMs: number, untilMs: number, fault: ChainFault): TimedFault {
  return { fault, fromMs, untilMs };
}
