/**
 * Whose password is looked at next. A derivation takes a good part of a second and memory that a control board has once, so
 * there is one at a time, and few wait: who is known goes first, who has failed last, and no address waits twice.
 */

/** known: logged in, or was in before. new: nothing is known. failed: guessed wrong. */
export type Standing = "known" | "new" | "failed";

/** So many may be open of the known; of the others, so many before one more of this standing. */
const ROOM: Readonly<Record<Standing, number>> = { known: 8, new: 4, failed: 2 };
const ORDER: readonly Standing[] = ["known", "new", "failed"];

interface Waiting {
  readonly standing: Standing;
  readonly source: string | undefined;
  readonly run: () => Promise<void>;
}

export class DerivationTurns {
  /** With the one that is under way. */
  readonly #open = new Set<Waiting>();
  readonly #waiting: Waiting[] = [];
  #isRunning = false;

  /** Whether one more may wait now. */
  hasRoom(standing: Standing, source: string): boolean {
    const open = [...this.#open];
    if (open.some((other) => other.source === source)) return false;
    // Those below do not fill the room of those above.
    const strangers = open.filter((other) => other.standing !== "known").length;
    return (standing === "known" ? open.length - strangers : strangers) < ROOM[standing];
  }

  /** `source`: who waits; absent: nobody that is counted. */
  take<T>(standing: Standing, source: string | undefined, run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        standing,
        source,
        run: async () => {
          await run().then(resolve, reject);
          this.#open.delete(waiting);
        },
      };
      this.#open.add(waiting);
      this.#waiting.push(waiting);
      void this.#next();
    });
  }

  async #next(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let next = this.#pick(); next !== undefined; next = this.#pick()) await next.run();
    this.#isRunning = false;
  }

  #pick(): Waiting | undefined {
    for (const standing of ORDER) {
      const at = this.#waiting.findIndex((one) => one.standing === standing);
      if (at >= 0) return this.#waiting.splice(at, 1)[0];
    }
    return undefined;
  }
}
