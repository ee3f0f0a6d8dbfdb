/** One frame after framing and decryption, before the message is read. */
export interface Frame {
  /** Extension id without the channel bit; 0 for the core protocols. */
  readonly extensionType: number;
  /** Bit 15 of the wire's extension_type: the payload begins with a channel id (SV2 §3.2). */
  readonly channelMessage: boolean;
  readonly messageType: number;
  /** Borrowed from the receive buffer: message decoding copies what must live on. */
  readonly payload: Uint8Array;
}

/** Turns frames into bytes for one socket write and back: encrypted (`SecureFrames`) or plain (`PlainFrames`). */
export interface FrameCodec {
  /** The bytes of one frame, ready for a single write. */
  encode(frame: Frame): Uint8Array;
  /**
   * Takes bytes cut anywhere and calls `onFrame` for each complete frame, in order, before it returns.
   * Throws WireError; the connection is then beyond use. An error thrown by `onFrame` passes through.
   */
  receive(chunk: Uint8Array, onFrame: (frame: Frame) => void): void;
}
