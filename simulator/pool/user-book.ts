/** What each user, and each worker of a user, has brought in since the pool started. */
import type { PoolEvent } from "./events.ts";

/** Further names are counted together: a device that invents names must not fill the memory. */
const MAX_USERS = 10_000;
export const OTHERS = "(others)";

export interface UserStatistics {
  readonly user: string;
  readonly accepted: number;
  readonly rejected: number;
  readonly difficultySum: number;
  readonly bestShare: number;
  readonly blocksFound: number;
  /** Unix seconds; 0: none yet. */
  readonly lastShareUnixS: number;
}

type Counts = { -readonly [K in keyof UserStatistics]: UserStatistics[K] };

export class UserBook {
  readonly #users = new Map<string, Counts>();

  note(event: PoolEvent, unixSeconds: number): void {
    switch (event.event) {
      case "share-accepted": {
        const counts = this.#countsOf(event.user);
        counts.accepted++;
        counts.difficultySum += event.difficulty;
        counts.bestShare = Math.max(counts.bestShare, event.hashDifficulty);
        counts.lastShareUnixS = unixSeconds;
        break;
      }
      case "share-rejected":
        this.#countsOf(event.user).rejected++;
        break;
      case "block-found":
        this.#countsOf(event.user).blocksFound++;
        break;
    }
  }

  get size(): number {
    return this.#users.size;
  }

  /** In the order in which they first came. */
  list(): readonly UserStatistics[] {
    return [...this.#users.values()].map((counts) => ({ ...counts }));
  }

  #countsOf(name: string): Counts {
    const known = this.#users.get(name);
    if (known !== undefined) return known;
    const user = this.#users.size < MAX_USERS - 1 ? name : OTHERS;
    const counts = this.#users.get(user) ?? {
      user,
      accepted: 0,
      rejected: 0,
      difficultySum: 0,
      bestShare: 0,
      blocksFound: 0,
      lastShareUnixS: 0,
    };
    this.#users.set(user, counts);
    return counts;
  }
}
