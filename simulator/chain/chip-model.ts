/** One simulated chip: its registers, its address, and what they make it do. */
import type { Bm13xxChip } from "../../drivers/bm13xx/chips.ts";
import { registersByNumber, resetValueOf } from "../../drivers/bm13xx/registers.ts";
import type { ChipSweep } from "../hashing/chain-searcher.ts";
import type { AnswerForm } from "./wire.ts";

/** What a test or a display may know of a chip. */
export interface ChipView {
  readonly index: number;
  readonly address: number;
  readonly isAddressed: boolean;
  readonly frequencyMHz: number;
  /** Bits per second of its UART. */
  readonly baudRate: number;
  readonly answerForm: AnswerForm;
  readonly noncesSent: number;
  /** What the register holds, without side effects. */
  register(number: number): number;
}

const CRYSTAL_HZ = 25_000_000;

const CHIP_ID = 0x00;
const PLL0 = 0x08;
const CHIP_NONCE_OFFSET = 0x0c;
const HASH_COUNTING_NUMBER = 0x10;
const TICKET_MASK = 0x14;
const MISC_CONTROL = 0x18;
const UART_BAUD = 0x28;
const NONCE_ERRORS = 0x4c;
const NONCE_OVERFLOWS = 0x50;
const PLL1 = 0x60;
const HASH_COUNTERS = [0x88, 0x89, 0x8a, 0x8b] as const;
const HASH_COUNTER_TOTAL = 0x8c;
const TICKET_NONCES = 0x90;
const VERSION_ROLLING = 0xa4;

export interface ChipModelOptions {
  readonly chip: Bm13xxChip;
  /** Place in the chain, 0 nearest to the host. */
  readonly index: number;
  readonly requiredZeroBits: number;
  /** Real speed ÷ simulated speed. */
  readonly scale: number;
}

export class ChipModel implements ChipView {
  readonly index: number;
  readonly #chip: Bm13xxChip;
  /** Hashes that count as one unit of the counter registers: difficulty 1, or what stands for it on a scaled chip. */
  readonly #hashesPerCount: number;
  readonly #scale: number;
  readonly #registers = new Map<number, number>();
  /** Kept until something changes it: a job asks 126 chips at once. */
  #sweep: ChipSweep | undefined;
  #address = 0;
  /** After chain-inactive a chip waits for its address and passes none on. */
  isAddressing = false;
  isAddressed = false;
  answerForm: AnswerForm = "short";
  noncesSent = 0;
  nonceErrors = 0;
  nonceOverflows = 0;
  /** The last nonce answer, for a chip that gets stuck on it. */
  lastNonceAnswer: Uint8Array | undefined;
  #jobVersionMask = 0;
  #hashesAtClear = 0;
  #noncesAtClear = 0;

  constructor(options: ChipModelOptions) {
    this.#chip = options.chip;
    this.index = options.index;
    this.#hashesPerCount = 2 ** options.requiredZeroBits;
    this.#scale = options.scale;
  }

  /** Back to the state in which the reset line leaves it. `hashesDone` goes on counting and becomes the new zero. */
  reset(hashesDone: number): void {
    this.#registers.clear();
    this.#sweep = undefined;
    this.#address = 0;
    this.isAddressing = false;
    this.isAddressed = false;
    this.answerForm = "short";
    this.noncesSent = 0;
    this.nonceErrors = 0;
    this.nonceOverflows = 0;
    this.lastNonceAnswer = undefined;
    this.#jobVersionMask = 0;
    this.#hashesAtClear = hashesDone;
    this.#noncesAtClear = 0;
  }

  get address(): number {
    return this.#address;
  }

  takeAddress(address: number): void {
    this.#address = address;
    this.#sweep = undefined;
    this.isAddressed = true;
    this.isAddressing = false;
  }

