/**
 * How long somebody waits who tries passwords. Each address has its own wait, which doubles. All that have failed have one
 * together, which stays short: many addresses must not guess fast, and must not keep out who has not failed, who was in
 * before, or who shows that they are.
 */
import { sourceOf } from "./source-address.ts";

/** People mistype. */
const FREE_FAILURES = 4;
const FIRST_WAIT_S = 2;
const LONGEST_WAIT_S = 15 * 60;
/** Without a failure for so long, all is forgotten. */
const FORGET_AFTER_S = 60 * 60;

const FREE_FAILURES_OF_ALL = 50;
const WAIT_OF_ALL_S = 5;
/** Others' failures renew the wait of all; nobody waits for longer than this because of them. */
const LONGEST_WAIT_OF_ALL_S = 60;
/** Failures of all addresses count for so long. */
const WINDOW_OF_ALL_S = 10 * 60;

/** Some 200 kB; one that is forgotten guesses as freely as one that has never failed. */
const MAX_SOURCES = 2_048;
const MAX_KNOWN = 256;

interface Source {
  failures: number;
  lastS: number;
}

export class Lockout {
  /** The one that failed last at the end. */
  readonly #sources = new Map<string, Source>();
  /** Those that were in, in this run; the one that was in last at the end. */
  readonly #known = new Set<string>();
  #ofAll: Source = { failures: 0, lastS: Number.NEGATIVE_INFINITY };

  /** Seconds until this address may try again; 0: now. `nowS` is monotonic. `isKnown`: shows that it is logged in. */
  waitS(address: string, nowS: number, isKnown = false): number {
    const source = this.#failed(address, nowS);
    if (source === undefined) return 0;
    const own = source.lastS + ownWaitS(source) - nowS;
    const ofAll = isKnown || this.isKnown(address) ? 0 : this.#waitOfAllS(source, nowS);
    return Math.max(0, own, ofAll);
  }

  /** Was in before, in this run. */
  isKnown(address: string): boolean {
    return this.#known.has(sourceOf(address));
  }

  hasFailed(address: string, nowS: number): boolean {
    return this.#failed(address, nowS) !== undefined;
  }

  /** What the address has to wait from now on, s. */
  fail(address: string, nowS: number, isKnown = false): number {
    const key = sourceOf(address);
    const failures = (this.#failed(address, nowS)?.failures ?? 0) + 1;
    this.#sources.delete(key);
    this.#sources.set(key, { failures, lastS: nowS });
    dropOldest(this.#sources, MAX_SOURCES);
    const isNewWindow = nowS - this.#ofAll.lastS >= WINDOW_OF_ALL_S;
    this.#ofAll = { failures: isNewWindow ? 1 : this.#ofAll.failures + 1, lastS: nowS };
    return this.waitS(address, nowS, isKnown);
  }

  succeed(address: string): void {
    const key = sourceOf(address);
    this.#sources.delete(key);
    this.#known.delete(key);
    this.#known.add(key);
    dropOldest(this.#known, MAX_KNOWN);
  }

  #failed(address: string, nowS: number): Source | undefined {
    const source = this.#sources.get(sourceOf(address));
    return source === undefined || nowS - source.lastS >= FORGET_AFTER_S ? undefined : source;
  }

  #waitOfAllS({ lastS }: Source, nowS: number): number {
    const { failures, lastS: lastOfAllS } = this.#ofAll;
    if (failures < FREE_FAILURES_OF_ALL || nowS - lastOfAllS >= WINDOW_OF_ALL_S) return 0;
    return Math.min(lastOfAllS + WAIT_OF_ALL_S, lastS + LONGEST_WAIT_OF_ALL_S) - nowS;
  }
}

function ownWaitS({ failures }: Source): number {
  if (failures <= FREE_FAILURES) return 0;
  return Math.min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (failures - FREE_FAILURES - 1));
}

function dropOldest(
  kept: { readonly size: number; keys(): Iterable<string>; delete(key: string): boolean },
  most: number,
): void {
  for (const oldest of kept.keys()) {
    if (kept.size <= most) break;
    kept.delete(oldest);
  }
}
