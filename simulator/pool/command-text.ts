/** What the command `asicd simulate-pool` tells people: events, progress, and the sum of it all. */
import type { PoolEvent, PoolTotals } from "./events.ts";
import type { UserStatistics } from "./user-book.ts";

/** Users in the final figures; the endpoint has all of them. */
const USERS_SHOWN = 20;

/** Lines a second; of a thousand devices that all do the same, the first ones tell it. */
const LINES_PER_SECOND = 50;

/**
 * Events as lines for people. Accepted shares and templates are left out: their count comes at the end. What is too much
 * for a terminal is counted instead, for a slow reader must not hold up the pool.
 */
export class EventLines {
  readonly #write: (text: string) => void;
  readonly #untold = new Map<string, number>();
  #second = 0;
  #lines = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  tell(event: PoolEvent, unixSeconds: number): void {
    if (event.event === "share-accepted" || event.event === "template") return;
    if (unixSeconds !== this.#second) {
      this.#second = unixSeconds;
      this.#lines = 0;
      this.flush();
    }
    if (++this.#lines <= LINES_PER_SECOND) this.#write(`${describeEvent(event)}\n`);
    else this.#untold.set(event.event, (this.#untold.get(event.event) ?? 0) + 1);
  }

  /** Says what was not told. */
  flush(): void {
    for (const [event, count] of this.#untold) this.#write(`${event}: ${count} more\n`);
    this.#untold.clear();
  }
}

function describeEvent({ event, ...fields }: PoolEvent): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${event} ${parts.join(" ")}`;
}

export function progressLine(before: PoolTotals, now: PoolTotals, elapsedMs: number): string {
  const perMinute = ((now.accepted - before.accepted) * 60_000) / elapsedMs;
  return `${now.openConnections} devices, ${perMinute.toFixed(0)} shares a minute, ${shares(now)}, height ${now.height}`;
}

export function summary(totals: PoolTotals, users: readonly UserStatistics[]): string {
  const byWork = [...users].sort((a, b) => b.difficultySum - a.difficultySum);
  const lines = byWork
    .slice(0, USERS_SHOWN)
    .map(
      ({ user, accepted, rejected, difficultySum }) =>
        `  ${user === "" ? "(no name)" : user}: accepted ${accepted}, rejected ${rejected}, difficulty ${difficultySum.toPrecision(4)}`,
    );
  const others = users.length - lines.length;
  if (others > 0) lines.push(`  and ${others} more`);
  return `${[`${shares(totals)}, devices ${totals.connections}`, ...lines].join("\n")}\n`;
}

function shares({ accepted, rejected, rejectedByReason, blocksFound }: PoolTotals): string {
  const reasons = Object.entries(rejectedByReason).map(([reason, count]) => `${reason} ${count}`);
  const why = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
  return `shares accepted ${accepted}, rejected ${rejected}${why}, blocks found ${blocksFound}`;
}