  register(number: number): number {
    const written = this.#registers.get(number);
    if (written !== undefined) return written;
    const known = registersByNumber.get(number);
    return known === undefined ? 0 : resetValueOf(known, this.#chip.name);
  }

  write(number: number, value: number, hashesDone: number): void {
    this.#registers.set(number, value);
    this.#sweep = undefined;
    // The longer answers stay until reset, whatever is written later [C].
    if (number === VERSION_ROLLING && value >>> 31 === 1) this.answerForm = "long";
    if (number === HASH_COUNTER_TOTAL) this.#hashesAtClear = hashesDone;
    if (number === TICKET_NONCES) this.#noncesAtClear = this.noncesSent;
  }

  /** What a read over the wire answers. */
  read(number: number, hashesDone: number): number {
    const counted = Math.floor((hashesDone - this.#hashesAtClear) / this.#hashesPerCount);
    if (number === CHIP_ID)
      return ((this.#chip.chipId << 16) | (this.#chip.idByte3 << 8) | this.address) >>> 0;
    // Bit 31 says "locked" [C].
    if (number === PLL0) return (this.register(PLL0) | 0x80000000) >>> 0;
    if (number === NONCE_ERRORS) return this.nonceErrors;
    if (number === NONCE_OVERFLOWS) return this.nonceOverflows;
    if (number === TICKET_NONCES) return this.noncesSent - this.#noncesAtClear;
    if (number === HASH_COUNTER_TOTAL) return counted % 2 ** 32;
    if (HASH_COUNTERS.some((domain) => domain === number)) return Math.floor(counted / 4) % 2 ** 32;
    return this.register(number);
  }

  /** 25 MHz × feedback ÷ (reference × post1 × post2), both post dividers stored minus one [C]; 0 without clock. */
  get frequencyMHz(): number {
    const word = this.register(PLL0);
    const feedback = (word >>> 16) & 0xfff;
    const reference = (word >>> 8) & 0x3f;
    const post = (((word >>> 4) & 7) + 1) * ((word & 7) + 1);
    const isEnabled = ((word >>> 30) & 1) === 1;
    return isEnabled && reference > 0 ? (25 * feedback) / (reference * post) : 0;
  }

  /** 25 MHz or PLL1, ÷ 8 ÷ (divider + 1) [C for the crystal, D for PLL1]. */
  get baudRate(): number {
    const word = this.register(UART_BAUD);
    const divider = ((word >>> 8) & 0xff) + 1;
    const clockHz = ((word >>> 26) & 3) === 1 ? this.#pll1Hz((word >>> 20) & 0xf) : CRYSTAL_HZ;
    return clockHz / (8 * divider);
  }

  /** C0700111 with a fourth divider of 6 makes 400 MHz: these post dividers are stored as they are [D]. */
  #pll1Hz(fourthDivider: number): number {
    const word = this.register(PLL1);
    const divisor = ((word >>> 8) & 0x3f) * ((word >>> 4) & 7) * (word & 7) * (fourthDivider + 1);
    return divisor > 0 ? (CRYSTAL_HZ * ((word >>> 16) & 0xfff)) / divisor : CRYSTAL_HZ;
  }

  get ticketMask(): number {
    return this.register(TICKET_MASK);
  }

  /** The version bits that roll are those in force when the job arrives. */
  takeJob(): void {
    const word = this.register(VERSION_ROLLING);
    const mask = word >>> 31 === 1 ? word & 0xffff : 0;
    if (mask !== this.#jobVersionMask) this.#sweep = undefined;
    this.#jobVersionMask = mask;
  }

  /** How it goes through its nonces, at 1/scale of its speed. */
  get sweep(): ChipSweep {
    this.#sweep ??= this.#makeSweep();
    return this.#sweep;
  }

  #makeSweep(): ChipSweep {
    const { frequencyMHz } = this;
    const quarters = this.#workingQuarters();
    const share = [0, 1, 2, 3].filter((i) => (quarters >>> i) & 1).length / 4;
    const isCounting = this.register(HASH_COUNTING_NUMBER) > 0;
    return {
      hashesPerSecond: isCounting
        ? (frequencyMHz * 1e6 * this.#chip.smallCores * share) / this.#scale
        : 0,
      ...this.#nonceRange(),
      windowNonces: this.#windowNonces(frequencyMHz),
      versionMask: this.#jobVersionMask,
      ticketMask: this.ticketMask,
      quarters,
    };
  }

  /** HCN counts 25 MHz ticks, in each of which a core passes 2 × MHz/25 nonces [C for stock windows, ? the factor 2]. */
  #windowNonces(frequencyMHz: number): number {
    const nonces = (this.register(HASH_COUNTING_NUMBER) * 2 * frequencyMHz) / 25;
    return Math.min(Math.floor(nonces), 0x7fffffff);
  }

  /**
   * The low 25 bits of the nonce: on BM1362 the address lies in bits 24 to 17 above (and for odd addresses within) an
   * 18-bit counter [C]; a BM1370 starts at CHIP_NONCE_OFFSET << 9 [C], or without one at its address too [?].
   */
  #nonceRange(): { nonceStart: number; counterMask: number } {
    const fromAddress = (this.address << 17) & 0x1ffffff;
    if (this.#chip.chipFrom === "address-field")
      return { nonceStart: fromAddress, counterMask: 0x3ffff };
    const offset = this.register(CHIP_NONCE_OFFSET);
    const hasOffset = offset >>> 31 === 1;
    return {
      nonceStart: hasOffset ? (offset << 9) & 0x1ffffff : fromAddress,
      counterMask: 0x1ffffff,
    };
  }

  /**
   * Bits 31 to 28 of MISC_CONTROL let the quarters of the cores report. Stock writes B to BM1362 and reaches the full
   * rate with it [C], so that there the three bits stand for all cores [?].
   */
  #workingQuarters(): number {
    const bits = this.register(MISC_CONTROL) >>> 28;
    return this.#chip.name === "BM1362" && bits === 0xb ? 0xf : bits;
  }
}
