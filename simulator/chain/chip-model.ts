/** One simulated chip: its registers, its address, and what they make it do. */
import type { Bm13xxChip } from "../../drivers/bm13xx/chips.ts";
import { registersByNumber, resetValueOf } from "../../drivers/bm13xx/registers.ts";
import type { ChipSweep } from "../hashing/chain-searcher.ts";
import { bitCount } from "../hashing/job-versions.ts";
import { byteSwapped } from "../hashing/nonce-search.ts";
import { hashClockMHz, uartBaudRate } from "./chip-clocks.ts";
import { chipSweep } from "./chip-sweep.ts";
import { OnDieSensor } from "./on-die-sensor.ts";
import type { AnswerForm } from "./wire.ts";

/** What a test, a display or a model of heat may know of a chip. */
export interface ChipView {
  readonly index: number;
  readonly address: number;
  readonly isAddressed: boolean;
  /** The hash clock, whether it hashes or not. */
  readonly frequencyMHz: number;
  /**
   * Share of its logic that switches with the hash clock, 0 to 1: 0 without power or a job since reset, in reset, or with
   * hashing switched off; 1 while it hashes, which without a new job means the last one again and again.
   */
  readonly activity: number;
  /** Bits per second of its UART. */
  readonly baudRate: number;
  readonly answerForm: AnswerForm;
  readonly noncesSent: number;
  /** What the register holds, without side effects. */
  register(number: number): number;
}

const CHIP_ID = 0x00;
const HASH_RATE = 0x04;
const PLL0 = 0x08;
const TICKET_MASK = 0x14;
const NONCE_ERRORS = 0x4c;
const NONCE_OVERFLOWS = 0x50;
const HASH_COUNTERS = [0x88, 0x89, 0x8a, 0x8b] as const;
const HASH_COUNTER_TOTAL = 0x8c;
const TICKET_NONCES = 0x90;
const VERSION_ROLLING = 0xa4;
const TEMPERATURE_CONTROL = 0xb0;
const TEMPERATURE_RESULT = 0xb4;

/** Unit of HASH_RATE on BM1397: 2^20 H/s [D, ESP-Miner]; skot/BM1397 has 2^24 [?]. Its bit 31 is set out of reset [D]. */
const HASH_RATE_UNIT = 2 ** 20;
const HASH_RATE_LONG = 0x80000000;
/** Before anybody says how hot it is. */
const ROOM_TEMPERATURE_C = 25;

export interface ChipModelOptions {
  readonly chip: Bm13xxChip;
  /** Place in the chain, 0 nearest to the host. */
  readonly index: number;
  readonly requiredZeroBits: number;
  /** Real speed ÷ simulated speed. */
  readonly scale: number;
}

/** What follows from the registers, kept until one of them changes: a job asks 126 chips at once. */
interface Derived {
  readonly frequencyMHz: number;
  readonly baudRate: number;
  readonly ticketMask: number;
  readonly sweep: ChipSweep;
  readonly standingStill: ChipSweep;
  /** Of the cores, 0 to 1. */
  readonly workingShare: number;
}

export class ChipModel implements ChipView {
  readonly index: number;
  readonly #chip: Bm13xxChip;
  /** Hashes that count as one unit of the counter registers: difficulty 1, or what stands for it on a scaled chip. */
  readonly #hashesPerCount: number;
  /** Bits of every ticket that the scale has already taken care of: beyond 2^32 there is more than no zero bit to save. */
  readonly #ticketBitsSaved: number;
  readonly #scale: number;
  readonly #registers = new Map<number, number>();
  readonly #sensor = new OnDieSensor();
  #derived: Derived | undefined;
  #address = 0;
  /** After chain-inactive a chip waits for its address and passes none on. */
  isAddressing = false;
  isAddressed = false;
  /** It is not there, or does nothing. */
  isDead = false;
  answerForm: AnswerForm = "short";
  noncesSent = 0;
  nonceOverflows = 0;
  temperatureC = ROOM_TEMPERATURE_C;
  /** The last nonce answer, for a chip that gets stuck on it. */
  lastNonceAnswer: Uint8Array | undefined;
  /** Of the job that it hashes; `undefined`: none since reset. */
  #jobGeneration: number | undefined;
  #jobVersionMask = 0;
  #nonceErrors = 0;
  #hashesAtClear = 0;
  #noncesAtClear = 0;

  constructor({ chip, index, requiredZeroBits, scale }: ChipModelOptions) {
    this.#chip = chip;
    this.index = index;
    this.#scale = scale;
    this.#ticketBitsSaved =
      requiredZeroBits === 0 ? Math.max(0, Math.floor(Math.log2(scale)) - 32) : 0;
    this.#hashesPerCount = 2 ** (requiredZeroBits - this.#ticketBitsSaved);
  }

  /** Back to the state in which the reset line leaves it. `hashesDone` goes on counting and becomes the new zero. */
  reset(hashesDone: number): void {
    this.#registers.clear();
    this.#sensor.reset();
    this.#derived = undefined;
    this.#address = 0;
    this.isAddressing = false;
    this.isAddressed = false;
    this.answerForm = "short";
    this.noncesSent = 0;
    this.nonceOverflows = 0;
    this.lastNonceAnswer = undefined;
    this.#jobGeneration = undefined;
    this.#jobVersionMask = 0;
    this.#nonceErrors = 0;
    this.#hashesAtClear = hashesDone;
    this.#noncesAtClear = 0;
  }

  get address(): number {
    return this.#address;
  }

