/** The chips' end of a UART as far as a stopwatch needs it: answers the bring-up, sees jobs, reports nonces. It does not hash. */
import type { ChainSpec } from "../../boards/chain-spec.ts";
import type { Bm13xxChip } from "../../drivers/bm13xx/chips.ts";
import { encodeNonceAnswer, encodeRegisterAnswer } from "../../simulator/chain/wire.ts";
import type { SerialLine } from "../../simulator/serial-line.ts";

const JOB_BYTES = 88;
const JOB_HEADER = 0x21;
const WRITE_ONE = 0x41;
const WRITE_ALL = 0x51;
const READ_ONE = 0x42;
const READ_ALL = 0x52;
const CHIP_ID = 0x00;
const SHOW_LIFE_EVERY_MS = 2_000;
/** A job's previous hash lies here; benches fill it with one word eight times, so that word order does not matter. */
export const TAG_AT = 50;

export class ChipEnd {
  readonly chip: Bm13xxChip;
  readonly #line: SerialLine;
  readonly #chipCount: number;
  readonly #addressInterval: number;
  /** What was written last, to whichever chips: benches ask for no differences between them. */
  readonly #registers = new Map<number, number>();
  readonly #held = new Uint8Array(1 << 16);
  #heldBytes = 0;
  #shown = 0;
  #shownAtMs = 0;
  /** First word of the previous hash of the job received last. */
  lastTag = 0;
  lastJobId = 0;
  jobs = 0;
  /** Called with the time at which the chunk with the job's last byte was read. */
  onJob: (tag: number, arrivedMs: number) => void = () => {};

  constructor(
    line: SerialLine,
    { chip, chipCount, addressInterval }: Pick<ChainSpec, "chip" | "chipCount" | "addressInterval">,
  ) {
    this.#line = line;
    this.chip = chip;
    this.#chipCount = chipCount;
    this.#addressInterval = addressInterval;
    line.onData((chunk) => this.#receive(chunk));
  }

  /** The bytes of an answer to the job received last; `nonceWire` is the nonce read big-endian. */
  nonceAnswer(nonceWire: number): Uint8Array {
    const idByte = (this.lastJobId << this.chip.answerJobIdShift) & 0xff;
    return encodeNonceAnswer(nonceWire, 0, idByte, 0, "long");
  }

  /** Between two measurements: a chain whose chips find nothing for 10 s counts as silent and is given up. */
  showLife(): void {
    const nowMs = performance.now();
    if (this.jobs === 0 || nowMs - this.#shownAtMs < SHOW_LIFE_EVERY_MS) return;
    this.#shownAtMs = nowMs;
    this.write(this.nonceAnswer(++this.#shown));
  }

  write(bytes: Uint8Array): void {
    this.#line.write(bytes);
  }

  #receive(chunk: Uint8Array): void {
    const nowMs = performance.now();
    this.#held.set(chunk, this.#heldBytes);
    this.#heldBytes += chunk.length;
    let at = 0;
    for (let length = this.#frameBytes(at); length > 0; length = this.#frameBytes(at)) {
      this.#take(at, nowMs);
      at += length;
    }
    this.#held.copyWithin(0, at, this.#heldBytes);
    this.#heldBytes -= at;
  }

  /** Length of the whole frame at `at`; 0 while it is not there yet. The line is perfect, so no byte is ever skipped. */
  #frameBytes(at: number): number {
    const available = this.#heldBytes - at;
    if (available < 4) return 0;
    const length =
      this.#held[at + 2] === JOB_HEADER ? JOB_BYTES : 2 + (this.#held[at + 3] as number);
    return available < length ? 0 : length;
  }

  #take(at: number, nowMs: number): void {
    const header = this.#held[at + 2];
    if (header === JOB_HEADER) {
      if (this.jobs++ === 0) this.#shownAtMs = nowMs;
      this.lastJobId = this.#held[at + 4] as number;
      this.lastTag = new DataView(this.#held.buffer).getUint32(at + TAG_AT);
      this.onJob(this.lastTag, nowMs);
      return;
    }
    const address = this.#held[at + 4] as number;
    const register = this.#held[at + 5] as number;
    if (header === WRITE_ONE || header === WRITE_ALL) {
      this.#registers.set(register, new DataView(this.#held.buffer).getUint32(at + 6));
    } else if (header === READ_ALL) {
      for (let i = 0; i < this.#chipCount; i++)
        // Chips are counted before they have addresses.
        this.#answer(register, register === CHIP_ID ? 0 : i * this.#addressInterval);
    } else if (header === READ_ONE) {
      this.#answer(register, address);
    }
  }

  #answer(register: number, address: number): void {
    const { chipId, idByte3 } = this.chip;
    const value =
      register === CHIP_ID
        ? ((chipId << 16) | (idByte3 << 8)) >>> 0
        : (this.#registers.get(register) ?? 0);
    this.#line.write(encodeRegisterAnswer(value, address, register, "long"));
  }
}
