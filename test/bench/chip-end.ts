/** The chips' end of a UART as far as a stopwatch needs it: answers the bring-up, sees jobs, reports nonces. It does not hash. */
import type { Bm13xxChip } from "../../drivers/bm13xx/chips.ts";
import { encodeNonceAnswer, encodeRegisterAnswer } from "../../simulator/chain/wire.ts";
import type { SerialLine } from "../../simulator/serial-line.ts";

const JOB_BYTES = 88;
const JOB_HEADER = 0x21;
const READ_ONE = 0x42;
const READ_ALL = 0x52;
/** A job's previous hash lies here; benches fill it with one word eight times, so that word order does not matter. */
export const TAG_AT = 50;

export class ChipEnd {
  readonly chip: Bm13xxChip;
  readonly #line: SerialLine;
  readonly #chipCount: number;
  readonly #held = new Uint8Array(1 << 16);
  #heldBytes = 0;
  /** First word of the previous hash of the job received last. */
  lastTag = 0;
  lastJobId = 0;
  jobs = 0;
  /** Called with the time at which the chunk with the job's last byte was read. */
  onJob: (tag: number, arrivedMs: number) => void = () => {};

  constructor(line: SerialLine, chip: Bm13xxChip, chipCount: number) {
    this.#line = line;
    this.chip = chip;
    this.#chipCount = chipCount;
    line.onData((chunk) => this.#receive(chunk));
  }

  /** The bytes of an answer to the job received last; `nonceWire` is the nonce read big-endian. */
  nonceAnswer(nonceWire: number): Uint8Array {
    const idByte = (this.lastJobId << this.chip.answerJobIdShift) & 0xff;
    return encodeNonceAnswer(nonceWire, 0, idByte, 0, "long");
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
      this.jobs++;
      this.lastJobId = this.#held[at + 4] as number;
      this.lastTag = new DataView(this.#held.buffer).getUint32(at + TAG_AT);
      this.onJob(this.lastTag, nowMs);
    } else if (header === READ_ALL) {
      for (let i = 0; i < this.#chipCount; i++) this.#answerChipId(0);
    } else if (header === READ_ONE) {
      this.#answerChipId(this.#held[at + 4] as number);
    }
  }

  #answerChipId(address: number): void {
    const value = ((this.chip.chipId << 16) | (this.chip.idByte3 << 8)) >>> 0;
    this.#line.write(encodeRegisterAnswer(value, address, 0, "long"));
  }
}
