/** Frames under encryption: header and payload are sealed separately, long payloads in several blocks (SV2 §4.6). */
import { Assembler } from "../sv2/assembler.ts";
import type { Frame, FrameCodec } from "../sv2/codec.ts";
import {
  DEFAULT_MAX_PAYLOAD_BYTES,
  EMPTY_PAYLOAD,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameOf,
  readFrameHeader,
  writeFrameHeader,
} from "../sv2/frame.ts";
import type { Aead } from "./aead.ts";
import { CipherState } from "./cipher-state.ts";
import type { NoiseKeys } from "./nx-handshake.ts";

const TAG_BYTES = 16;
const SEALED_HEADER_BYTES = FRAME_HEADER_BYTES + TAG_BYTES;
/** Plaintext of one block: with its tag it has 65 535 bytes. */
const BLOCK_BYTES = 65_519;
const NO_ASSOCIATED_DATA = new Uint8Array(0);

export class SecureFrames implements FrameCodec {
  readonly #send: CipherState;
  readonly #receive: CipherState;
  readonly #maxPayloadBytes: number;
  readonly #assembler = new Assembler(SEALED_HEADER_BYTES);
  readonly #headerBytes = new Uint8Array(FRAME_HEADER_BYTES);
  /** Of the payload that is being received. */
  #header: FrameHeader | undefined;
  /** Opened blocks of a payload that has more than one. */
  #payload = EMPTY_PAYLOAD;
  #openedBytes = 0;

  constructor(keys: NoiseKeys, aead: Aead, options: { maxPayloadBytes?: number } = {}) {
    this.#send = new CipherState(keys.send, aead);
    this.#receive = new CipherState(keys.receive, aead);
    this.#maxPayloadBytes = options.maxPayloadBytes ?? DEFAULT_MAX_PAYLOAD_BYTES;
  }

  encode(frame: Frame): Uint8Array {
    const { payload } = frame;
    writeFrameHeader(this.#headerBytes, frame);
    const bytes = new Uint8Array(sealedFrameBytes(payload.length));
    bytes.set(this.#send.seal(NO_ASSOCIATED_DATA, this.#headerBytes));
    let at = SEALED_HEADER_BYTES;
    for (let start = 0; start < payload.length; start += BLOCK_BYTES) {
      const block = payload.subarray(start, start + BLOCK_BYTES);
      bytes.set(this.#send.seal(NO_ASSOCIATED_DATA, block), at);
      at += block.length + TAG_BYTES;
    }
    return bytes;
  }

  receive(chunk: Uint8Array, onFrame: (frame: Frame) => void): void {
    this.#assembler.push(chunk, (piece) => this.#take(piece, onFrame));
  }

  /** Opens a header or one block; answers with the sealed length of what follows. */
  #take(piece: Uint8Array, onFrame: (frame: Frame) => void): number {
    const opened = this.#receive.open(NO_ASSOCIATED_DATA, piece);
    if (this.#header === undefined) {
      const header = readFrameHeader(opened, this.#maxPayloadBytes);
      if (header.payloadBytes === 0) {
        onFrame(frameOf(header, EMPTY_PAYLOAD));
        return SEALED_HEADER_BYTES;
      }
      this.#header = header;
      return nextBlockBytes(header.payloadBytes);
    }
    const payload = this.#collect(opened, this.#header.payloadBytes);
    if (payload === undefined) return nextBlockBytes(this.#header.payloadBytes - this.#openedBytes);
    const frame = frameOf(this.#header, payload);
    this.#header = undefined;
    onFrame(frame);
    return SEALED_HEADER_BYTES;
  }

  /** The whole payload once all of its blocks are there. */
  #collect(block: Uint8Array, payloadBytes: number): Uint8Array | undefined {
    if (block.length === payloadBytes) return block;
    if (this.#openedBytes === 0) this.#payload = new Uint8Array(payloadBytes);
    this.#payload.set(block, this.#openedBytes);
    this.#openedBytes += block.length;
    if (this.#openedBytes < payloadBytes) return undefined;
    const payload = this.#payload;
    this.#payload = EMPTY_PAYLOAD;
    this.#openedBytes = 0;
    return payload;
  }
}

/** Bytes on the socket of a frame with that much payload. A multiple of the block length has no empty block behind it. */
export function sealedFrameBytes(payloadBytes: number): number {
  return SEALED_HEADER_BYTES + payloadBytes + TAG_BYTES * Math.ceil(payloadBytes / BLOCK_BYTES);
}

function nextBlockBytes(remainingBytes: number): number {
  return Math.min(remainingBytes, BLOCK_BYTES) + TAG_BYTES;
}
