/** What the pool counts from its own events, since it started. */
import type { PoolEvent, PoolTotals } from "./events.ts";
import type { LeniencyName } from "./leniencies.ts";
import type { RejectReason } from "./share-validator.ts";

export class PoolCounts {
  connections = 0;
  turnedAway = 0;
  #accepted = 0;
  #rejected = 0;
  #blocksFound = 0;
  readonly #rejectedByReason: Partial<Record<RejectReason, number>> = {};
  readonly #forgiven: Partial<Record<LeniencyName, number>> = {};

  note(event: PoolEvent): void {
    if (event.event === "share-accepted") this.#accepted++;
    if (event.event === "block-found") this.#blocksFound++;
    if (event.event !== "share-rejected") return;
    this.#rejected++;
    this.#rejectedByReason[event.reason] = (this.#rejectedByReason[event.reason] ?? 0) + 1;
  }

  forgave(names: readonly LeniencyName[]): void {
    for (const name of names) this.#forgiven[name] = (this.#forgiven[name] ?? 0) + 1;
  }

  totals(openConnections: number, height: number): PoolTotals {
    return {
      connections: this.connections,
      turnedAway: this.turnedAway,
      openConnections,
      accepted: this.#accepted,
      rejected: this.#rejected,
      rejectedByReason: { ...this.#rejectedByReason },
      forgiven: { ...this.#forgiven },
      blocksFound: this.#blocksFound,
      height,
    };
  }
}
