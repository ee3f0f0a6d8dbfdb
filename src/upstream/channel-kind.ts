/** Standard channels or one extended channel: what to try with this pool on the next connection. */
import type { LinkEnd } from "./pool-link.ts";

/** "auto" begins with standard channels and takes an extended one where the pool leaves no other way. */
export type ChannelChoice = "standard" | "extended" | "auto";

export class ChannelKind {
  readonly #choice: ChannelChoice;
  #kind: "standard" | "extended";
  #isProven = false;

  constructor(choice: ChannelChoice) {
    this.#choice = choice;
    this.#kind = choice === "extended" ? "extended" : "standard";
  }

  get kind(): "standard" | "extended" {
    return this.#kind;
  }

  get mayTurn(): boolean {
    return this.#choice === "auto" && this.#kind === "standard";
  }

  turnExtended(): void {
    if (this.mayTurn) this.#kind = "extended";
  }

  /** A channel was given. If extended, this pool is not asked for standard ones again in this run. */
  opened(): void {
    if (this.#kind === "extended") this.#isProven = true;
  }

  /** A pool that wants the extended channel no more than the standard ones is asked for standard ones again. */
  ended(kind: LinkEnd["kind"]): void {
    const isRefusal = kind === "refused" || kind === "protocol";
    if (this.#choice === "auto" && isRefusal && !this.#isProven) this.#kind = "standard";
  }
}
