/**
 * The live stream: the whole status first, then what changes, and events. Notices silence, and comes back by itself; while
 * the device has no place for one more listener, it asks for the status now and then.
 */
import { type LiveChange, withChanges } from "../../api/live-deltas.ts";
import type { DeviceEvent, Status } from "../../api/status.ts";
import { Store } from "./store.ts";

export type Connection =
  | { readonly is: "connecting" }
  | { readonly is: "live" }
  | { readonly is: "lost"; readonly sinceUnixSeconds: number };

/** The device tells something each second; a page that waits longer shows old numbers. */
const SILENCE_MS = 8_000;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000] as const;
const MAX_EVENTS = 1_000;
const POLL_MS = 5_000;
/** After so many polls a place may be free. */
const POLLS_BEFORE_STREAM = 6;

export class Live {
  readonly status = new Store<Status | null>(null);
  readonly connection = new Store<Connection>({ is: "connecting" });
  /** Oldest first. */
  readonly events = new Store<readonly DeviceEvent[]>([]);
  /** A new status follows a gap: who keeps events has to ask for those that fell into it. */
  onWhole: () => void = () => {};
  #source: EventSource | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #retries = 0;
  #heardMs = Date.now();
  /** What is answered to an earlier start or poll is not heard. */
  #run = 0;

  start(): void {
    this.stop();
    const source = new EventSource("/api/v1/live");
    this.#source = source;
    source.addEventListener("status", (message) => {
      this.#heard();
      this.status.set(JSON.parse(message.data) as Status);
      this.onWhole();
    });
    source.addEventListener("delta", (message) => {
      this.#heard();
      this.#apply(JSON.parse(message.data) as { readonly changes: readonly LiveChange[] });
    });
    source.addEventListener("event", (message) => {
      this.#heard();
      this.addEvents([JSON.parse(message.data) as DeviceEvent]);
    });
    source.addEventListener("error", () => {
      // The browser tries again by itself, and says up to where it has heard; only what is refused is given up.
      if (source.readyState === EventSource.CONNECTING) this.#markLost();
      else void this.#poll(POLLS_BEFORE_STREAM);
    });
    this.#watch();
  }

  stop(): void {
    this.#run++;
    this.#source?.close();
    this.#source = undefined;
    clearTimeout(this.#silence);
    clearTimeout(this.#retry);
  }

  /** In place of what was known: numbers begin anew with each run of the operator process. */
  setEvents(events: readonly DeviceEvent[]): void {
    this.events.set([...events].sort((a, b) => a.id - b.id).slice(-MAX_EVENTS));
  }

  addEvents(more: readonly DeviceEvent[]): void {
    const known = new Set(this.events.value.map(({ id }) => id));
    const fresh = more.filter(({ id }) => !known.has(id));
    if (fresh.length === 0) return;
    const all = [...this.events.value, ...fresh].sort((a, b) => a.id - b.id);
    this.events.set(all.slice(-MAX_EVENTS));
  }

  #apply({ changes }: { readonly changes: readonly LiveChange[] }): void {
    if (this.status.value === null) return;
    try {
      this.status.set(withChanges(this.status.value, changes));
    } catch {
      // Ours is not the tree that this was made for: the next connection begins with the whole.
      this.start();
    }
  }

  #heard(): void {
    this.#heardMs = Date.now();
    this.#retries = 0;
    this.connection.set({ is: "live" });
    this.#watch();
  }

  #watch(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lose(), SILENCE_MS);
  }

  #markLost(): void {
    if (this.connection.value.is !== "lost")
      this.connection.set({ is: "lost", sinceUnixSeconds: this.#heardMs / 1_000 });
  }

  /** A stream does not say why it is refused; that the status is still told says that there was no place. */
  async #poll(left: number): Promise<void> {
    this.stop();
    const run = this.#run;
    const status = await readStatus();
    if (run !== this.#run) return;
    if (status === undefined) {
      this.#lose();
      return;
    }
    this.#retries = 0;
    this.#heardMs = Date.now();
    this.connection.set({ is: "live" });
    this.status.set(status);
    this.onWhole();
    this.#retry = setTimeout(() => {
      if (left > 1) void this.#poll(left - 1);
      else this.start();
    }, POLL_MS);
  }

  #lose(): void {
    this.stop();
    this.#markLost();
    const waitMs = RETRY_MS[Math.min(this.#retries++, RETRY_MS.length - 1)] ?? 15_000;
    this.#retry = setTimeout(() => this.start(), waitMs);
  }
}

async function readStatus(): Promise<Status | undefined> {
  try {
    const signal = AbortSignal.timeout(SILENCE_MS);
    const response = await fetch("/api/v1/status", { cache: "no-store", signal });
    return response.ok ? ((await response.json()) as Status) : undefined;
  } catch {
    return undefined;
  }
}
