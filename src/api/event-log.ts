/** Everything that happened, of guard, miner and operator, in one numbered list of bounded length. */
import { Signal } from "../lib/signal.ts";
import type { MachineEvent } from "../telemetry/event.ts";
import type { EventQuery } from "./device.ts";
import type { DeviceEvent } from "./status.ts";

const KEPT = 1_000;

/** What asks for a person; everything else that protects is a warning, and the rest is told. */
const SEVERITIES: Readonly<Record<string, DeviceEvent["severity"]>> = {
  trip: "error",
  latched: "error",
  "power-off": "warning",
  "miner-restart": "warning",
  "chain-faulted": "error",
  "login-failed": "warning",
  "login-locked": "warning",
  "update-returned": "error",
  "update-failed": "warning",
};

export class EventLog {
  readonly #events: DeviceEvent[] = [];
  readonly #added = new Signal<DeviceEvent>();
  #nextId = 1;
  /** Of the guard's ring: which are in the list already. */
  #seen = new Set<string>();

  /** Kept from earlier runs, oldest first. The ring may hold some of them as well. */
  takeEarlier(events: readonly MachineEvent[]): void {
    for (const event of events) {
      this.#seen.add(keyOf(event));
      this.add(event);
    }
  }

  /** A guard tells its newest events with every word; those that were told before are left out. */
  takeRing(ring: readonly MachineEvent[]): void {
    const seen = new Set<string>();
    for (const event of ring) {
      const key = keyOf(event);
      seen.add(key);
      if (!this.#seen.has(key)) this.add(event);
    }
    // What has left the ring will not come back.
    this.#seen = seen;
  }

  add(event: MachineEvent & { readonly severity?: DeviceEvent["severity"] }): DeviceEvent {
    const { time, severity, ...rest } = event;
    const numbered: DeviceEvent = {
      id: this.#nextId++,
      unixSeconds: time,
      severity: severity ?? SEVERITIES[event.what] ?? "info",
      ...rest,
    };
    this.#events.push(numbered);
    if (this.#events.length > KEPT) this.#events.splice(0, this.#events.length - KEPT);
    this.#added.emit(numbered);
    return numbered;
  }

  /** Oldest first; of more than `limit` the newest. */
  query({ afterId = 0, limit = KEPT }: EventQuery = {}): readonly DeviceEvent[] {
    return this.#events.filter(({ id }) => id > afterId).slice(-limit);
  }

  onEvent(listener: (event: DeviceEvent) => void): Disposable {
    return this.#added.on(listener);
  }
}

function keyOf({ time, uptimeS, what, where, rule }: MachineEvent): string {
  return `${time} ${uptimeS} ${what} ${where} ${rule}`;
}
