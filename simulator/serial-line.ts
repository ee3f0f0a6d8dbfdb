/** The chips' end of a serial line, whatever the line is made of: a PTY, or memory. */
export interface SerialLine {
  /** Sends towards the host; what does not fit now follows in order. Bytes may be reused after the call. */
  write(bytes: Uint8Array): void;
  /** What the host sent, in chunks of any size; the chunk is borrowed. Kept until the first listener comes. */
  onData(listener: (chunk: Uint8Array) => void): Disposable;
  /** The rate at which the host believes to talk: chips at another rate see garbage. */
  hostBaudRate(): number;
}
