/** Everybody who uses one machine at once: open pages, slow readers, pollers, and one who operates it. */
import { setMaxListeners } from "node:events";
import { operate } from "./busy-operator.ts";
import { keepPageOpen } from "./page-client.ts";
import { type PolledMachine, poll } from "./poller.ts";
import { readSlowly } from "./slow-reader.ts";
import type { Tally } from "./tally.ts";

export interface ClientCounts {
  readonly pages: number;
  readonly pollers: number;
  readonly slowReaders: number;
  readonly operators: number;
  /** Pages are opened within this time, one after the other, and anew after about as long as it says. */
  readonly pagesComeWithinMs: number;
  readonly openAnewEveryMs: number;
}

export interface Clients extends AsyncDisposable {
  /** Rejects when a client itself is broken, which is our bug. */
  readonly broken: Promise<never>;
  /** All of them go; resolves when they are gone. May be called again. */
  leave(): Promise<void>;
}

export function openClients(machine: PolledMachine, tally: Tally, counts: ClientCounts): Clients {
  const { url } = machine;
  const leaving = new AbortController();
  const { signal } = leaving;
  // One for each client, and no more.
  setMaxListeners(0, signal);
  const each = <T>(count: number, start: (number: number) => T): T[] =>
    Array.from({ length: count }, (_, number) => start(number));
  const gone = [
    ...each(counts.pages, (number) => {
      const part = number / counts.pages;
      const times = {
        firstAfterMs: part * counts.pagesComeWithinMs,
        // No two in step.
        openAnewEveryMs: (1 + part / 2) * counts.openAnewEveryMs,
      };
      return keepPageOpen(url, tally, times, signal);
    }),
    ...each(counts.pollers, (number) => poll(machine, tally, number, signal)),
    ...each(counts.operators, () => operate(url, tally, signal)),
  ];
  const slow = each(counts.slowReaders, () => readSlowly(url, tally));
  const ended = Promise.all(gone);
  const broken = new Promise<never>((_, reject) => void ended.catch(reject));
  broken.catch(() => {});
  const leave = async () => {
    leaving.abort();
    for (const reader of slow) reader[Symbol.dispose]();
    // How it ended is told by `broken`.
    await ended.catch(() => {});
  };
  return { broken, leave, [Symbol.asyncDispose]: leave };
}
