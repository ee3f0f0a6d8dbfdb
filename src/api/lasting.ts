/** For how long things have been so, on a clock that nobody sets. */
export class Lasting<Key> {
  readonly #sinceMs = new Map<Key, number>();

  /** Keys that are not among these are so no longer. */
  note(keys: Iterable<Key>, nowMs: number): void {
    const now = new Set(keys);
    for (const key of this.#sinceMs.keys()) if (!now.has(key)) this.#sinceMs.delete(key);
    for (const key of now) if (!this.#sinceMs.has(key)) this.#sinceMs.set(key, nowMs);
  }

  /** In seconds. */
  at(nowMs: number): ReadonlyMap<Key, number> {
    return new Map([...this.#sinceMs].map(([key, sinceMs]) => [key, (nowMs - sinceMs) / 1_000]));
  }
}
