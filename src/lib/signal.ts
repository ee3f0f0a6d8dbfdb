/** A typed list of observers for things that changed. For per-frame traffic use a plain callback instead. */
export class Signal<T> {
  readonly #listeners = new Set<(value: T) => void>();
  readonly #onListenerError: (error: unknown) => void;

  /** One failing listener does not stop the others; its error goes to `onListenerError`. */
  constructor(onListenerError: (error: unknown) => void = rethrowLater) {
    this.#onListenerError = onListenerError;
  }

  on(listener: (value: T) => void): Disposable {
    const own = (value: T) => listener(value);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  emit(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}

/** Our own bug must not vanish: it surfaces as an unhandled rejection, where the process reports it and ends. */
function rethrowLater(error: unknown): void {
  void Promise.reject(error);
}
