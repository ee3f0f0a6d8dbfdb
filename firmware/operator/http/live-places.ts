/** Who may listen to the live feed: few of one address, and where all places are taken, its oldest goes that has most. */
import { isLoopback, sourceOf } from "../../../src/api/source-address.ts";

export interface LiveBounds {
  readonly ofAll: number;
  readonly ofOne: number;
  /** Of this machine itself, where a proxy may stand for many. */
  readonly ofLoopback: number;
}

export class LivePlaces {
  readonly #bounds: LiveBounds;
  /** Oldest first. */
  readonly #open = new Map<Disposable, string>();

  constructor(bounds: LiveBounds) {
    this.#bounds = bounds;
  }

  /** Why there is none for this address; `undefined`: there is one now. */
  makeRoom(address: string): string | undefined {
    const { ofAll, ofOne, ofLoopback } = this.#bounds;
    const source = sourceOf(address);
    const counts = new Map<string, number>();
    for (const other of this.#open.values()) counts.set(other, (counts.get(other) ?? 0) + 1);
    const own = counts.get(source) ?? 0;
    const most = isLoopback(source) ? ofLoopback : ofOne;
    if (own >= most) return `There are ${most} listeners of this address already`;
    if (this.#open.size < ofAll) return undefined;
    const [greatest] = [...counts].sort(([, a], [, b]) => b - a);
    // Or those who were sent away would send others away in turn.
    if (greatest === undefined || greatest[1] < own + 2)
      return `There are ${ofAll} listeners already`;
    const [oldest] = [...this.#open].find(([, other]) => other === greatest[0]) ?? [];
    if (oldest !== undefined) {
      this.#open.delete(oldest);
      oldest[Symbol.dispose]();
    }
    return undefined;
  }

  add(address: string, stream: Disposable): void {
    this.#open.set(stream, sourceOf(address));
  }

  delete(stream: Disposable): void {
    this.#open.delete(stream);
  }

  /** Ends all of them. */
  [Symbol.dispose](): void {
    for (const stream of [...this.#open.keys()]) stream[Symbol.dispose]();
    this.#open.clear();
  }
}
