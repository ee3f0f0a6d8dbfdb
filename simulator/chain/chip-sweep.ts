/** How a chip with these registers goes through its nonces, and how fast. */
import type { Bm13xxChip } from "../../drivers/bm13xx/chips.ts";
import type { ChipSweep } from "../hashing/chain-searcher.ts";

const CHIP_NONCE_OFFSET = 0x0c;
const HASH_COUNTING_NUMBER = 0x10;
const MISC_CONTROL = 0x18;
const ORDERED_CLOCK_ENABLE = 0x20;

/** BM1397: what lies below the address is the counter [D]; what comes after it is not known, so it repeats itself [?]. */
const MIDSTATE_WINDOW_NONCES = 2 ** 14;
const LOW_22_BITS = 0x3fffff;
const LOW_25_BITS = 0x1ffffff;

interface SweepBasis {
  readonly address: number;
  readonly frequencyMHz: number;
  /** Real speed ÷ simulated speed. */
  readonly scale: number;
  readonly versionMask: number;
  readonly ticketMask: number;
}

export function chipSweep(
  chip: Bm13xxChip,
  read: (register: number) => number,
  { address, frequencyMHz, scale, versionMask, ticketMask }: SweepBasis,
): { readonly sweep: ChipSweep; readonly workingShare: number } {
  const quarters = workingQuarters(chip, read(MISC_CONTROL));
  const workingShare = [0, 1, 2, 3].filter((i) => (quarters >>> i) & 1).length / 4;
  const switchRegister =
    chip.hashSwitch === "ordered-clock" ? ORDERED_CLOCK_ENABLE : HASH_COUNTING_NUMBER;
  const isOn = read(switchRegister) > 0;
  const hashesPerSecond = isOn ? (frequencyMHz * 1e6 * chip.smallCores * workingShare) / scale : 0;
  const window =
    chip.jobFormat === "midstate"
      ? MIDSTATE_WINDOW_NONCES
      : windowNonces(read(HASH_COUNTING_NUMBER), frequencyMHz);
  return {
    sweep: {
      hashesPerSecond,
      ...nonceRange(chip, address, read(CHIP_NONCE_OFFSET)),
      windowNonces: window,
      versionMask,
      ticketMask,
      quarters,
    },
    workingShare,
  };
}

/** HCN counts 25 MHz ticks, in each of which a core passes 2 × MHz/25 nonces [C for stock windows, ? the factor 2]. */
function windowNonces(hashCountingNumber: number, frequencyMHz: number): number {
  return Math.min(Math.floor((hashCountingNumber * 2 * frequencyMHz) / 25), 0x7fffffff);
}

/**
 * The bits below the core: on BM1362 the address lies in bits 24 to 17 above (and for odd addresses within) an 18-bit
 * counter [C], on BM1397 in bits 21 to 14 [D]; a BM1370 starts at CHIP_NONCE_OFFSET << 9 [C], or without one at its
 * address too [?].
 */
function nonceRange(
  chip: Bm13xxChip,
  address: number,
  offset: number,
): { readonly nonceStart: number; readonly counterMask: number } {
  if (chip.jobFormat === "midstate")
    return {
      nonceStart: (address << chip.nonceAddressShift) & LOW_22_BITS,
      counterMask: LOW_22_BITS,
    };
  const fromAddress = (address << chip.nonceAddressShift) & LOW_25_BITS;
  if (chip.chipFrom === "address-field") return { nonceStart: fromAddress, counterMask: 0x3ffff };
  const hasOffset = offset >>> 31 === 1;
  return {
    nonceStart: hasOffset ? (offset << 9) & LOW_25_BITS : fromAddress,
    counterMask: LOW_25_BITS,
  };
}

/**
 * Bits 31 to 28 of MISC_CONTROL let the quarters of the cores report. Stock writes B to BM1362 and reaches the full
 * rate with it [C], so that there the three bits stand for all cores [?]. BM1397 has other things there [D].
 */
function workingQuarters(chip: Bm13xxChip, miscControl: number): number {
  const bits = miscControl >>> 28;
  if (chip.jobFormat === "midstate") return 0xf;
  return chip.name === "BM1362" && bits === 0xb ? 0xf : bits;
}
