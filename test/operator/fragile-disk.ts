/** Files in memory on a machine that loses power where it is told to, or whose disk fails. */
import type { HistoryDisk } from "../../firmware/operator/history-disk.ts";

export class FragileDisk implements HistoryDisk {
  readonly files: Map<string, Uint8Array>;
  /** Thrown by every use of the disk from now on. */
  failure: Error | undefined;
  writes = 0;
  bytesWritten = 0;
  #bytesLeft: number;

  /** Power goes away after so many bytes. */
  constructor(
    files: ReadonlyMap<string, Uint8Array> = new Map(),
    bytesLeft = Number.POSITIVE_INFINITY,
  ) {
    this.files = new Map([...files].map(([name, bytes]) => [name, bytes.slice()]));
    this.#bytesLeft = bytesLeft;
  }

  async read(name: string, position: number, length: number): Promise<Uint8Array> {
    if (this.failure !== undefined) throw this.failure;
    return (this.files.get(name) ?? new Uint8Array(0)).slice(position, position + length);
  }

  async write(name: string, position: number, bytes: Uint8Array, maxBytes: number): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (this.#bytesLeft <= 0) throw new Error("no power");
    this.writes++;
    const written = bytes.subarray(0, this.#bytesLeft);
    this.#bytesLeft -= written.length;
    this.bytesWritten += written.length;
    const before = this.files.get(name) ?? new Uint8Array(0);
    const end = position + written.length;
    const after = end <= before.length ? before : new Uint8Array(end);
    if (after !== before) after.set(before);
    after.set(written, position);
    if (after.length > maxBytes) throw new Error(`${name} outgrew its ${maxBytes} bytes`);
    this.files.set(name, after);
    if (written.length < bytes.length) throw new Error("no power");
  }
}
