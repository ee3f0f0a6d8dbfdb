/** Puts pieces of known length together from chunks that are cut anywhere. */

const START_BYTES = 256;
/** A buffer that once grew beyond this is not kept for the next, usually small, piece. */
const KEEP_BYTES = 64 * 1024;

export class Assembler {
  #neededBytes: number;
  /** The beginning of a piece whose end has not arrived. Grows with what arrived, not with what was announced. */
  #held = new Uint8Array(START_BYTES);
  #heldBytes = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(firstPieceBytes: number) {
    this.#neededBytes = firstPieceBytes;
  }

  /**
   * Calls `onPiece` for each piece that is complete, in order; its answer is the length of the next piece, 1 or more.
   * Pieces are borrowed; one that lies whole in the chunk is not copied. An error of `onPiece` passes through, and
   * every later call throws it again: after it nobody knows where the next piece begins.
   */
  push(chunk: Uint8Array, onPiece: (piece: Uint8Array) => number): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    // A plain window even when the chunk is a Node Buffer, whose `slice` would not copy.
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let at = 0;
    try {
      while (at < bytes.length) {
        const missing = this.#neededBytes - this.#heldBytes;
        const end = at + missing;
        if (end > bytes.length) break;
        if (this.#heldBytes === 0) {
          this.#neededBytes = onPiece(bytes.subarray(at, end));
        } else {
          this.#hold(bytes.subarray(at, end));
          const piece = this.#held.subarray(0, this.#heldBytes);
          this.#heldBytes = 0;
          if (this.#held.length > KEEP_BYTES) this.#held = new Uint8Array(START_BYTES);
          this.#neededBytes = onPiece(piece);
        }
        at = end;
      }
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
    if (at < bytes.length) this.#hold(bytes.subarray(at));
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#heldBytes + bytes.length;
    if (length > this.#held.length) {
      const grown = new Uint8Array(Math.min(2 * length, this.#neededBytes));
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = length;
  }
}