  takeAddress(address: number): void {
    this.#address = address;
    this.#derived = undefined;
    this.isAddressed = true;
    this.isAddressing = false;
  }

  /** Whether a command to this address is meant for it; BM1372 is called by a quarter of its address [?]. */
  isCalled(address: number): boolean {
    return address === this.#address >>> this.#chip.commandAddressShift;
  }

  register(number: number): number {
    if (number === TEMPERATURE_RESULT) return this.#sensor.result;
    const written = this.#registers.get(number);
    if (written !== undefined) return written;
    const { name, baudRegister, resetBaud } = this.#chip;
    const known = registersByNumber.get(number);
    // Where no reset value is recorded for a chip, it must at least be one that gives the rate after reset.
    if (number === baudRegister && known?.resetOn?.[name] === undefined) return resetBaud;
    return known === undefined ? 0 : resetValueOf(known, name);
  }

  write(number: number, value: number, hashesDone: number): void {
    this.#registers.set(number, value);
    this.#derived = undefined;
    // The longer answers stay until reset, whatever is written later [C].
    if (number === VERSION_ROLLING && value >>> 31 === 1 && this.#chip.versionRolling)
      this.answerForm = "long";
    if (number === HASH_COUNTER_TOTAL) this.#hashesAtClear = hashesDone;
    if (number === TICKET_NONCES) this.#noncesAtClear = this.noncesSent;
    // The others' sensors are inert: B4 stays 0 [D for BM1370].
    if (number === TEMPERATURE_CONTROL && this.#chip.temperature === "temp-result")
      this.#sensor.control(value, this.temperatureC);
  }

  /** What a read over the wire answers. */
  read(number: number, hashesDone: number): number {
    if (number === CHIP_ID)
      return ((this.#chip.chipId << 16) | (this.#chip.idByte3 << 8) | this.address) >>> 0;
    // Bit 31 says "locked" [C].
    if (number === PLL0) return (this.register(PLL0) | 0x80000000) >>> 0;
    if (number === NONCE_ERRORS) return this.#nonceErrors % 2 ** 32;
    if (number === NONCE_OVERFLOWS) return this.nonceOverflows;
    if (number === HASH_RATE && this.#chip.hashCounters === "rate-register")
      return (HASH_RATE_LONG | (this.#realHashesPerSecond / HASH_RATE_UNIT)) >>> 0;
    return this.#chip.jobFormat === "full"
      ? this.#readCounter(number, hashesDone)
      : this.register(number);
  }

  #readCounter(number: number, hashesDone: number): number {
    const counted = Math.floor((hashesDone - this.#hashesAtClear) / this.#hashesPerCount);
    if (number === HASH_COUNTER_TOTAL) return counted % 2 ** 32;
    if (HASH_COUNTERS.some((domain) => domain === number)) return Math.floor(counted / 4) % 2 ** 32;
    if (number === TICKET_NONCES) return this.noncesSent - this.#noncesAtClear;
    return this.register(number);
  }

  /** A reported nonce was wrong. It counts like the hash counters [D], so as much as its ticket stands for [?]. */
  countNonceError(): void {
    this.#nonceErrors += 2 ** bitCount(this.register(TICKET_MASK));
  }

  get frequencyMHz(): number {
    return this.#now.frequencyMHz;
  }

  get baudRate(): number {
    return this.#now.baudRate;
  }

  get activity(): number {
    return this.#isHashing ? this.#now.workingShare : 0;
  }

  /** What hashes are tested with: register 0x14, less what the scale saves. */
  get ticketMask(): number {
    return this.#now.ticketMask;
  }

  get jobGeneration(): number | undefined {
    return this.#jobGeneration;
  }

  /** The version bits that roll are those in force when the job arrives. */
  takeJob(generation: number): void {
    const word = this.register(VERSION_ROLLING);
    const isRolling = this.#chip.versionRolling && word >>> 31 === 1;
    const mask = isRolling ? word & 0xffff : 0;
    if (mask !== this.#jobVersionMask) this.#derived = undefined;
    this.#jobVersionMask = mask;
    this.#jobGeneration = generation;
  }

  /** How it goes through its nonces, at 1/scale of its speed; the same object until something changes it. */
  get sweep(): ChipSweep {
    return this.#now.sweep;
  }

  /** The same at rest, for a chip that has nothing to hash or that nobody would hear. */
  get standingStill(): ChipSweep {
    return this.#now.standingStill;
  }

  get #isHashing(): boolean {
    return this.#jobGeneration !== undefined && !this.isDead && this.sweep.hashesPerSecond > 0;
  }

  get #realHashesPerSecond(): number {
    return this.#isHashing ? this.sweep.hashesPerSecond * this.#scale : 0;
  }

  get #now(): Derived {
    this.#derived ??= this.#derive();
    return this.#derived;
  }

  #derive(): Derived {
    const read = (number: number) => this.register(number);
    const frequencyMHz = hashClockMHz(this.#chip, read);
    const saved = byteSwapped(this.register(TICKET_MASK)) * 2 ** this.#ticketBitsSaved;
    const ticketMask = byteSwapped(saved % 2 ** 32);
    const { sweep, workingShare } = chipSweep(this.#chip, read, {
      address: this.#address,
      frequencyMHz,
      scale: this.#scale,
      versionMask: this.#jobVersionMask,
      ticketMask,
    });
    return {
      frequencyMHz,
      baudRate: uartBaudRate(this.#chip, read),
      ticketMask,
      sweep,
      standingStill: { ...sweep, hashesPerSecond: 0 },
      workingShare,
    };
  }
}
