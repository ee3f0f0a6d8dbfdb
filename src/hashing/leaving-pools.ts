/**
 * Pools that the operator has removed: one that has the hash power goes on with it until another one of its group gives
 * work, for a bounded time; then its last shares get their answers, and its connection is closed in order.
 */
import type { Pool } from "./pool.ts";

/** A removed pool has the hash power for no longer, whatever becomes of the others. */
const SERVES_FOR_MS = 30_000;
/** Nonces of its last jobs come for so long; their answers are waited for a little longer. */
const LATE_SHARES_MS = 3_000;
const ANSWERS_WITHIN_MS = 10_000;

interface Leaving {
  readonly pool: Pool;
  /** Whose hash power it may still have. */
  readonly group: number;
  readonly serveUntilMs: number;
  /** Since when it has none. */
  quietSinceMs: number | undefined;
}

export class LeavingPools {
  #leaving: Leaving[] = [];
  readonly #closing = new Set<Promise<void>>();

  get pools(): readonly Pool[] {
    return this.#leaving.map(({ pool }) => pool);
  }

  /** The one that has the group's hash power, if any has. */
  servingIn(group: number): Pool | undefined {
    return this.#leaving.find((one) => one.group === group && one.pool.weight > 0)?.pool;
  }

  add(pool: Pool, group: number, nowMs: number): void {
    const serveUntilMs = nowMs + SERVES_FOR_MS;
    const quietSinceMs = pool.weight > 0 ? undefined : nowMs;
    this.#leaving.push({ pool, group, serveUntilMs, quietSinceMs });
  }

  /** The operator wants it back. */
  takeBack(pool: Pool): void {
    this.#leaving = this.#leaving.filter((one) => one.pool !== pool);
  }

  /** Groups whose own pools give no work leave it to those that go. Returns whether a weight changed. */
  decide(hasNobody: (group: number) => boolean, nowMs: number): boolean {
    let isChanged = false;
    for (const one of this.#leaving) {
      const serves =
        one.quietSinceMs === undefined &&
        one.pool.isWell &&
        nowMs < one.serveUntilMs &&
        hasNobody(one.group);
      if (!serves) one.quietSinceMs ??= nowMs;
      if (one.pool.weigh(serves ? one.pool.part : 0)) isChanged = true;
    }
    return isChanged;
  }

  /** Closes those that nothing is waited for any more. */
  tick(nowMs: number): void {
    const done = this.#leaving.filter((one) => isDone(one, nowMs));
    if (done.length === 0) return;
    this.#leaving = this.#leaving.filter((one) => !done.includes(one));
    for (const { pool } of done) this.#close(pool);
  }

  async close(): Promise<void> {
    for (const { pool } of this.#leaving.splice(0)) this.#close(pool);
    await Promise.all(this.#closing);
  }

  #close(pool: Pool): void {
    const closing = pool.close("removed").finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

function isDone({ pool, quietSinceMs }: Leaving, nowMs: number): boolean {
  if (quietSinceMs === undefined) return false;
  if (!pool.isWell) return true;
  const quietMs = nowMs - quietSinceMs;
  const isAnswered = pool.link.channels.every(({ shares }) => shares.unacknowledged === 0);
  return quietMs >= (isAnswered ? LATE_SHARES_MS : ANSWERS_WITHIN_MS);
}
