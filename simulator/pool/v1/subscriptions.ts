/** Subscriptions that may be resumed: a device that comes back soon gets the extranonce1 that it had. */
import { toHex } from "../../../src/lib/bytes.ts";
import type { Entropy } from "../../../src/ports/entropy.ts";

/** The oldest are forgotten beyond. */
const KEPT_SUBSCRIPTIONS = 10_000;
const ID_BYTES = 16;

export interface Subscription {
  readonly id: string;
  readonly extranonce1: Uint8Array;
  isInUse: boolean;
}

export class SubscriptionBook {
  readonly #entropy: Pick<Entropy, "randomBytes">;
  readonly #byId = new Map<string, Subscription>();

  constructor(entropy: Pick<Entropy, "randomBytes">) {
    this.#entropy = entropy;
  }

  /** A new one with this extranonce1. */
  open(extranonce1: Uint8Array): Subscription {
    const id = toHex(this.#entropy.randomBytes(ID_BYTES));
    const subscription = { id, extranonce1, isInUse: true };
    this.#byId.set(id, subscription);
    const [oldest] = this.#byId.keys();
    if (this.#byId.size > KEPT_SUBSCRIPTIONS && oldest !== undefined) this.#byId.delete(oldest);
    return subscription;
  }

  /** By its id, or by its extranonce1 in hex, which the oldest description asks for; not while another connection has it. */
  resume(name: string): Subscription | undefined {
    const found =
      this.#byId.get(name) ??
      [...this.#byId.values()].find(({ extranonce1 }) => toHex(extranonce1) === name);
    if (found === undefined || found.isInUse) return undefined;
    found.isInUse = true;
    return found;
  }
}
