/** What can be wrong with a chain, as values: seen in the field, and applied to a running chain. */

export type ChainFault =
  | { readonly fault: "missing-chip"; readonly chip: number }
  | { readonly fault: "dead-but-forwarding"; readonly chip: number }
  | { readonly fault: "wrong-chip-id"; readonly chip: number }
  | { readonly fault: "stuck-chip"; readonly chip: number }
  | { readonly fault: "bit-errors"; readonly probability: number }
  | { readonly fault: "cut-frames"; readonly probability: number }
  | { readonly fault: "noise"; readonly probability: number }
  | { readonly fault: "duplicate-nonces"; readonly probability: number }
  | { readonly fault: "hardware-errors"; readonly probability: number }
  | { readonly fault: "silent" };

/** A fault that comes, and perhaps goes, in milliseconds since it was handed to the chain. */
export interface TimedFault {
  readonly fault: ChainFault;
  readonly fromMs: number;
  readonly untilMs?: number;
}

/** The chain is broken there: neither this chip nor any beyond hears or answers. */
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

/** What all present faults come to; of several of a kind the worst counts. */
export interface FaultState {
  /** Chips from here on are cut off. */
  readonly brokenFrom: number;
  readonly dead: ReadonlySet<number>;
  readonly wrongId: ReadonlySet<number>;
  readonly stuck: ReadonlySet<number>;
  readonly bitErrors: number;
  readonly cutFrames: number;
  readonly noise: number;
  readonly duplicateNonces: number;
  readonly hardwareErrors: number;
  readonly isSilent: boolean;
}

export function combineFaults(faults: Iterable<ChainFault>): FaultState {
  const all = [...faults];
  const chips = (kind: ChainFault["fault"]) =>
    all.flatMap((fault) => (fault.fault === kind && "chip" in fault ? [fault.chip] : []));
  const worst = (kind: ChainFault["fault"]) =>
    Math.max(
      0,
      ...all.flatMap((fault) =>
        fault.fault === kind && "probability" in fault ? [fault.probability] : [],
      ),
    );
  return {
    brokenFrom: Math.min(Number.POSITIVE_INFINITY, ...chips("missing-chip")),
    dead: new Set(chips("dead-but-forwarding")),
    wrongId: new Set(chips("wrong-chip-id")),
    stuck: new Set(chips("stuck-chip")),
    bitErrors: worst("bit-errors"),
    cutFrames: worst("cut-frames"),
    noise: worst("noise"),
    duplicateNonces: worst("duplicate-nonces"),
    hardwareErrors: worst("hardware-errors"),
    isSilent: all.some(({ fault }) => fault === "silent"),
  };
}
