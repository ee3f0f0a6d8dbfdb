import type { DeviceError } from "../lib/errors.ts";

export interface Uart extends AsyncDisposable {
  readonly path: string;
  readonly baudRate: number;
  /** Waits until everything sent has left at the old rate, then changes. */
  setBaudRate(baudRate: number): Promise<void>;
  /**
   * Hands bytes to the kernel before it returns (or queues the rest in order when the kernel's buffer is full).
   * The bytes are borrowed until they have left: do not change them for at least one frame time.
   */
  send(bytes: Uint8Array): void;
  /** Resolves when everything sent has left the transmitter. */
  drain(): Promise<void>;
  /** Delivers received bytes in chunks of any size. The chunk is borrowed: copy what must outlive the call. */
  onReceive(listener: (chunk: Uint8Array) => void): Disposable;
  /** Called once when the device disappears without being asked to (unplugged, far end of a PTY closed). */
  onGone(listener: (reason: DeviceError) => void): Disposable;
}
