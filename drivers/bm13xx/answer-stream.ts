/**
 * From received bytes to answers: `AA 55 | 4 bytes | b4 | b5 | [b6 b7] | type and CRC5`. One pass over a fixed
 * accumulator; after a bad frame exactly one byte is dropped, so that a good frame behind it is found.
 */
import type { WireCounters } from "../../src/hashing/hash-chain.ts";
import { crc5 } from "./crc.ts";

/** 9 bytes until version rolling is switched on, 11 from then on [C]. */
export type AnswerLength = 9 | 11;

/** What an answer is, in the top three bits of its last byte. */
export const answerTypes = { register: 0, nonce: 4 } as const;

/** Called during `push`, with numbers only: the bytes are overwritten by the next answer. */
export interface AnswerListener {
  /**
   * `nonceWire` is the nonce as received, read big-endian; `excess` is b4 (twice the zero bits beyond the required
   * ones, its low bit unreliable), `idByte` is b5, `versionField` is zero in 9-byte answers.
   */
  onNonce(nonceWire: number, excess: number, idByte: number, versionField: number): void;
  onRegister(value: number, address: number, register: number): void;
}

const LONGEST_ANSWER: AnswerLength = 11;

export class AnswerStream {
  /** The stream counts all but `wrongChipIds`, which only its listener can tell. */
  readonly counters: WireCounters = {
    framesReceived: 0,
    bytesDropped: 0,
    crcErrors: 0,
    wrongChipIds: 0,
    unexpectedFrames: 0,
  };
  readonly #listener: AnswerListener;
  readonly #held = new Uint8Array(LONGEST_ANSWER);
  readonly #view = new DataView(this.#held.buffer);
  #heldLength = 0;
  #answerLength: AnswerLength;

  constructor(listener: AnswerListener, answerLength: AnswerLength) {
    this.#listener = listener;
    this.#answerLength = answerLength;
  }

  get answerLength(): AnswerLength {
    return this.#answerLength;
  }

  /** The chips change with register 0xA4; a partial answer of the old length is dropped. */
  set answerLength(length: AnswerLength) {
    if (length === this.#answerLength) return;
    this.flush();
    this.#answerLength = length;
  }

  /** Bytes of an answer that is not complete yet. */
  get heldLength(): number {
    return this.#heldLength;
  }

  /** Takes bytes cut anywhere. Never throws by itself; what a listener throws passes through. */
  push(chunk: Uint8Array): void {
    for (let i = 0; i < chunk.length; i++) {
      this.#held[this.#heldLength++] = chunk[i] as number;
      if (this.#heldLength <= 2) this.#dropToPreamble();
      else if (this.#heldLength === this.#answerLength) this.#takeAnswer();
    }
  }

  /** Forgets a partial answer, as after a change of the baud rate. */
  flush(): void {
    this.counters.bytesDropped += this.#heldLength;
    this.#heldLength = 0;
  }

  #takeAnswer(): void {
    const length = this.#answerLength;
    if (crc5(this.#held, 2, length) !== 0) {
      this.counters.crcErrors++;
      this.#dropOne();
      this.#dropToPreamble();
      return;
    }
    this.#heldLength = 0;
    this.counters.framesReceived++;
    const type = (this.#held[length - 1] as number) >> 5;
    const field = length === 11 ? this.#view.getUint16(8) : 0;
    const word = this.#view.getUint32(2);
    const b4 = this.#held[6] as number;
    const b5 = this.#held[7] as number;
    if (type === answerTypes.nonce) this.#listener.onNonce(word, b4, b5, field);
    else if (type === answerTypes.register && field === 0) this.#listener.onRegister(word, b4, b5);
    // CRC5 lets 1 in 32 pieces of noise pass; these are no answers that a chip gives.
    else this.counters.unexpectedFrames++;
  }

  /** Drops bytes until what is held could be the beginning of an answer. */
  #dropToPreamble(): void {
    while (
      this.#heldLength > 0 &&
      (this.#held[0] !== 0xaa || (this.#heldLength > 1 && this.#held[1] !== 0x55))
    ) {
      this.#dropOne();
    }
  }

  #dropOne(): void {
    this.#held.copyWithin(0, 1, this.#heldLength);
    this.#heldLength--;
    this.counters.bytesDropped++;
  }
}
