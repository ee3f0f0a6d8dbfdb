/** What is told about pools: switches, losses, blocks. A pool that comes and goes by the second fills no record. */
import { reversed, toHex } from "../lib/bytes.ts";
import type { Logger } from "../lib/log.ts";
import { Signal } from "../lib/signal.ts";
import type { Clock } from "../ports/clock.ts";
import type { UntimedEvent } from "../telemetry/event.ts";
import type { LinkEnd } from "../upstream/pool-link.ts";
import type { Pool } from "./pool.ts";

/** Events about pools within the period; what is beyond is counted. */
const MAX_TOLD = 20;
const TELL_WITHIN_MS = 300_000;

/** The hash power of a group goes from one pool to another. */
export interface PoolSwitch {
  /** Absent where there is only one. */
  readonly group: string | undefined;
  readonly from: Pool | undefined;
  readonly to: Pool | undefined;
  readonly servedMs: number;
  readonly why: string;
}

export class PoolNews {
  readonly events = new Signal<UntimedEvent>();
  readonly #clock: Clock;
  readonly #log: Logger;
  /** When switches and losses were told, and how many were not. */
  readonly #told: number[] = [];
  #untold = 0;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  switched({ group, from, to, servedMs, why }: PoolSwitch): void {
    if (!this.#mayTell()) return;
    const name = to?.parts.name ?? "no pool";
    const servedS = Math.round(servedMs / 1_000);
    const cause = from === undefined || from.isWell ? "" : ` (${from.link.reason ?? "no work"})`;
    const left = from === undefined ? "" : `, after ${servedS} s on ${from.parts.name}${cause}`;
    const untold = this.#untold === 0 ? "" : `; ${this.#untold} changes before it were not told`;
    this.#untold = 0;
    this.#log.info({ group, pool: name, why }, "pool switched");
    this.events.emit({
      what: to === undefined ? "no-pool" : "pool-switch",
      where: group === undefined ? "pools" : `pools ${group}`,
      rule: "fail-over",
      measured: from?.parts.name ?? null,
      limit: null,
      action: to === undefined ? "hashing waits" : `hashing goes to ${name}`,
      reason: `${name} has the hash power: ${why}${left}${untold}`,
    });
  }

  ended(pool: Pool, end: LinkEnd): void {
    if (end.kind === "asked" || !this.#mayTell()) return;
    this.events.emit({
      what: "pool-lost",
      where: `pool ${pool.parts.name}`,
      rule: end.kind,
      measured: null,
      limit: null,
      action: "connects again",
      reason: end.reason,
    });
  }

  foundBlock(pool: Pool, chainIndex: number, hash: Uint8Array): void {
    const name = toHex(reversed(hash));
    this.events.emit({
      what: "block-found",
      where: `chain ${chainIndex}`,
      rule: "network-target",
      measured: name,
      limit: null,
      action: `sent to ${pool.parts.name}`,
      reason: `block ${name} found for ${pool.parts.name}`,
    });
  }

  /** The operator's list is another one; names in its order. */
  changed(before: readonly string[], after: readonly string[]): void {
    const added = after.filter((name) => !before.includes(name));
    const removed = before.filter((name) => !after.includes(name));
    const parts = [
      ...(added.length === 0 ? [] : [`added: ${added.join(", ")}`]),
      ...(removed.length === 0 ? [] : [`removed: ${removed.join(", ")}`]),
      after.length === 0 ? "none is left" : `order: ${after.join(", ")}`,
    ];
    this.events.emit({
      what: "pools-changed",
      where: "pools",
      rule: "operator",
      measured: null,
      limit: null,
      action: parts.join("; "),
      reason: "the operator changed the pools",
    });
  }

  #mayTell(): boolean {
    const nowMs = this.#clock.nowMs();
    while ((this.#told[0] ?? nowMs) < nowMs - TELL_WITHIN_MS) this.#told.shift();
    if (this.#told.length >= MAX_TOLD) {
      this.#untold++;
      return false;
    }
    this.#told.push(nowMs);
    return true;
  }
}
