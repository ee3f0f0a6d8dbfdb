/** How long each part took: a run in CI must not grow unnoticed. */

export class Stages {
  readonly #say: (text: string) => void;
  readonly #took: [name: string, seconds: number][] = [];

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  async run<T>(name: string, run: () => Promise<T>): Promise<T> {
    this.#say(`=== ${name}`);
    const fromMs = performance.now();
    try {
      return await run();
    } finally {
      this.#took.push([name, Math.round((performance.now() - fromMs) / 1_000)]);
    }
  }

  text(): string {
    return this.#took.map(([name, seconds]) => `${name} ${seconds} s`).join(", ");
  }
}
