/** Frames: the 6-byte header, and the plaintext transport (SV2 §3.2). */
import { WireError } from "../lib/errors.ts";
import { Assembler } from "./assembler.ts";
import type { Frame, FrameCodec } from "./codec.ts";

export const FRAME_HEADER_BYTES = 6;
/** The header's U24 can say no more. */
export const MAX_PAYLOAD_BYTES = 0xffffff;
/** No message that a device must act on has more than 262 146 bytes; the specification names no limit of its own. */
export const DEFAULT_MAX_PAYLOAD_BYTES = 512 * 1024;

/** Bit 15 of extension_type is the most significant one, whatever §3.2.1 calls it in passing. */
const CHANNEL_BIT = 0x8000;

export interface FrameHeader extends Omit<Frame, "payload"> {
  /** Length of the plaintext payload, header excluded. */
  readonly payloadBytes: number;
}

/** Writes the 6 bytes of a frame's header. Throws RangeError for values that do not fit. */
export function writeFrameHeader(into: Uint8Array, frame: Frame): void {
  const { extensionType, messageType } = frame;
  const length = frame.payload.length;
  if (!(Number.isInteger(extensionType) && extensionType >= 0 && extensionType < CHANNEL_BIT))
    throw new RangeError(`extension type ${extensionType}; allowed: 0 to 0x7fff`);
  if (!(Number.isInteger(messageType) && messageType >= 0 && messageType <= 0xff))
    throw new RangeError(`message type ${messageType}; allowed: 0 to 0xff`);
  if (length > MAX_PAYLOAD_BYTES)
    throw new RangeError(`payload of ${length} bytes; allowed: at most ${MAX_PAYLOAD_BYTES}`);
  const extension = frame.channelMessage ? extensionType | CHANNEL_BIT : extensionType;
  into[0] = extension & 0xff;
  into[1] = extension >>> 8;
  into[2] = messageType;
  into[3] = length & 0xff;
  into[4] = (length >>> 8) & 0xff;
  into[5] = length >>> 16;
}

/** Throws WireError "oversize" when the payload would be longer than we are ready to hold. */
export function readFrameHeader(bytes: Uint8Array, maxPayloadBytes: number): FrameHeader {
  const [low = 0, high = 0, messageType = 0, length0 = 0, length1 = 0, length2 = 0] = bytes;
  const extension = low | (high << 8);
  const payloadBytes = length0 | (length1 << 8) | (length2 << 16);
  const extensionType = extension & ~CHANNEL_BIT;
  if (payloadBytes > maxPayloadBytes)
    throw new WireError(
      "oversize",
      `message type ${messageType} of extension ${extensionType} announces ${payloadBytes} bytes, at most ${maxPayloadBytes} are taken`,
      { section: "SV2 §3.2" },
    );
  return {
    extensionType,
    channelMessage: (extension & CHANNEL_BIT) !== 0,
    messageType,
    payloadBytes,
  };
}

export function frameOf(header: FrameHeader, payload: Uint8Array): Frame {
  const { extensionType, channelMessage, messageType } = header;
  return { extensionType, channelMessage, messageType, payload };
}

export const EMPTY_PAYLOAD = new Uint8Array(0);

/** Frames without encryption: on a trusted local network, and only when the operator says so (SV2 §4). */
export class PlainFrames implements FrameCodec {
  readonly #maxPayloadBytes: number;
  readonly #assembler = new Assembler(FRAME_HEADER_BYTES);
  /** Of the payload that is being received. */
  #header: FrameHeader | undefined;

  constructor(options: { maxPayloadBytes?: number } = {}) {
    this.#maxPayloadBytes = options.maxPayloadBytes ?? DEFAULT_MAX_PAYLOAD_BYTES;
  }

  encode(frame: Frame): Uint8Array {
    const bytes = new Uint8Array(FRAME_HEADER_BYTES + frame.payload.length);
    writeFrameHeader(bytes, frame);
    bytes.set(frame.payload, FRAME_HEADER_BYTES);
    return bytes;
  }

  receive(chunk: Uint8Array, onFrame: (frame: Frame) => void): void {
    this.#assembler.push(chunk, (piece) => this.#take(piece, onFrame));
  }

  #take(piece: Uint8Array, onFrame: (frame: Frame) => void): number {
    const header = this.#header ?? readFrameHeader(piece, this.#maxPayloadBytes);
    if (this.#header === undefined && header.payloadBytes > 0) {
      this.#header = header;
      return header.payloadBytes;
    }
    onFrame(frameOf(header, this.#header === undefined ? EMPTY_PAYLOAD : piece));
    this.#header = undefined;
    return FRAME_HEADER_BYTES;
  }
}
