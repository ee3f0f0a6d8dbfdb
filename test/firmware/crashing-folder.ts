/**
 * A folder in memory that loses power where it is told to. As POSIX has it, nothing is on the disk for sure before it was
 * synced: neither a file's content, nor a name given or changed.
 */
import type { DurableFolder } from "../../firmware/durable-folder.ts";

class PowerLoss extends Error {}

interface Inode {
  bytes: Uint8Array;
  /** What the last sync brought to the disk: the same array, when nothing changed since; `undefined`: nothing yet. */
  synced: Uint8Array | undefined;
}

const EMPTY = new Uint8Array(0);

type Names = ReadonlyMap<string, Inode>;
export type Disk = ReadonlyMap<string, Uint8Array>;

export class CrashingFolder implements DurableFolder {
  #names: Names;
  #syncedNames: Names;
  /** Each state of the names since the last sync. */
  #pending: Names[] = [];
  #stepsLeft: number;
  steps = 0;
  /** Thrown by the next writes, instead of what they should do. */
  failure: Error | undefined;
  writes = 0;

  /** Power goes away before step number `powerLossAt`: a byte written, a sync, a name changed. */
  constructor(disk: Disk = new Map(), powerLossAt = Number.POSITIVE_INFINITY) {
    const names = [...disk].map(([name, bytes]): [string, Inode] => [
      name,
      { bytes, synced: bytes },
    ]);
    this.#names = new Map(names);
    this.#syncedNames = this.#names;
    this.#stepsLeft = powerLossAt;
  }

  async read(name: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const inode = this.#names.get(name);
    return inode?.bytes.slice(0, maxBytes + 1);
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    this.writes++;
    if (this.failure !== undefined) throw this.failure;
    this.#step();
    const inode = this.#names.get(name) ?? { bytes: EMPTY, synced: undefined };
    this.#changeNames(new Map([...this.#names, [name, inode]]));
    inode.bytes = EMPTY;
    for (let length = 1; length <= bytes.length; length++) {
      this.#step();
      inode.bytes = bytes.subarray(0, length);
    }
    this.#step();
    inode.synced = inode.bytes;
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step();
    const inode = this.#names.get(from);
    if (inode === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    const names = new Map([...this.#names, [to, inode]]);
    names.delete(from);
    this.#changeNames(names);
  }

  async syncNames(): Promise<void> {
    this.#step();
    this.#syncedNames = this.#names;
    this.#pending = [];
  }

  /** What is on it now, if power stays. */
  get disk(): Disk {
    return contentsOf(this.#names);
  }

  /** Everything that may be found after a loss of power in this moment. */
  *disksAfterPowerLoss(): Generator<Disk> {
    for (const names of [this.#syncedNames, ...this.#pending]) {
      const whole = contentsOf(names);
      yield whole;
      for (const [name, { bytes, synced = EMPTY }] of names) {
        if (bytes === synced) continue;
        yield new Map([...whole, [name, synced]]);
        for (let length = 0; length < bytes.length; length++) {
          yield new Map([...whole, [name, bytes.subarray(0, length)]]);
          // The length arrived, and not all of the content.
          const zeroed = new Uint8Array(bytes.length);
          zeroed.set(bytes.subarray(0, length));
          yield new Map([...whole, [name, zeroed]]);
        }
      }
    }
  }

  #changeNames(names: Names): void {
    this.#names = names;
    this.#pending.push(names);
  }

  #step(): void {
    if (this.#stepsLeft <= 0) throw new PowerLoss();
    this.#stepsLeft--;
    this.steps++;
  }
}

function contentsOf(names: Names): Disk {
  return new Map([...names].map(([name, { bytes }]) => [name, bytes]));
}

/** Whether power went away during it. */
export async function untilPowerLoss(act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return false;
  } catch (error) {
    if (error instanceof PowerLoss) return true;
    throw error;
  }
}
