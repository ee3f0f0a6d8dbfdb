/** Lets what has a `close` be held by `await using`, so that a scenario that fails leaves nothing to the next one. */
export function closing<T extends { close(): Promise<void> }>(thing: T): T & AsyncDisposable {
  return Object.assign(thing, { [Symbol.asyncDispose]: () => thing.close() });
}
